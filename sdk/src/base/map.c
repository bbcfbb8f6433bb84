/* SPDX-License-Identifier: Apache-2.0 */
/* The string map: open addressing with linear probing, at most three quarters full. */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { FIRST_CAPACITY = 16 };

struct map_slot {
    char *key; /* owned; NULL: never used; REMOVED: was used, probing goes on */
    size_t len;
    uint64_t hash;
    void *value;
};

static char removed_key[1];
#define REMOVED removed_key

static bool slot_is_live(const struct map_slot *slot)
{
    return slot->key && slot->key != REMOVED;
}

/* The slot of a key, or the first one to put it into; capacity must not be 0. */
static struct map_slot *find(const struct map *map, const char *key, size_t len, uint64_t hash)
{
    struct map_slot *vacant = NULL;

    for (size_t at = (size_t)hash;; at++) {
        struct map_slot *slot = &map->slots[at & (map->capacity - 1)];
        if (!slot->key)
            return vacant ? vacant : slot;
        if (slot->key == REMOVED)
            vacant = vacant ? vacant : slot;
        else if (slot->hash == hash && slot->len == len && memcmp(slot->key, key, len) == 0)
            return slot;
    }
}

void map_init(struct map *map)
{
    *map = (struct map){ 0 };
}

void map_clear(struct map *map, void (*free_value)(void *value))
{
    for (size_t i = 0; i < map->capacity; i++) {
        if (!slot_is_live(&map->slots[i]))
            continue;
        free(map->slots[i].key);
        if (free_value)
            free_value(map->slots[i].value);
    }
    free(map->slots);
    map_init(map);
}

void *map_get_len(const struct map *map, const char *key, size_t len)
{
    if (map->count == 0)
        return NULL;
    const struct map_slot *slot = find(map, key, len, hash_bytes(0, key, len));
    return slot_is_live(slot) ? slot->value : NULL;
}

void *map_get(const struct map *map, const char *key)
{
    return map_get_len(map, key, strlen(key));
}

/* Move into a table with room for one more, leaving out what was removed. */
static bool rehash(struct map *map)
{
    size_t capacity = FIRST_CAPACITY;

    while (capacity / 2 <= map->count)
        capacity *= 2;
    struct map next = { .slots = calloc(capacity, sizeof(*next.slots)), .capacity = capacity };
    if (!next.slots)
        return false;

    for (size_t i = 0; i < map->capacity; i++) {
        const struct map_slot *slot = &map->slots[i];
        if (slot_is_live(slot))
            *find(&next, slot->key, slot->len, slot->hash) = *slot;
    }
    next.count = next.used = map->count;
    free(map->slots);
    *map = next;
    return true;
}

bool map_put(struct map *map, const char *key, void *value)
{
    size_t len = strlen(key);
    uint64_t hash = hash_bytes(0, key, len);

    if ((map->used + 1) * 4 > map->capacity * 3 && !rehash(map))
        return false;
    struct map_slot *slot = find(map, key, len, hash);
    if (slot_is_live(slot)) {
        slot->value = value;
        return true;
    }
    char *copy = strdup(key);
    if (!copy)
        return false;
    map->used += slot->key != REMOVED;
    map->count++;
    *slot = (struct map_slot){ .key = copy, .len = len, .hash = hash, .value = value };
    return true;
}

void *map_remove(struct map *map, const char *key)
{
    if (map->count == 0)
        return NULL;
    size_t len = strlen(key);
    struct map_slot *slot = find(map, key, len, hash_bytes(0, key, len));
    if (!slot_is_live(slot))
        return NULL;
    free(slot->key);
    slot->key = REMOVED;
    map->count--;
    return slot->value;
}

size_t map_count(const struct map *map)
{
    return map->count;
}

bool map_next(const struct map *map, size_t *at, const char **key, void **value)
{
    for (; *at < map->capacity; (*at)++) {
        const struct map_slot *slot = &map->slots[*at];
        if (!slot_is_live(slot))
            continue;
        if (key)
            *key = slot->key;
        if (value)
            *value = slot->value;
        (*at)++;
        return true;
    }
    return false;
}
