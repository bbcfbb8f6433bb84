/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of mesh_message: what arrived on a subject, or a key that changed. Waits in a feed by its item. */
#ifndef CLIENT_MESSAGE_H
#define CLIENT_MESSAGE_H

#include <stddef.h>
#include <string.h>

#include <agentmesh/message.h>

#include "base/cleanup.h"
#include "client/feed.h"
#include "link/link.h"
#include "wire/header.h"

struct mesh_message {
    struct feed_item item;
    mesh_client *client;         /* to which it came */
    struct link_message message; /* of a subject; else empty */

    /* Of a key; they lie behind the struct, each with a NUL. */
    const char *key;
    mesh_bytes value;
    uint64_t revision;
    int32_t operation; /* MESH_ENTRY_; 0: of a subject */
};

/* Each is given, NULL without memory; end it with message_free(). */
mesh_message *message_of_subject(struct link_message *message); /* taken on success */
mesh_message *message_of_entry(const struct link_entry *entry); /* copied; a delete has no value */
mesh_message *message_of_current(void);                         /* MESH_ENTRY_CURRENT */

/* Returns NULL; NULL is fine. */
mesh_message *message_free(mesh_message *message);

/* [link] Append what came on a subject to a feed, which ends where there is no memory or no room for it. */
void messages_push(struct feed *feed, struct link_message *message);

/* Free what feed_clear() handed back. */
void messages_free(struct feed_item *first);

static inline mesh_message *message_of_item(struct feed_item *item)
{
    return item ? container_of(item, mesh_message, item) : NULL;
}

/* ---- what comes by the protocol ---- */

static inline bool message_header_is(const struct link_message *message, const char *name, const char *value)
{
    const char *got = link_message_header(message, name);
    return got && strcmp(got, value) == 0;
}

static inline bool message_is_error(const struct link_message *message)
{
    return message_header_is(message, HEADER_STATUS, STATUS_ERROR);
}

#endif
