/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that a thread uses for one check after another, so that checking allocates nothing after the first time. */
#ifndef WIRE_SCHEMA_SCRATCH_H
#define WIRE_SCHEMA_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/unique.h"

struct scratch {
    unsigned char *bytes; /* a stack */
    size_t used, size;
    struct unique_space unique;
};

/* This thread's; freed when it ends. NULL: no memory. */
struct scratch *scratch_of_thread(void);

/* Put count zeroes on the stack; false: no memory. They begin at *ret_at until scratch_pop() to there. */
bool scratch_push(struct scratch *scratch, size_t count, size_t *ret_at);
void scratch_pop(struct scratch *scratch, size_t at);

/* Between checks: one large instance does not make a thread large for ever. */
void scratch_shrink(struct scratch *scratch);

#endif
