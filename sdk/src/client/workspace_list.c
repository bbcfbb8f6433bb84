/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of the workspace, as they were at one time. */
#include <agentmesh/store.h>

#include <stdlib.h>
#include <string.h>

#include "client/entry.h"
#include "client/transfer.h"
#include "serve/service.h"

/* One piece of memory, with the texts behind it. */
struct listed {
    mesh_object object;
    size_t order; /* the last word about a name counts */
    bool deleted;
};

struct mesh_objects {
    struct listed **items;
    size_t count, capacity;
    const char *prefix; /* while it is filled */
};

static char *put_text(char **at, const char *text)
{
    char *copy = *at;

    *at = stpcpy(copy, text) + 1;
    return copy;
}

static struct listed *listed_new(const struct object *object, size_t order)
{
    size_t texts =
        strlen(object->name) + strlen(object->digest) + strlen(object->modified) + strlen(object->description) + 4;
    struct listed *item = malloc(sizeof(*item) + texts);

    if (!item)
        return NULL;
    char *at = (char *)(item + 1);
    *item = (struct listed){ .order = order, .deleted = object->deleted };
    item->object.size = sizeof(item->object);
    item->object.name = put_text(&at, object->name);
    item->object.digest = put_text(&at, object->digest);
    item->object.modified = put_text(&at, object->modified);
    item->object.description = put_text(&at, object->description);
    item->object.length = object->size;
    return item;
}

static bool make_room(mesh_objects *objects)
{
    if (objects->count < objects->capacity)
        return true;
    size_t capacity = objects->capacity ? objects->capacity * 2 : 16;
    void *grown = realloc(objects->items, capacity * sizeof(struct listed *));
    if (!grown)
        return false;
    objects->items = grown;
    objects->capacity = capacity;
    return true;
}

static mesh_status add(void *closure, const struct object *object, mesh_error *err)
{
    mesh_objects *objects = closure;

    if (strncmp(object->name, objects->prefix, strlen(objects->prefix)) != 0)
        return MESH_OK;
    struct listed *item = make_room(objects) ? listed_new(object, objects->count) : NULL;
    if (!item)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the list of objects");
    objects->items[objects->count++] = item;
    return MESH_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct listed *one = *(struct listed *const *)a, *two = *(struct listed *const *)b;
    int order = strcmp(one->object.name, two->object.name);

    return order != 0 ? order : one->order < two->order ? -1 : one->order > two->order;
}

/* Keep what is there, each name once. */
static void tidy(mesh_objects *objects)
{
    size_t kept = 0;

    if (objects->count > 0)
        qsort(objects->items, objects->count, sizeof(struct listed *), by_name);
    for (size_t i = 0; i < objects->count; i++) {
        struct listed *item = objects->items[i];
        bool is_last = i + 1 == objects->count || strcmp(item->object.name, objects->items[i + 1]->object.name) != 0;
        if (is_last && !item->deleted)
            objects->items[kept++] = item;
        else
            free(item);
    }
    objects->count = kept;
}

mesh_status mesh_workspace_list(mesh_client *client, const char *prefix, mesh_objects **ret_objects, mesh_error *err)
{
    mesh_transfer_options options;
    struct link_patience patience;
    mesh_status status = store_enter(client, "prefix", prefix ? prefix : "", err);

    if (status == MESH_OK)
        status = transfer_options(client, NULL, &options, &patience, err);
    mesh_objects *objects = status == MESH_OK ? calloc(1, sizeof(*objects)) : NULL;
    if (status != MESH_OK)
        return status;
    if (!objects)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the list of objects");
    objects->prefix = prefix ? prefix : "";
    worker_blocks(true);
    status = link_objects_each(client->core->link, WORKSPACE_BUCKET, add, objects, &patience, err);
    worker_blocks(false);
    tidy(objects);
    if (status != MESH_OK) {
        mesh_objects_free(objects);
        return mesh_error_prefix(err, status, "list objects");
    }
    *ret_objects = objects;
    return MESH_OK;
}

size_t mesh_objects_count(const mesh_objects *objects)
{
    return objects->count;
}

const mesh_object *mesh_objects_at(const mesh_objects *objects, size_t index)
{
    return index < objects->count ? &objects->items[index]->object : NULL;
}

mesh_objects *mesh_objects_free(mesh_objects *objects)
{
    if (!objects)
        return NULL;
    for (size_t i = 0; i < objects->count; i++)
        free(objects->items[i]);
    free(objects->items);
    free(objects);
    return NULL;
}
