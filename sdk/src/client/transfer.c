/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transfer.h"

#include "client/entry.h"
#include "client/sized.h"
#include "serve/service.h"

enum { TIMEOUT_MS = 30000, TRIES = 10 };

/* ---- options ---- */

static bool is_given_up(const void *client)
{
    return ((const mesh_client *)client)->stopped;
}

mesh_status transfer_options(const mesh_client *client, const mesh_transfer_options *options,
                             mesh_transfer_options *ret_options, struct link_patience *ret_patience, mesh_error *err)
{
    mesh_transfer_options given = MESH_TRANSFER_OPTIONS_INIT;
    mesh_status status = MESH_OK;

    if (options)
        status = sized_read(&given, sizeof(given), options, sizeof(given), "mesh_transfer_options", err);
    if (status != MESH_OK)
        return status;
    *ret_options = given;
    *ret_patience = (struct link_patience){ .timeout_ms = given.timeout_ms ? given.timeout_ms : TIMEOUT_MS,
                                            .given_up = is_given_up,
                                            .closure = client };
    return MESH_OK;
}

mesh_status transfer_init(struct transfer *transfer, mesh_client *client, const char *name,
                          const mesh_transfer_options *options, mesh_error *err)
{
    mesh_status status = store_enter(client, "name", name, err);

    if (status != MESH_OK)
        return status;
    if (!object_name_is_valid(name))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' is not the name of an object: it takes 1 to %d bytes "
                              "of UTF-8",
                              name, OBJECT_NAME_MAX);
    *transfer = (struct transfer){ .client = client, .name = name };
    return transfer_options(client, options, &transfer->options, &transfer->patience, err);
}

mesh_status transfer_error(const char *deed, const char *name, mesh_status status, mesh_error *err)
{
    if (status == MESH_E_NOT_FOUND)
        store_error(status, name, err);
    return mesh_error_prefix(err, status, "%s object '%s'", deed, name);
}

/* ---- callbacks, during which a worker works for the caller ---- */

static mesh_status tell_progress(struct transfer *transfer, uint64_t done, mesh_error *err)
{
    if (!transfer->options.progress)
        return MESH_OK;
    worker_blocks(false);
    bool give_up = transfer->options.progress(transfer->options.data, done, transfer->total) != 0;
    worker_blocks(true);
    return give_up ? mesh_error_set(err, MESH_E_STOPPED, "given up after %llu bytes", (unsigned long long)done)
                   : MESH_OK;
}

static mesh_status on_moved(void *closure, uint64_t done, mesh_error *err)
{
    return tell_progress(closure, done, err);
}

static mesh_status read_some(void *closure, char *buffer, size_t size, size_t *ret_len, mesh_error *err)
{
    struct transfer *transfer = closure;

    worker_blocks(false);
    mesh_status status = transfer->reader(transfer->data, buffer, size, ret_len, err);
    worker_blocks(true);
    return status;
}

static mesh_status write_some(void *closure, mesh_bytes bytes, mesh_error *err)
{
    struct transfer *transfer = closure;

    worker_blocks(false);
    mesh_status status = transfer->writer(transfer->data, bytes, err);
    worker_blocks(true);
    transfer->done += bytes.len;
    return status == MESH_OK ? tell_progress(transfer, transfer->done, err) : status;
}

/* ---- put ---- */

mesh_status transfer_put(struct transfer *transfer, uint64_t total, mesh_reader reader, void *data, mesh_error *err)
{
    transfer->total = total;
    transfer->reader = reader;
    transfer->data = data;
    worker_blocks(true);
    mesh_status status =
        link_object_put(transfer->client->core->link, WORKSPACE_BUCKET, transfer->name, transfer->options.description,
                        read_some, on_moved, transfer, &transfer->patience, err);
    worker_blocks(false);
    return status == MESH_OK ? MESH_OK : transfer_error("put", transfer->name, status, err);
}

/* ---- get ---- */

static mesh_status refuse_link(const struct object *object, const char *why, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_DATA, "it is a link to '%s' in bucket '%s', and %s", object->link_name,
                          object->link_bucket, why);
}

/* What is stored under the name; a link to another object of the workspace is followed, once. */
static mesh_status look_up(struct transfer *transfer, struct object *ret_object, mesh_error *err)
{
    auto_object struct object first = { 0 };
    struct link *link = transfer->client->core->link;
    mesh_status status = link_object_info(link, WORKSPACE_BUCKET, transfer->name, &first, err);

    if (status != MESH_OK)
        return status;
    if (!*first.link_name && !*first.link_bucket) {
        *ret_object = first;
        first = (struct object){ 0 };
        return MESH_OK;
    }
    if (strcmp(first.link_bucket, WORKSPACE_BUCKET) != 0 || !object_name_is_valid(first.link_name))
        return refuse_link(&first, "only links to objects of the workspace are followed", err);
    status = link_object_info(link, WORKSPACE_BUCKET, first.link_name, ret_object, err);
    if (status == MESH_OK && (*ret_object->link_name || *ret_object->link_bucket))
        return refuse_link(&first, "that is a link too", err);
    return status;
}

static mesh_status get_once(struct transfer *transfer, transfer_begin begin, mesh_error *err)
{
    auto_object struct object object = { 0 };
    mesh_status status = look_up(transfer, &object, err);

    transfer->done = 0;
    transfer->total = object.size;
    if (status == MESH_OK && begin)
        status = begin(transfer->data, object.size, err);
    if (status == MESH_OK)
        status = link_object_read(transfer->client->core->link, WORKSPACE_BUCKET, &object, write_some, transfer,
                                  &transfer->patience, err);
    return status;
}

mesh_status transfer_get(struct transfer *transfer, transfer_begin begin, bool may_again, mesh_writer writer,
                         void *data, mesh_error *err)
{
    mesh_status status = MESH_E_CONFLICT;

    transfer->writer = writer;
    transfer->data = data;
    worker_blocks(true);
    for (int i = 0; status == MESH_E_CONFLICT && i < (may_again ? TRIES : 1); i++) {
        mesh_error_clear(err);
        status = get_once(transfer, begin, err);
    }
    worker_blocks(false);
    return status == MESH_OK ? MESH_OK : transfer_error("get", transfer->name, status, err);
}
