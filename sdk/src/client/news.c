/* SPDX-License-Identifier: Apache-2.0 */
#include "client/news.h"

#include "base/hash.h"

/* What a live key is, in a number that fits into a pointer that is not NULL. */
static void *print_of(const struct link_entry *entry)
{
    uint64_t print = hash_word(hash_bytes(0, entry->value.data, entry->value.len), entry->revision);

    return (void *)((uintptr_t)print | 1);
}

/* Markers of what was gone before are told like values. */
static bool is_new_end(struct news *news, const struct link_entry *entry)
{
    bool was_there = map_remove(&news->told, entry->key) != NULL;

    return was_there || (news->is_current && entry->revision > news->highest);
}

static bool is_new_value(struct news *news, const struct link_entry *entry)
{
    void *print = print_of(entry);

    if (map_get(&news->told, entry->key) == print)
        return false;
    map_put(&news->told, entry->key, print);
    return true;
}

bool news_take(struct news *news, const struct link_entry *entry)
{
    if (!*entry->key) {
        news->is_current = true;
        return true;
    }
    bool is_new = entry->deleted ? is_new_end(news, entry) : is_new_value(news, entry);
    if (entry->revision > news->highest)
        news->highest = entry->revision;
    return is_new;
}

void news_clear(struct news *news)
{
    map_clear(&news->told, NULL);
}
