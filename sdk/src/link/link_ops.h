/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of bus does for link.h. Each kind has a struct link and a struct link_subscription of its own, which
 * begin with the pointer to its operations, and hands out messages of its own: link.c tells them apart by that alone.
 */
#ifndef LINK_LINK_OPS_H
#define LINK_LINK_OPS_H

#include "link/link.h"

/* Each does what the function of that name in link.h says. */
struct link_ops {
    void (*close)(struct link *link);
    bool (*is_connected)(const struct link *link);
    size_t (*max_payload)(const struct link *link);
    mesh_status (*publish)(struct link *link, const struct link_outgoing *message, mesh_error *err);
    mesh_status (*flush)(struct link *link, uint32_t timeout_ms, mesh_error *err);
    mesh_status (*subscribe)(struct link *link, const char *subject, const char *queue, link_callback callback,
                             void *closure, struct link_subscription **ret_subscription, mesh_error *err);
    void (*drain)(struct link_subscription *subscription, void (*on_gone)(void *closure));
    void (*unsubscribe)(struct link_subscription *subscription, void (*on_gone)(void *closure));

    mesh_status (*buckets_ensure)(struct link *link, mesh_error *err);
    mesh_status (*key_get)(struct link *link, const char *bucket, const char *key, struct buf *value,
                           uint64_t *ret_revision, mesh_error *err);
    mesh_status (*key_put)(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                           uint64_t *ret_revision, mesh_error *err);
    mesh_status (*key_update)(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                              uint64_t expected, uint64_t *ret_revision, mesh_error *err);
    mesh_status (*key_delete)(struct link *link, const char *bucket, const char *key, mesh_error *err);
    mesh_status (*keys_put)(struct link *link, const char *bucket, const struct link_pair *pairs, size_t count,
                            mesh_error *err);
    mesh_status (*keys_each)(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                             void *closure, mesh_error *err);
    /* tell_current: as link_keys_follow() does. */
    mesh_status (*keys_watch)(struct link *link, const char *bucket, const char *pattern, bool tell_current,
                              link_entry_callback callback, void *closure, struct link_subscription **ret_subscription,
                              mesh_error *err);

    mesh_status (*object_put)(struct link *link, const char *bucket, const char *name, const char *description,
                              link_object_reader reader, link_object_moved moved, void *closure,
                              const struct link_patience *patience, mesh_error *err);
    mesh_status (*object_info)(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                               mesh_error *err);
    mesh_status (*object_read)(struct link *link, const char *bucket, const struct object *object,
                               link_object_writer writer, void *closure, const struct link_patience *patience,
                               mesh_error *err);
    mesh_status (*object_delete)(struct link *link, const char *bucket, const char *name, mesh_error *err);
    mesh_status (*objects_each)(struct link *link, const char *bucket, link_object_callback callback, void *closure,
                                const struct link_patience *patience, mesh_error *err);
    void (*wake)(struct link *link); /* NULL: nobody waits */
};

struct link_message_ops {
    const char *(*subject)(const struct link_message *message);
    const char *(*reply)(const struct link_message *message);
    mesh_bytes (*body)(const struct link_message *message);
    const char *(*header)(const struct link_message *message, const char *name);
    bool (*is_no_responders)(const struct link_message *message);
    void (*clear)(struct link_message *message);
};

/* ---- over nats.c (nats_link.c, nats_message.c) ---- */

mesh_status nats_link_open(const struct link_options *options, struct link **ret_link, mesh_error *err);

extern const struct link_message_ops nats_message_ops;

/* ---- in memory (memory_link.c, memory_message.c) ---- */

/* Whether the URL means a bus in memory: "memory:" or "memory:NAME". */
bool memory_link_is_meant(const char *url);
mesh_status memory_link_open(const struct link_options *options, struct link **ret_link, mesh_error *err);

extern const struct link_message_ops memory_message_ops;

/* Handles of messages in memory are odd, which no pointer of nats.c is. */
#define MEMORY_MESSAGE_TAG ((uintptr_t)1)

#endif
