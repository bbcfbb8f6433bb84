/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that lives as long as a compiled schema: many small pieces, freed all at once. */
#ifndef WIRE_SCHEMA_ARENA_H
#define WIRE_SCHEMA_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *newest; /* start with NULL */
};

void *arena_alloc(struct arena *arena, size_t size); /* zeroes; NULL: no memory */
char *arena_text(struct arena *arena, const char *text, size_t len);
void arena_clear(struct arena *arena);

#endif
