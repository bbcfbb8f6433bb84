/* SPDX-License-Identifier: Apache-2.0 */
/* A table of names that a schema speaks of, made once: each found by one hash and, nearly always, one comparison. */
#ifndef WIRE_SCHEMA_NAMES_H
#define WIRE_SCHEMA_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/schema_arena.h"

struct names {
    const char **texts; /* lent from the schema's tree */
    uint32_t *hashes;
    uint32_t *slots; /* position + 1; open addressing, at most half full */
    uint32_t mask;
    size_t count, capacity;
};

#define NAME_UNKNOWN UINT32_MAX

bool names_init(struct names *names, struct arena *arena, size_t capacity); /* false: no memory */

/* The position of a name, which is added if it is not there: 0, 1, 2 in the order of adding. */
uint32_t names_add(struct names *names, const char *text);

/* Its position, or NAME_UNKNOWN. */
uint32_t names_find(const struct names *names, const char *text);

/* The same for one name after another: most come in the order of the table. next: begin with 0. */
uint32_t names_find_next(const struct names *names, const char *text, uint32_t *next);

#endif
