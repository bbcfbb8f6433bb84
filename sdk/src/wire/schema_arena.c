/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: blocks that are filled one after another. */
#include "wire/schema_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 8192 };

struct arena_block {
    struct arena_block *older;
    size_t used, size;
    max_align_t data[];
};

static size_t rounded(size_t size)
{
    const size_t unit = sizeof(max_align_t);

    return (size + unit - 1) / unit * unit;
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
    struct arena_block *block = calloc(1, sizeof(*block) + size);

    if (!block)
        return NULL;
    block->size = size;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->newest;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = rounded(size > 0 ? size : 1);
    if (!block || block->size - block->used < size)
        block = add_block(arena, size > BLOCK_SIZE ? size : BLOCK_SIZE);
    if (!block)
        return NULL;
    void *piece = (char *)block->data + block->used;
    block->used += size;
    return piece;
}

char *arena_text(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);

    if (copy)
        memcpy(copy, text, len);
    return copy;
}

void arena_clear(struct arena *arena)
{
    while (arena->newest) {
        struct arena_block *older = arena->newest->older;
        free(arena->newest);
        arena->newest = older;
    }
}
