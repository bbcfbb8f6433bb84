/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What we ask of a bus: connect, publish, request, subscribe, keys, objects. There are two kinds, a NATS server and a bus
 * in the memory of this process, told apart by the URL; nobody above this room knows which it is. It is the only room that
 * knows nats.c; nothing above it holds an object of that library, and no status of it leaves this room.
 *
 * A link outlives connections: it reconnects for ever with jitter, makes a new connection with fresh credentials when
 * the server has closed one for good, and subscribes everything anew by itself.
 *
 * Threads: every function is [any-thread] but those that say otherwise; callbacks run on [link] threads (nats.c's
 * delivery pool, or the bus's own, shared by all subscriptions), must not block, and must not call what is marked
 * "blocks".
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

#include "base/buf.h"
#include "wire/header.h"
#include "wire/object.h"

struct link;
struct link_subscription;

enum link_state {
    LINK_CONNECTED,    /* the first time, or again: subscriptions stand when this is told */
    LINK_DISCONNECTED, /* trying again */
};

struct link_options {
    const char *url;         /* comma-separated; "memory:", "memory:NAME": a bus in memory, of this link or this name */
    const char *name;        /* of the connection, protocol 3.1 */
    const char *credentials; /* a .creds file, or NULL; read afresh at each new connection */
    const char *tls_ca, *tls_cert, *tls_key;
    uint32_t connect_timeout_ms;
    bool keep_trying; /* link_open() returns though no server answers yet */

    /* What happens to the connection. text says why, for people. Serialised; must not block. */
    void (*on_state)(void *closure, enum link_state state, const char *text);
    /* The server refused a publish or a subscription; subject as it is in the server's own words (lower case is not
     * kept by all servers: compare ignoring case). is_publish tells which. */
    void (*on_denied)(void *closure, bool is_publish, const char *subject);
    /* Anything else worth knowing (slow consumer, async error). */
    void (*on_warning)(void *closure, const char *text);
    void *closure;
};

/* Blocks until connected, refused, or timed out (with keep_trying only for refused options). Options are copied.
 * MESH_E_CONNECTION_FAILED, MESH_E_CONNECTION_DENIED with the protocol's messages (3.2). */
mesh_status link_open(const struct link_options *options, struct link **ret_link, mesh_error *err);

/* Flush, end every subscription, close. Blocks until no callback runs any more. Returns NULL. */
struct link *link_close(struct link *link);

/* Whether the bus at this URL asks who comes; one in memory does not. */
bool link_takes_credentials(const char *url);

bool link_is_connected(const struct link *link);
size_t link_max_payload(const struct link *link);

/* ---- messages ---- */

struct link_outgoing {
    const char *subject;
    const char *reply;            /* or NULL */
    const struct header *headers; /* or NULL */
    size_t header_count;
    mesh_bytes body;
};

/* Hand a message to the connection; it is on the wire soon after (see link_flush()). Does not wait for the server.
 * MESH_E_TOO_LARGE over the server's maximum (headers count), MESH_E_CONNECTION_FAILED while disconnected with a full
 * buffer or before the first connection. Header values must hold no CR or LF. */
mesh_status link_publish(struct link *link, const struct link_outgoing *message, mesh_error *err);

/* Wait until the server has seen all that was published and subscribed before. What of it the server refused has been told
 * to on_denied then, unless the same was refused before. Blocks. */
mesh_status link_flush(struct link *link, uint32_t timeout_ms, mesh_error *err);

/* A message that arrived. A value: moved by assignment, ended with link_message_clear(). */
struct link_message {
    void *handle; /* the link's; NULL when empty */
};

const char *link_message_subject(const struct link_message *message);
const char *link_message_reply(const struct link_message *message); /* NULL if it has none */
mesh_bytes link_message_body(const struct link_message *message);   /* NUL-terminated */

/* A header by its exact name, NULL if it is not there, "" if it is empty. The one place that undoes nats.c's reading of
 * empty values (protocol 5.1, TRAP). Lent until the message ends. Not from two threads at once for one message. */
const char *link_message_header(const struct link_message *message, const char *name);
bool link_message_is_no_responders(const struct link_message *message); /* the server's 503 */
void link_message_clear(struct link_message *message);

/* ---- subscriptions ---- */

/* [link] The message is given: take it by copying the struct and leave {NULL}, or leave it to be cleared after the
 * call. */
typedef void (*link_callback)(void *closure, struct link_message *message);

/* queue: the group, or NULL. Client-side limits on pending messages are off. The subscription stands on the server when
 * a later link_flush() has come back. */
mesh_status link_subscribe(struct link *link, const char *subject, const char *queue, link_callback callback,
                           void *closure, struct link_subscription **ret_subscription, mesh_error *err);

/*
 * End a subscription. Messages already received are still delivered (drain) or thrown away (unsubscribe). The
 * subscription is not to be used after this; on_gone(closure), if given, is called once, from any thread, when no
 * callback runs or will ever run. Does not block; may be called from a callback. NULL is fine.
 */
void link_drain(struct link_subscription *subscription, void (*on_gone)(void *closure));
void link_unsubscribe(struct link_subscription *subscription, void (*on_gone)(void *closure));

/* A subject nobody else uses, "_INBOX.…", without a trailing token. To free(). NULL: no memory. */
char *link_new_inbox(struct link *link);

/* ---- keys (protocol 2.3) ---- */

/* Create the six buckets where they are missing; existing ones are left as they are (protocol 2.2). Blocks.
 * MESH_E_CONNECTION_FAILED with a text that names the remedies when the server has no JetStream. */
mesh_status link_buckets_ensure(struct link *link, mesh_error *err);

/* All block for a round trip. A missing key and a delete marker are MESH_E_NOT_FOUND; get gives revision 0 then for a
 * missing key, the marker's for a deleted one. value may be NULL. */
mesh_status link_key_get(struct link *link, const char *bucket, const char *key, struct buf *value,
                         uint64_t *ret_revision, mesh_error *err);
mesh_status link_key_put(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                         uint64_t *ret_revision, mesh_error *err);
/* Write only if the key's last revision is expected; 0: only if it does not exist (a delete marker is overcome).
 * MESH_E_CONFLICT if somebody else wrote (codes 10071 and 10164). */
mesh_status link_key_update(struct link *link, const char *bucket, const char *key, mesh_bytes value, uint64_t expected,
                            uint64_t *ret_revision, mesh_error *err);
mesh_status link_key_delete(struct link *link, const char *bucket, const char *key, mesh_error *err);

/* Write many keys, acknowledged together: one round trip's time for hundreds. Blocks. Fails with the first failure. */
struct link_pair {
    const char *key;
    mesh_bytes value;
};
mesh_status link_keys_put(struct link *link, const char *bucket, const struct link_pair *pairs, size_t count,
                          mesh_error *err);

struct link_entry {
    const char *key;
    mesh_bytes value;
    uint64_t revision;
    bool deleted;
};

/* [link for watches, the caller's for link_keys_each()] Everything in entry is lent for the call. */
typedef void (*link_entry_callback)(void *closure, const struct link_entry *entry);

/* Call once for each current key that matches the pattern, markers left out. Blocks. */
mesh_status link_keys_each(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                           void *closure, mesh_error *err);

/*
 * Call for the current value of each matching key, then for each change, deletes included, until ended by
 * link_unsubscribe(). Survives reconnects and emptied servers: then all current values are told again, and keys that
 * are gone without a marker as deleted, with revision 0. Blocks for the set-up; without a connection it succeeds at
 * once and the set-up is made when there is one.
 */
mesh_status link_keys_watch(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                            void *closure, struct link_subscription **ret_subscription, mesh_error *err);

/* The same; and once, when all that was there at the start has been told, an entry whose key is "". */
mesh_status link_keys_follow(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                             void *closure, struct link_subscription **ret_subscription, mesh_error *err);

/* ---- objects (protocol 2.4) ---- */

/* How long a transfer waits for news. Lent for its time. */
struct link_patience {
    uint32_t timeout_ms; /* without progress */
    /* Asked when something has changed, and after link_wake(); must not block or call the link. NULL: never. */
    bool (*given_up)(const void *closure);
    const void *closure;
};

/* Who waits for a transfer asks again whether it is given up. */
void link_wake(struct link *link);

/* Gives the next bytes of an object, up to size; *ret_len 0: that was all. */
typedef mesh_status (*link_object_reader)(void *closure, char *buffer, size_t size, size_t *ret_len, mesh_error *err);
/* Takes the next bytes of an object. */
typedef mesh_status (*link_object_writer)(void *closure, mesh_bytes bytes, mesh_error *err);
/* Bytes of the object that have been stored so far. */
typedef mesh_status (*link_object_moved)(void *closure, uint64_t done, mesh_error *err);

/*
 * All block, call back in the caller's thread, and give up with what a callback returns. names: valid
 * (object_name_is_valid()). MESH_E_NOT_FOUND: there is none, or it was deleted. MESH_E_STOPPED: given up.
 */

/* Put an object in the place of what was there, which stays until all has arrived. description may be NULL. moved may be
 * NULL. */
mesh_status link_object_put(struct link *link, const char *bucket, const char *name, const char *description,
                            link_object_reader reader, link_object_moved moved, void *closure,
                            const struct link_patience *patience, mesh_error *err);

/* What is there. ret_object: end with object_clear(). */
mesh_status link_object_info(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                             mesh_error *err);

/* Read the content of an object that link_object_info() has told, and check it. MESH_E_DATA: it is not as described;
 * MESH_E_CONFLICT: it was replaced meanwhile. */
mesh_status link_object_read(struct link *link, const char *bucket, const struct object *object,
                             link_object_writer writer, void *closure, const struct link_patience *patience,
                             mesh_error *err);

mesh_status link_object_delete(struct link *link, const char *bucket, const char *name, mesh_error *err);

/* Tell each object, in no order, those that were deleted included; what cannot be read is left out. One that changes
 * meanwhile may be told again: the last word counts. */
typedef mesh_status (*link_object_callback)(void *closure, const struct object *object, mesh_error *err);
mesh_status link_objects_each(struct link *link, const char *bucket, link_object_callback callback, void *closure,
                              const struct link_patience *patience, mesh_error *err);

#endif
