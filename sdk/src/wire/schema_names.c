/* SPDX-License-Identifier: Apache-2.0 */
/* The table of names. Only the schema's author fills it, so that no instance can make it slow. */
#include "wire/schema_names.h"

#include <string.h>

static uint32_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325U;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3U;
    return (uint32_t)(hash ^ hash >> 32);
}

static uint32_t slot_count_for(size_t capacity)
{
    uint32_t count = 4;

    while (count < capacity * 2)
        count *= 2;
    return count;
}

bool names_init(struct names *names, struct arena *arena, size_t capacity)
{
    uint32_t slot_count = slot_count_for(capacity);

    *names = (struct names){ .capacity = capacity, .mask = slot_count - 1 };
    names->texts = arena_alloc(arena, capacity * sizeof(*names->texts));
    names->hashes = arena_alloc(arena, capacity * sizeof(*names->hashes));
    names->slots = arena_alloc(arena, slot_count * sizeof(*names->slots));
    return names->texts && names->hashes && names->slots;
}

/* The slot that has the name, or the empty one where it belongs. */
static uint32_t *slot_of(const struct names *names, const char *text, uint32_t hash)
{
    for (uint32_t at = hash & names->mask;; at = (at + 1) & names->mask) {
        uint32_t *slot = &names->slots[at];
        if (*slot == 0 || (names->hashes[*slot - 1] == hash && strcmp(names->texts[*slot - 1], text) == 0))
            return slot;
    }
}

uint32_t names_add(struct names *names, const char *text)
{
    uint32_t hash = hash_of(text);
    uint32_t *slot = slot_of(names, text, hash);

    if (*slot == 0) {
        names->texts[names->count] = text;
        names->hashes[names->count] = hash;
        *slot = (uint32_t)++names->count;
    }
    return *slot - 1;
}

uint32_t names_find(const struct names *names, const char *text)
{
    uint32_t slot = names->count > 0 ? *slot_of(names, text, hash_of(text)) : 0;

    return slot == 0 ? NAME_UNKNOWN : slot - 1;
}

uint32_t names_find_next(const struct names *names, const char *text, uint32_t *next)
{
    if (*next < names->count && strcmp(names->texts[*next], text) == 0)
        return (*next)++;
    uint32_t found = names_find(names, text);
    if (found != NAME_UNKNOWN)
        *next = found + 1;
    return found;
}
