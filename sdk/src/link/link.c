/* SPDX-License-Identifier: Apache-2.0 */
/* The bus as the rest of the house knows it: which kind it is, is decided here by its URL and known to nobody else. */
#include "link/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "link/link_ops.h"

/* What every struct link and struct link_subscription begins with. */
static const struct link_ops *ops_of(const void *object)
{
    return *(const struct link_ops *const *)object;
}

static const struct link_message_ops *message_ops(const struct link_message *message)
{
    return (uintptr_t)message->handle & MEMORY_MESSAGE_TAG ? &memory_message_ops : &nats_message_ops;
}

/* ---- the link ---- */

mesh_status link_open(const struct link_options *options, struct link **ret_link, mesh_error *err)
{
    if (!options->url || !*options->url)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "no URL to connect to");
    if (memory_link_is_meant(options->url))
        return memory_link_open(options, ret_link, err);
    return nats_link_open(options, ret_link, err);
}

bool link_takes_credentials(const char *url)
{
    return !memory_link_is_meant(url);
}

struct link *link_close(struct link *link)
{
    if (link)
        ops_of(link)->close(link);
    return NULL;
}

bool link_is_connected(const struct link *link)
{
    return ops_of(link)->is_connected(link);
}

size_t link_max_payload(const struct link *link)
{
    return ops_of(link)->max_payload(link);
}

mesh_status link_publish(struct link *link, const struct link_outgoing *message, mesh_error *err)
{
    return ops_of(link)->publish(link, message, err);
}

mesh_status link_flush(struct link *link, uint32_t timeout_ms, mesh_error *err)
{
    return ops_of(link)->flush(link, timeout_ms, err);
}

/* ---- messages ---- */

const char *link_message_subject(const struct link_message *message)
{
    return message_ops(message)->subject(message);
}

const char *link_message_reply(const struct link_message *message)
{
    return message_ops(message)->reply(message);
}

mesh_bytes link_message_body(const struct link_message *message)
{
    return message_ops(message)->body(message);
}

const char *link_message_header(const struct link_message *message, const char *name)
{
    return message_ops(message)->header(message, name);
}

bool link_message_is_no_responders(const struct link_message *message)
{
    return message_ops(message)->is_no_responders(message);
}

void link_message_clear(struct link_message *message)
{
    if (message->handle)
        message_ops(message)->clear(message);
    message->handle = NULL;
}

/* ---- subscriptions ---- */

mesh_status link_subscribe(struct link *link, const char *subject, const char *queue, link_callback callback,
                           void *closure, struct link_subscription **ret_subscription, mesh_error *err)
{
    return ops_of(link)->subscribe(link, subject, queue, callback, closure, ret_subscription, err);
}

void link_drain(struct link_subscription *subscription, void (*on_gone)(void *closure))
{
    if (subscription)
        ops_of(subscription)->drain(subscription, on_gone);
}

void link_unsubscribe(struct link_subscription *subscription, void (*on_gone)(void *closure))
{
    if (subscription)
        ops_of(subscription)->unsubscribe(subscription, on_gone);
}

char *link_new_inbox(struct link *link)
{
    char id[ID_SIZE];
    char *inbox = NULL;

    (void)link;
    id_new(id);
    return asprintf(&inbox, "_INBOX.%s", id) < 0 ? NULL : inbox;
}

/* ---- keys ---- */

mesh_status link_buckets_ensure(struct link *link, mesh_error *err)
{
    return ops_of(link)->buckets_ensure(link, err);
}

mesh_status link_key_get(struct link *link, const char *bucket, const char *key, struct buf *value,
                         uint64_t *ret_revision, mesh_error *err)
{
    return ops_of(link)->key_get(link, bucket, key, value, ret_revision, err);
}

mesh_status link_key_put(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                         uint64_t *ret_revision, mesh_error *err)
{
    return ops_of(link)->key_put(link, bucket, key, value, ret_revision, err);
}

mesh_status link_key_update(struct link *link, const char *bucket, const char *key, mesh_bytes value, uint64_t expected,
                            uint64_t *ret_revision, mesh_error *err)
{
    return ops_of(link)->key_update(link, bucket, key, value, expected, ret_revision, err);
}

mesh_status link_key_delete(struct link *link, const char *bucket, const char *key, mesh_error *err)
{
    return ops_of(link)->key_delete(link, bucket, key, err);
}

mesh_status link_keys_put(struct link *link, const char *bucket, const struct link_pair *pairs, size_t count,
                          mesh_error *err)
{
    return ops_of(link)->keys_put(link, bucket, pairs, count, err);
}

mesh_status link_keys_each(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                           void *closure, mesh_error *err)
{
    return ops_of(link)->keys_each(link, bucket, pattern, callback, closure, err);
}

mesh_status link_keys_watch(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                            void *closure, struct link_subscription **ret_subscription, mesh_error *err)
{
    return ops_of(link)->keys_watch(link, bucket, pattern, false, callback, closure, ret_subscription, err);
}

mesh_status link_keys_follow(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                             void *closure, struct link_subscription **ret_subscription, mesh_error *err)
{
    return ops_of(link)->keys_watch(link, bucket, pattern, true, callback, closure, ret_subscription, err);
}

/* ---- objects ---- */

void link_wake(struct link *link)
{
    if (ops_of(link)->wake)
        ops_of(link)->wake(link);
}

mesh_status link_object_put(struct link *link, const char *bucket, const char *name, const char *description,
                            link_object_reader reader, link_object_moved moved, void *closure,
                            const struct link_patience *patience, mesh_error *err)
{
    return ops_of(link)->object_put(link, bucket, name, description, reader, moved, closure, patience, err);
}

mesh_status link_object_info(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                             mesh_error *err)
{
    return ops_of(link)->object_info(link, bucket, name, ret_object, err);
}

mesh_status link_object_read(struct link *link, const char *bucket, const struct object *object,
                             link_object_writer writer, void *closure, const struct link_patience *patience,
                             mesh_error *err)
{
    return ops_of(link)->object_read(link, bucket, object, writer, closure, patience, err);
}

mesh_status link_object_delete(struct link *link, const char *bucket, const char *name, mesh_error *err)
{
    return ops_of(link)->object_delete(link, bucket, name, err);
}

mesh_status link_objects_each(struct link *link, const char *bucket, link_object_callback callback, void *closure,
                              const struct link_patience *patience, mesh_error *err)
{
    return ops_of(link)->objects_each(link, bucket, callback, closure, patience, err);
}
