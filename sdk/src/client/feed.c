/* SPDX-License-Identifier: Apache-2.0 */
#include "client/feed.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/worker.h"

/* ---- the client's list ---- */

static bool enlist(struct feed *feed, mesh_client *client)
{
    pthread_mutex_lock(&client->feeds_lock);
    /* Looked at under the lock: a stop that comes later finds the feed in the list. */
    bool open = !client->stopped;
    if (open) {
        feed->next_of_client = client->feeds;
        if (client->feeds)
            client->feeds->prev_of_client = feed;
        client->feeds = feed;
    }
    pthread_mutex_unlock(&client->feeds_lock);
    return open;
}

static void delist(struct feed *feed)
{
    mesh_client *client = feed->client;
    pthread_mutex_lock(&client->feeds_lock);
    if (feed->next_of_client)
        feed->next_of_client->prev_of_client = feed->prev_of_client;
    if (feed->prev_of_client)
        feed->prev_of_client->next_of_client = feed->next_of_client;
    else
        client->feeds = feed->next_of_client;
    pthread_mutex_unlock(&client->feeds_lock);
}

bool feeds_are_open(mesh_client *client)
{
    pthread_mutex_lock(&client->feeds_lock);
    bool open = client->feeds != NULL;
    pthread_mutex_unlock(&client->feeds_lock);
    return open;
}

void feeds_stop(mesh_client *client)
{
    pthread_mutex_lock(&client->feeds_lock);
    for (struct feed *feed = client->feeds; feed; feed = feed->next_of_client)
        feed_end(feed, MESH_E_STOPPED);
    pthread_mutex_unlock(&client->feeds_lock);
}

/* ---- life ---- */

mesh_status feed_init(struct feed *feed, mesh_client *client, mesh_error *err)
{
    *feed = (struct feed){ .fd = -1 };
    feed->last = &feed->first;
    if (!clock_cond_init(&feed->changed))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to listen");
    pthread_mutex_init(&feed->lock, NULL);
    if (enlist(feed, client)) {
        feed->client = client;
        return MESH_OK;
    }
    pthread_mutex_destroy(&feed->lock);
    pthread_cond_destroy(&feed->changed);
    return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
}

void feed_leave(struct feed *feed)
{
    if (!feed->client)
        return;
    delist(feed);
    feed_end(feed, MESH_E_STOPPED);
}

struct feed_item *feed_clear(struct feed *feed)
{
    struct feed_item *waiting = feed->first;
    if (!feed->client)
        return NULL;
    if (feed->fd >= 0)
        close(feed->fd);
    pthread_cond_destroy(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
    return waiting;
}

/* ---- what changes; the lock is held ---- */

/* Readable while there is something to be had: an item or the end. */
static void show(const struct feed *feed)
{
    eventfd_t was;
    if (feed->fd < 0)
        return;
    if (feed->first || feed->ended != MESH_OK)
        eventfd_write(feed->fd, 1);
    else
        eventfd_read(feed->fd, &was);
}

static void end(struct feed *feed, mesh_status status)
{
    if (feed->ended != MESH_OK)
        return;
    feed->ended = status;
    show(feed);
    pthread_cond_signal(&feed->changed);
}

static void append(struct feed *feed, struct feed_item *item)
{
    bool was_empty = !feed->first;
    item->next = NULL;
    *feed->last = item;
    feed->last = &item->next;
    feed->pending += item->size;
    if (was_empty) {
        show(feed);
        pthread_cond_signal(&feed->changed);
    }
}

static void remove_first(struct feed *feed)
{
    struct feed_item *item = feed->first;
    feed->first = item->next;
    feed->pending -= item->size;
    if (!feed->first) {
        feed->last = &feed->first;
        show(feed);
    }
}

/* What the reader gets now. False: nothing yet. */
static bool take_now(struct feed *feed, struct feed_item **ret_item, mesh_status *ret_status)
{
    *ret_item = feed->ended == MESH_E_STOPPED ? NULL : feed->first;
    *ret_status = *ret_item ? MESH_OK : feed->ended;
    if (*ret_item)
        remove_first(feed);
    return *ret_item || feed->ended != MESH_OK;
}

/* ---- for everybody ---- */

bool feed_push(struct feed *feed, struct feed_item *item)
{
    pthread_mutex_lock(&feed->lock);
    if (item->size > FEED_MAX - feed->pending)
        end(feed, MESH_E_TOO_LARGE);
    bool open = feed->ended == MESH_OK;
    if (open)
        append(feed, item);
    pthread_mutex_unlock(&feed->lock);
    return open;
}

void feed_end(struct feed *feed, mesh_status status)
{
    pthread_mutex_lock(&feed->lock);
    end(feed, status);
    pthread_mutex_unlock(&feed->lock);
}

static bool take_waiting(struct feed *feed, uint64_t deadline, struct feed_item **ret_item, mesh_status *ret_status)
{
    pthread_mutex_lock(&feed->lock);
    bool had = take_now(feed, ret_item, ret_status);
    while (!had && clock_left_ms(deadline) > 0) {
        clock_cond_wait(&feed->changed, &feed->lock, deadline);
        had = take_now(feed, ret_item, ret_status);
    }
    pthread_mutex_unlock(&feed->lock);
    return had;
}

mesh_status feed_next(struct feed *feed, uint64_t deadline, struct feed_item **ret_item)
{
    mesh_status status;
    if (take_waiting(feed, 0, ret_item, &status))
        return status;
    worker_blocks(true);
    bool had = take_waiting(feed, deadline, ret_item, &status);
    worker_blocks(false);
    return had ? status : MESH_E_TIMEOUT;
}

mesh_status feed_status(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    mesh_status status = feed->ended;
    pthread_mutex_unlock(&feed->lock);
    return status;
}

int feed_fd(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    if (feed->fd < 0) {
        feed->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        show(feed);
    }
    int fd = feed->fd;
    pthread_mutex_unlock(&feed->lock);
    return fd;
}
