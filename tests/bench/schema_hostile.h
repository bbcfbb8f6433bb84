/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas and values that somebody made to take long, or that are just large. */
#ifndef BENCH_SCHEMA_HOSTILE_H
#define BENCH_SCHEMA_HOSTILE_H

#include <stdbool.h>

#include "base/buf.h"

struct hostile {
    const char *name;
    void (*write)(struct buf *schema, struct buf *instance);
};

extern const struct hostile hostiles[];
extern const int hostile_count;

#endif
