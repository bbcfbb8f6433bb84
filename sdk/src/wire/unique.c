/* SPDX-License-Identifier: Apache-2.0 */
/* Items are told apart by a hash of their values, in a table with open addressing. */
#include "wire/unique.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"

struct slot {
    const cJSON *item; /* NULL: empty */
    uint64_t hash;
    size_t index;
};

/* ---- hashes of values: what json_equal() takes for equal hashes equal ---- */

static uint64_t hash_of(const cJSON *value, unsigned depth);

static uint64_t hash_number(const cJSON *number)
{
    char text[NUMBER_SIZE];

    if (number->valuestring)
        return number_hash(number->valuestring);
    if (!isfinite(number->valuedouble))
        return 0;
    number_print(text, number->valuedouble);
    return number_hash(text);
}

static uint64_t hash_array(const cJSON *array, unsigned depth)
{
    uint64_t hash = 0;

    for (const cJSON *item = array->child; item; item = item->next)
        hash = hash_word(hash, hash_of(item, depth));
    return hash;
}

/* The sum over the members, which may stand in any order. */
static uint64_t hash_object(const cJSON *object, unsigned depth)
{
    uint64_t hash = 0;

    for (const cJSON *member = object->child; member; member = member->next) {
        uint64_t name = member->string ? hash_bytes(0, member->string, strlen(member->string)) : 0;
        hash += hash_mix(hash_word(name, hash_of(member, depth)));
    }
    return hash;
}

static uint64_t hash_content(const cJSON *value, unsigned depth)
{
    if (cJSON_IsNumber(value))
        return hash_number(value);
    if (cJSON_IsString(value) || cJSON_IsRaw(value))
        return value->valuestring ? hash_bytes(0, value->valuestring, strlen(value->valuestring)) : 0;
    if (depth > JSON_MAX_DEPTH)
        return 0;
    if (cJSON_IsArray(value))
        return hash_array(value, depth + 1);
    return cJSON_IsObject(value) ? hash_object(value, depth + 1) : 0;
}

static uint64_t hash_of(const cJSON *value, unsigned depth)
{
    return hash_mix(hash_word(hash_content(value, depth), (uint64_t)value->type & 0xff));
}

/* ---- the table ---- */

/* Room for twice as many; returns the number of slots, all empty, or 0: no memory. */
static size_t make_room(struct unique_space *space, size_t count)
{
    size_t capacity = 16;

    while (capacity / 2 < count)
        capacity *= 2;
    size_t size = capacity * sizeof(struct slot);
    if (space->size < size) {
        void *slots = realloc(space->slots, size);
        if (!slots)
            return 0;
        space->slots = slots;
        space->size = size;
    }
    memset(space->slots, 0, size);
    return capacity;
}

/* The slot of an equal item, or the empty one for this. */
static struct slot *find(struct slot *slots, size_t capacity, const cJSON *item, uint64_t hash)
{
    for (size_t at = (size_t)hash;; at++) {
        struct slot *slot = &slots[at & (capacity - 1)];
        if (!slot->item || (slot->hash == hash && json_equal(slot->item, item)))
            return slot;
    }
}

enum unique_verdict unique_items(const cJSON *array, struct unique_space *space, size_t *ret_first, size_t *ret_second)
{
    size_t count = 0, index = 0;

    for (const cJSON *item = array->child; item; item = item->next)
        count++;
    if (count < 2)
        return UNIQUE_YES;
    size_t capacity = make_room(space, count);
    if (capacity == 0)
        return UNIQUE_GIVES_UP;
    for (const cJSON *item = array->child; item; item = item->next, index++) {
        uint64_t hash = hash_of(item, 0);
        struct slot *slot = find(space->slots, capacity, item, hash);
        if (slot->item) {
            *ret_first = slot->index;
            *ret_second = index;
            return UNIQUE_NO;
        }
        *slot = (struct slot){ .item = item, .hash = hash, .index = index };
    }
    return UNIQUE_YES;
}

void unique_space_clear(struct unique_space *space)
{
    free(space->slots);
    *space = (struct unique_space){ 0 };
}
