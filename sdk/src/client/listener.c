/* SPDX-License-Identifier: Apache-2.0 */
#include "client/listener.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "client/call.h"
#include "client/message.h"
#include "serve/worker.h"

/* Until the server has seen a subscription. */
enum { SET_UP_MS = 5000 };

/* [link, or who stops] */
static void settle_listener(struct wait *wait, enum wait_outcome outcome, struct link_message *message)
{
    struct listener *listener = container_of(wait, struct listener, wait);
    (void)message;
    feed_end(&listener->feed, outcome == WAIT_DEAF ? MESH_E_CONNECTION_DENIED : MESH_E_STOPPED);
}

mesh_status listener_init(struct listener *listener, mesh_client *client, char *subject, mesh_error *err)
{
    listener->client = client;
    listener->subject = subject;
    if (!subject)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to listen");
    listener->wait = (struct wait){ .settle = settle_listener, .client = client, .frames = subject };
    return feed_init(&listener->feed, client, err);
}

/* Enter before subscribing, for the server may refuse that at once. */
static mesh_status subscribe(struct listener *listener, link_callback callback, void *closure, mesh_error *err)
{
    struct core *core = listener->client->core;
    char unused[INBOX_SUBJECT_SIZE];
    mesh_status status = inbox_enter(core->inbox, &listener->wait, NULL, unused, err);
    if (status == MESH_OK)
        status = link_subscribe(core->link, listener->subject, NULL, callback, closure, &listener->subscription, err);
    return status;
}

mesh_status listener_open(struct listener *listener, link_callback callback, void *closure, mesh_error *err)
{
    mesh_status status = subscribe(listener, callback, closure, err);
    if (status != MESH_OK)
        return status;
    worker_blocks(true);
    status = link_flush(listener->client->core->link, SET_UP_MS, err);
    worker_blocks(false);
    if (status == MESH_OK && feed_status(&listener->feed) == MESH_E_CONNECTION_DENIED)
        status = call_error_deaf(listener->subject, NULL, NULL, err);
    return status;
}

void listener_end(struct listener *listener, mesh_status status)
{
    feed_end(&listener->feed, status);
    inbox_leave(listener->client->core->inbox, &listener->wait);
}

void listener_close(struct listener *listener, void (*on_gone)(void *closure), void *closure)
{
    inbox_leave(listener->client->core->inbox, &listener->wait);
    feed_leave(&listener->feed);
    if (listener->subscription)
        link_unsubscribe(listener->subscription, on_gone);
    else
        on_gone(closure);
}

void listener_clear(struct listener *listener)
{
    messages_free(feed_clear(&listener->feed));
    free(listener->subject);
}
