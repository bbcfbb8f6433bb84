/* SPDX-License-Identifier: Apache-2.0 */
/* A link to a bus in memory: opened, closed, asked how it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/memory_internal.h"

#define SCHEME "memory:"

enum { NAME_MAX_LEN = 64, DRAIN_MS = 2000 };

bool memory_link_is_meant(const char *url)
{
    return strncmp(url, SCHEME, strlen(SCHEME)) == 0;
}

/* The name in the URL; NULL: it has none. */
static mesh_status read_name(const char *url, const char **ret_name, mesh_error *err)
{
    const char *name = url + strlen(SCHEME);
    size_t len = strlen(name);

    if (len > NAME_MAX_LEN || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != len)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' names no bus in memory: at most %d letters, digits, '-', '_' and '.' may follow "
                              "'" SCHEME "'",
                              url, NAME_MAX_LEN);
    *ret_name = len > 0 ? name : NULL;
    return MESH_OK;
}

static void close_link(struct link *link)
{
    memory_subscriptions_end(link, DRAIN_MS);
    memory_bus_leave(link->bus);
    free(link);
}

static bool is_connected(const struct link *link)
{
    (void)link;
    return true;
}

static size_t max_payload(const struct link *link)
{
    (void)link;
    return MEMORY_PAYLOAD_MAX;
}

/* Who publishes has put it into every queue itself. */
static mesh_status flush(struct link *link, uint32_t timeout_ms, mesh_error *err)
{
    (void)link;
    (void)timeout_ms;
    (void)err;
    return MESH_OK;
}

static const struct link_ops memory_ops = {
    .close = close_link,
    .is_connected = is_connected,
    .max_payload = max_payload,
    .publish = memory_publish,
    .flush = flush,
    .subscribe = memory_subscribe,
    .drain = memory_drain,
    .unsubscribe = memory_unsubscribe,
    .buckets_ensure = memory_buckets_ensure,
    .key_get = memory_key_get,
    .key_put = memory_key_put,
    .key_update = memory_key_update,
    .key_delete = memory_key_delete,
    .keys_put = memory_keys_put,
    .keys_each = memory_keys_each,
    .keys_watch = memory_keys_watch,
    .object_put = memory_object_put,
    .object_info = memory_object_info,
    .object_read = memory_object_read,
    .object_delete = memory_object_delete,
    .objects_each = memory_objects_each,
};

mesh_status memory_link_open(const struct link_options *options, struct link **ret_link, mesh_error *err)
{
    const char *name = NULL;
    struct link *link = NULL;
    mesh_status status = read_name(options->url, &name, err);

    if (status == MESH_OK && !(link = calloc(1, sizeof(*link))))
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a connection");
    if (status == MESH_OK)
        status = memory_bus_join(name, &link->bus, err);
    if (status != MESH_OK) {
        free(link);
        return status;
    }
    link->ops = &memory_ops;
    *ret_link = link;
    if (options->on_state)
        options->on_state(options->closure, LINK_CONNECTED, options->url);
    return MESH_OK;
}
