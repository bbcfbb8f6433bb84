/* SPDX-License-Identifier: Apache-2.0 */
/* All keys that match a pattern, as they were at one time. */
#include <agentmesh/store.h>

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/entry.h"
#include "serve/service.h"

struct mesh_entries {
    mesh_entry **items;
    size_t count, capacity;
    bool failed; /* no memory for all */
};

static bool make_room(mesh_entries *entries)
{
    if (entries->count < entries->capacity)
        return true;
    size_t capacity = entries->capacity ? entries->capacity * 2 : 16;
    void *grown = realloc(entries->items, capacity * sizeof(mesh_entry *));
    if (!grown)
        return false;
    entries->items = grown;
    entries->capacity = capacity;
    return true;
}

static void add(void *closure, const struct link_entry *entry)
{
    mesh_entries *entries = closure;
    mesh_entry *item = NULL;

    if (!entries->failed && make_room(entries))
        item = entry_new(entry->key, entry->value, entry->revision, MESH_ENTRY_PUT);
    if (item)
        entries->items[entries->count++] = item;
    else
        entries->failed = true;
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(mesh_entry *const *)a)->key, (*(mesh_entry *const *)b)->key);
}

static mesh_status fill(mesh_entries *entries, mesh_client *client, const char *pattern, mesh_error *err)
{
    mesh_status status = link_keys_each(client->core->link, KEYS_BUCKET, pattern, add, entries, err);

    if (status == MESH_OK && entries->failed)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the keys of '%s'", pattern);
    if (entries->count > 0)
        qsort(entries->items, entries->count, sizeof(mesh_entry *), by_key);
    return status;
}

mesh_status mesh_key_list(mesh_client *client, const char *pattern, mesh_entries **ret_entries, mesh_error *err)
{
    mesh_status status = store_enter(client, "pattern", pattern, err);
    mesh_entries *entries = status == MESH_OK ? calloc(1, sizeof(*entries)) : NULL;

    if (status != MESH_OK)
        return status;
    if (!entries)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the keys of '%s'", pattern);
    worker_blocks(true);
    status = fill(entries, client, pattern, err);
    worker_blocks(false);
    if (status == MESH_OK)
        *ret_entries = entries;
    else
        mesh_entries_free(entries);
    return status;
}

size_t mesh_entries_count(const mesh_entries *entries)
{
    return entries->count;
}

const mesh_entry *mesh_entries_at(const mesh_entries *entries, size_t index)
{
    return index < entries->count ? entries->items[index] : NULL;
}

mesh_entries *mesh_entries_free(mesh_entries *entries)
{
    if (!entries)
        return NULL;
    for (size_t i = 0; i < entries->count; i++)
        mesh_entry_free(entries->items[i]);
    free(entries->items);
    free(entries);
    return NULL;
}
