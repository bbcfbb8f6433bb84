/* SPDX-License-Identifier: Apache-2.0 */
/* A map from strings to pointers. Keys are copied, values belong to the user. Iterates in no particular order. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map {
    struct map_slot *slots; /* open addressing, a power of two */
    size_t capacity, count, used;
};

/* An empty map is all zeroes. */
void map_init(struct map *map);
void map_clear(struct map *map, void (*free_value)(void *value)); /* free_value may be NULL */

void *map_get(const struct map *map, const char *key);                 /* NULL if absent */
void *map_get_len(const struct map *map, const char *key, size_t len); /* for a key that is not terminated */
bool map_put(struct map *map, const char *key, void *value);           /* value not NULL; replaces; false: no memory */
void *map_remove(struct map *map, const char *key);                    /* the value that was there, or NULL */
size_t map_count(const struct map *map);

/* for (size_t at = 0; map_next(&map, &at, &key, &value);) — the entry visited may be removed meanwhile. */
bool map_next(const struct map *map, size_t *at, const char **key, void **value);

#endif
