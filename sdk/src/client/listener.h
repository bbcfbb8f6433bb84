/* SPDX-License-Identifier: Apache-2.0 */
/* A listener: what comes on a subject waits in a feed. Subscriptions and tails are listeners. */
#ifndef CLIENT_LISTENER_H
#define CLIENT_LISTENER_H

#include "client/feed.h"
#include "client/inbox.h"
#include "link/link.h"

/* In a struct of the user's; begins as zeroes. */
struct listener {
    /* Read-only after opening. */
    mesh_client *client;
    char *subject;
    struct link_subscription *subscription;

    struct feed feed;
    struct wait wait; /* in the inbox's table: a refusal by the server ends the feed with MESH_E_CONNECTION_DENIED */
};

/* subject: taken in any case; NULL: no memory. MESH_E_STOPPED, MESH_E_NO_MEMORY. */
mesh_status listener_init(struct listener *listener, mesh_client *client, char *subject, mesh_error *err);

/* Subscribe. What is published after this arrives. A refusal is told before the round trip is over, or else by the end
 * of the feed. Blocks. */
mesh_status listener_open(struct listener *listener, link_callback callback, void *closure, mesh_error *err);

/* Nothing more comes: what waits is still read, then status. */
void listener_end(struct listener *listener, mesh_status status);

/* Leave the client; half-made is fine. on_gone is called once when no callback runs any more, there to call
 * listener_clear(). */
void listener_close(struct listener *listener, void (*on_gone)(void *closure), void *closure);
void listener_clear(struct listener *listener);

#endif
