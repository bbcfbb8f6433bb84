/* SPDX-License-Identifier: Apache-2.0 */
/* Keys followed as they change: what the link tells waits in a feed for the reader. */
#include <agentmesh/store.h>

#include <stdlib.h>

#include "base/clock.h"
#include "client/entry.h"
#include "client/feed.h"
#include "client/message.h"
#include "client/news.h"
#include "serve/worker.h"

struct mesh_watch {
    struct feed feed;
    struct link_subscription *subscription;
    struct news news; /* [link] */
    /* The reader's. */
    mesh_message *message; /* the last one that was handed out */
    mesh_entry entry;
};

/* ---- what arrives [link] ---- */

static void on_entry(void *closure, const struct link_entry *entry)
{
    mesh_watch *watch = closure;
    bool is_mark = !*entry->key;

    if (!news_take(&watch->news, entry))
        return;
    mesh_message *message = is_mark ? message_of_current() : message_of_entry(entry);
    if (!message)
        feed_end(&watch->feed, MESH_E_NO_MEMORY);
    else if (!feed_push(&watch->feed, &message->item))
        message_free(message);
}

/* ---- life ---- */

static void watch_free(void *closure)
{
    mesh_watch *watch = closure;

    messages_free(feed_clear(&watch->feed));
    message_free(watch->message);
    news_clear(&watch->news);
    free(watch);
}

mesh_status mesh_key_watch(mesh_client *client, const char *pattern, mesh_watch **ret_watch, mesh_error *err)
{
    mesh_status status = store_enter(client, "pattern", pattern, err);
    mesh_watch *watch = status == MESH_OK ? calloc(1, sizeof(*watch)) : NULL;

    if (status != MESH_OK)
        return status;
    if (!watch)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to watch '%s'", pattern);
    status = feed_init(&watch->feed, client, err);
    worker_blocks(true);
    if (status == MESH_OK)
        status = link_keys_follow(client->core->link, KEYS_BUCKET, pattern, on_entry, watch, &watch->subscription, err);
    worker_blocks(false);
    if (status == MESH_OK) {
        *ret_watch = watch;
        return MESH_OK;
    }
    feed_leave(&watch->feed);
    watch_free(watch);
    return status;
}

mesh_watch *mesh_watch_close(mesh_watch *watch)
{
    if (!watch)
        return NULL;
    feed_leave(&watch->feed);
    link_unsubscribe(watch->subscription, watch_free);
    return NULL;
}

/* ---- reading ---- */

static mesh_status explain(mesh_status status, uint32_t timeout_ms, mesh_error *err)
{
    switch (status) {
    case MESH_E_TIMEOUT:
        return mesh_error_set(err, status, "no key changed within %u ms", timeout_ms);
    case MESH_E_STOPPED:
        return mesh_error_set(err, status, "the client has been stopped");
    case MESH_E_TOO_LARGE:
        return mesh_error_set(err, status,
                              "the watch has ended: keys changed faster than they were read, and %d MiB of "
                              "changes waited",
                              FEED_MAX >> 20);
    default:
        return mesh_error_set(err, status, "the watch has ended: no memory for a change");
    }
}

mesh_status mesh_watch_next(mesh_watch *watch, uint32_t timeout_ms, const mesh_entry **ret_entry, mesh_error *err)
{
    struct feed_item *item = NULL;
    mesh_status status = feed_next(&watch->feed, clock_deadline_or_never(timeout_ms), &item);

    if (status != MESH_OK)
        return explain(status, timeout_ms, err);
    message_free(watch->message);
    watch->message = message_of_item(item);
    watch->entry =
        (mesh_entry){ watch->message->key, watch->message->value, watch->message->revision, watch->message->operation };
    *ret_entry = &watch->entry;
    return MESH_OK;
}

int mesh_watch_fd(mesh_watch *watch)
{
    return feed_fd(&watch->feed);
}
