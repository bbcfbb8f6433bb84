/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the bus in memory share. A bus is what all links of one name share; one lock guards all of it, and
 * is never held while anything of a user runs. A message is handed to its subscriptions' queues by the publisher
 * itself, and from there to their callbacks by the bus's threads, one at a time for each subscription.
 */
#ifndef LINK_MEMORY_INTERNAL_H
#define LINK_MEMORY_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "link/link_ops.h"

enum {
    MEMORY_PAYLOAD_MAX = 1024 * 1024,
    MEMORY_THREADS_MIN = 2,
    MEMORY_THREADS_MAX = 8,
};

/* A message or a key's value, in one piece of memory with all that it points to. */
struct memory_message {
    struct memory_message *next; /* in a queue */
    size_t size;                 /* of the piece */
    const char *subject, *reply; /* a key's name; NULL without one */
    const struct header *headers;
    size_t header_count;
    mesh_bytes body;
    uint64_t revision;     /* of a key */
    bool is_deleted;       /* a key's marker */
    bool is_no_responders; /* nobody was there to hear the request */
};

enum memory_state {
    MEMORY_LIVE,
    MEMORY_DRAINING, /* hears nothing new, has what came before delivered */
    MEMORY_LEAVING,  /* nothing is delivered any more */
};

struct link_subscription {
    const struct link_ops *ops;
    struct link *link;
    char *subject; /* or a pattern of keys */
    char *queue;
    link_callback callback;             /* NULL for a watch */
    link_entry_callback entry_callback; /* NULL for others */
    void *closure;
    void (*on_gone)(void *closure);
    /* Guarded by the bus's lock. */
    enum memory_state state;
    bool is_due;                                /* in the bus's line, or being delivered to */
    struct memory_message *first, *last;        /* not delivered yet */
    struct link_subscription *behind;           /* in the line */
    struct link_subscription *next, **previous; /* among those that hear the same; NULL: hears nothing any more */
    struct link_subscription *next_of_link, **previous_of_link;
};

/* A bucket's keys: struct memory_message by key, markers included. */
struct memory_bucket {
    const char *name;
    struct map keys;
    uint64_t revision; /* the last one */
    struct link_subscription *watches;
};

enum { MEMORY_BUCKETS = 5 };

struct memory_bus {
    char *name; /* NULL: of one link alone */
    /* Guarded by the lock of all buses. */
    size_t links;
    struct memory_bus *next;

    pthread_mutex_t lock;
    pthread_cond_t due;   /* for the threads */
    pthread_cond_t ended; /* for who waits until a subscription is gone */
    struct map topics;    /* struct memory_topic by subject */
    struct link_subscription *patterns;
    struct link_subscription **heard; /* room for who hears one message */
    size_t heard_capacity;
    uint64_t chance; /* for choosing a member of a queue group; never 0 */
    struct memory_bucket buckets[MEMORY_BUCKETS];
    struct map objects; /* by name */

    struct link_subscription *line, *line_end; /* those with something to deliver */
    size_t line_len, idle, thread_count, thread_max;
    bool is_stopping;
    pthread_t threads[MEMORY_THREADS_MAX];
};

/* All subscriptions to one subject that is no pattern. */
struct memory_topic {
    struct link_subscription *first;
};

struct link {
    const struct link_ops *ops;
    struct memory_bus *bus;
    struct link_subscription *subscriptions; /* guarded by the bus's lock */
};

/* ---- memory_bus.c ---- */

/* The bus of this name, made if there is none; NULL: one of its own. memory_bus_leave() ends it with its last link. */
mesh_status memory_bus_join(const char *name, struct memory_bus **ret_bus, mesh_error *err);
void memory_bus_leave(struct memory_bus *bus);

/* ---- memory_subscription.c; the bus's lock is held for these ---- */

/* Queue a message; it is taken. Not on one that has left. */
void memory_subscription_push(struct link_subscription *subscription, struct memory_message *message);

/* See that a thread comes to it. */
void memory_subscription_wake(struct link_subscription *subscription);

/* [link] Deliver what is queued, up to some; gives up the lock meanwhile. It may be gone afterwards. */
void memory_subscription_deliver(struct link_subscription *subscription);

/* ---- and without it ---- */

/* One that hears nothing yet. text: subject or pattern. */
mesh_status memory_subscription_new(struct link *link, const char *text, const char *queue,
                                    struct link_subscription **ret_subscription, mesh_error *err);

void memory_subscription_free(struct link_subscription *subscription); /* one that was never enlisted */

/* Put it among those of its link, and those that hear the same; the lock is held. */
void memory_subscription_enlist(struct link_subscription *subscription, struct link_subscription **list);

mesh_status memory_subscribe(struct link *link, const char *subject, const char *queue, link_callback callback,
                             void *closure, struct link_subscription **ret_subscription, mesh_error *err);
void memory_drain(struct link_subscription *subscription, void (*on_gone)(void *closure));
void memory_unsubscribe(struct link_subscription *subscription, void (*on_gone)(void *closure));

/* End all of a link, and wait until they are gone. Those that drain have drain_ms for what they have. Blocks. */
void memory_subscriptions_end(struct link *link, uint32_t drain_ms);

/* ---- memory_publish.c ---- */

mesh_status memory_publish(struct link *link, const struct link_outgoing *message, mesh_error *err);

/* ---- memory_message.c; NULL: no memory ---- */

struct memory_message *memory_message_new(const struct link_outgoing *message);
struct memory_message *memory_message_copy(const struct memory_message *message);
struct memory_message *memory_message_free(struct memory_message *message); /* returns NULL; NULL is fine */

/* The handle by which a subscriber knows it; it is taken. */
struct link_message memory_message_wrap(struct memory_message *message);

/* ---- memory_keys.c ---- */

void memory_keys_init(struct memory_bus *bus);
void memory_keys_clear(struct memory_bus *bus);

mesh_status memory_buckets_ensure(struct link *link, mesh_error *err);
mesh_status memory_key_get(struct link *link, const char *bucket, const char *key, struct buf *value,
                           uint64_t *ret_revision, mesh_error *err);
mesh_status memory_key_put(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                           uint64_t *ret_revision, mesh_error *err);
mesh_status memory_key_update(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                              uint64_t expected, uint64_t *ret_revision, mesh_error *err);
mesh_status memory_key_delete(struct link *link, const char *bucket, const char *key, mesh_error *err);
mesh_status memory_keys_put(struct link *link, const char *bucket, const struct link_pair *pairs, size_t count,
                            mesh_error *err);
mesh_status memory_keys_each(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                             void *closure, mesh_error *err);
mesh_status memory_keys_watch(struct link *link, const char *bucket, const char *pattern, bool tell_current,
                              link_entry_callback callback, void *closure, struct link_subscription **ret_subscription,
                              mesh_error *err);

/* ---- memory_objects.c ---- */

void memory_objects_clear(struct memory_bus *bus);

mesh_status memory_object_put(struct link *link, const char *bucket, const char *name, const char *description,
                              link_object_reader reader, link_object_moved moved, void *closure,
                              const struct link_patience *patience, mesh_error *err);
mesh_status memory_object_info(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                               mesh_error *err);
mesh_status memory_object_read(struct link *link, const char *bucket, const struct object *object,
                               link_object_writer writer, void *closure, const struct link_patience *patience,
                               mesh_error *err);
mesh_status memory_object_delete(struct link *link, const char *bucket, const char *name, mesh_error *err);
mesh_status memory_objects_each(struct link *link, const char *bucket, link_object_callback callback, void *closure,
                                const struct link_patience *patience, mesh_error *err);

#endif
