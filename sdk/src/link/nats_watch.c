/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches. A watch lives in turns: each has an inbox and a consumer of its own. When a turn is lost (reconnect, server
 * restarted, a gap, silence), the keeper ends it, and makes the next when nothing of the last one is left. The next
 * tells all current values again; keys that are gone without a marker, because the bucket was emptied meanwhile, are
 * told as deleted.
 */
#include "link/nats_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "link/grammar.h"

enum { AGAIN_MS = 1000, HEARTBEATS_MISSED = 3 };

struct turn {
    struct watch *watch;
    struct link_subscription *inbox;
    uintptr_t index; /* from 1 */
    /* Guarded by the link's lock. */
    uint64_t heard; /* the last sign of life */
    bool stands;    /* the server has its consumer */
    bool lost;
    /* [link] */
    uint64_t number; /* of the last delivery */
    bool swept;      /* the current values have been told */
};

struct watch {
    /* Read-only once made. */
    struct link *link;
    char *bucket, *pattern;
    link_entry_callback callback;
    void *closure;
    struct link_subscription *handle; /* what the user ends */
    /* Guarded by the link's lock. */
    unsigned users;    /* the handle, and threads that work on it */
    bool left;         /* by its user */
    bool tended;       /* a thread makes or ends a turn */
    bool ending;       /* of the last turn something is left */
    struct turn *turn; /* NULL between two */
    uint64_t due;      /* for the keeper */
    struct watch *next;
    /* [link], and between turns the keeper. */
    uintptr_t turns;
    bool tell_current; /* not yet told */
    struct map keys;   /* the index of the turn in which it was told last, by key */
};

/* ---- a life ---- */

static struct watch *watch_free(struct watch *watch)
{
    if (!watch)
        return NULL;
    map_clear(&watch->keys, NULL);
    free(watch->turn);
    free(watch->bucket);
    free(watch->pattern);
    free(watch);
    return NULL;
}

static struct watch *watch_new(struct link *link, const char *bucket, const char *pattern)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    watch->link = link;
    watch->bucket = strdup(bucket);
    watch->pattern = strdup(pattern);
    watch->users = 1;
    watch->due = CLOCK_NEVER;
    map_init(&watch->keys);
    return watch->bucket && watch->pattern ? watch : watch_free(watch);
}

void watch_release(struct watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->link->lock);
    bool last = --watch->users == 0;
    pthread_mutex_unlock(&watch->link->lock);
    if (last)
        watch_free(watch);
}

/* ---- deliveries [link] ---- */

/* The turn is of no use any more: the keeper makes another, but not in a frenzy. */
static void turn_lose(struct turn *turn)
{
    struct link *link = turn->watch->link;

    pthread_mutex_lock(&link->lock);
    turn->lost = true;
    turn->watch->due = clock_deadline(AGAIN_MS);
    link->tend = true;
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
}

/* That all current values have been told is told once, with no key. */
static void tell_current(struct watch *watch)
{
    struct link_entry entry = { .key = "" };

    if (!watch->tell_current)
        return;
    watch->tell_current = false;
    watch->callback(watch->closure, &entry);
}

/* Tell what has not been told in this turn, and so is gone. */
static void sweep(struct turn *turn)
{
    struct watch *watch = turn->watch;
    const char *key;
    void *told;

    turn->swept = true;
    for (size_t at = 0; map_next(&watch->keys, &at, &key, &told);) {
        if ((uintptr_t)told == turn->index)
            continue;
        struct link_entry entry = { .key = key, .deleted = true };
        watch->callback(watch->closure, &entry);
        map_remove(&watch->keys, key);
    }
    tell_current(watch);
}

static void tell_entry(struct turn *turn, const struct link_entry *entry)
{
    struct watch *watch = turn->watch;

    if (entry->deleted)
        map_remove(&watch->keys, entry->key);
    else /* without memory a key that is gone later may be missed; none is told by mistake */
        map_put(&watch->keys, entry->key, (void *)turn->index);
    watch->callback(watch->closure, entry);
}

/* Note the sign of life; whether the turn still counts. */
static bool turn_hears(struct turn *turn, bool *ret_stands)
{
    struct link *link = turn->watch->link;

    pthread_mutex_lock(&link->lock);
    bool counts = turn->watch->turn == turn && !turn->watch->left && !turn->lost;
    turn->heard = clock_ms();
    *ret_stands = turn->stands;
    pthread_mutex_unlock(&link->lock);
    return counts;
}

static void on_delivery(void *closure, struct link_message *message)
{
    struct turn *turn = closure;
    struct delivery delivery = { 0 };
    enum delivery_kind kind = delivery_read(message, turn->watch->bucket, &delivery);
    bool stands = false;

    if (kind == DELIVERY_OTHER || !turn_hears(turn, &stands))
        return;
    bool counts = kind == DELIVERY_ENTRY || kind == DELIVERY_HEARTBEAT;
    if (kind == DELIVERY_END || (counts && delivery.number != turn->number + (kind == DELIVERY_ENTRY))) {
        turn_lose(turn);
        return;
    }
    if (counts)
        turn->number = delivery.number;
    if (kind == DELIVERY_ENTRY)
        tell_entry(turn, &delivery.entry);
    /* A heartbeat comes when there is nothing to deliver. */
    bool all = kind == DELIVERY_ENTRY ? delivery.pending == 0 : stands || kind == DELIVERY_NOTHING;
    if (all && !turn->swept)
        sweep(turn);
}

/* ---- turns ---- */

/* Of the turn nothing is left: time for the next, or for the end of the watch. */
static void on_turn_gone(void *closure)
{
    struct turn *turn = closure;
    struct watch *watch = turn->watch;
    struct link *link = watch->link;

    free(turn);
    pthread_mutex_lock(&link->lock);
    watch->ending = false;
    if (watch->due == CLOCK_NEVER)
        watch->due = 0;
    if (watch->left)
        subscription_farewell(watch->handle);
    link->tend = true;
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
}

/* Take the turn out, to be ended with turn_end(). The lock is held. */
static struct turn *turn_take(struct watch *watch)
{
    watch->ending = watch->turn != NULL;
    return take(&watch->turn);
}

static void turn_end(struct turn *turn)
{
    if (turn)
        link_unsubscribe(turn->inbox, on_turn_gone);
}

static mesh_status turn_begin(struct watch *watch, char **ret_inbox, mesh_error *err)
{
    struct link *link = watch->link;
    struct turn *turn = calloc(1, sizeof(*turn));
    char *inbox = link_new_inbox(link);
    mesh_status status = turn && inbox ? MESH_OK : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to watch keys");

    if (status == MESH_OK) {
        turn->watch = watch;
        turn->index = ++watch->turns;
        turn->heard = clock_ms();
        status = link_subscribe(link, inbox, NULL, on_delivery, turn, &turn->inbox, err);
    }
    if (status != MESH_OK) {
        free(turn);
        free(inbox);
        return status;
    }
    pthread_mutex_lock(&link->lock);
    watch->turn = turn;
    pthread_mutex_unlock(&link->lock);
    *ret_inbox = inbox;
    return MESH_OK;
}

/* Where there are no current values no delivery would tell so: a message of our own does, in its turn. */
static void say_nothing(struct link *link, const char *inbox)
{
    struct link_outgoing nothing = { .subject = inbox };

    link_publish(link, &nothing, NULL);
}

/* Make the next turn, for who has marked the watch as tended. Blocks. */
static mesh_status set_up(struct watch *watch, mesh_error *err)
{
    struct link *link = watch->link;
    char name[CONSUMER_NAME_SIZE];
    auto_free char *inbox = NULL;
    uint64_t initial = 0;
    bool is_empty = false;
    mesh_status status = turn_begin(watch, &inbox, err);

    consumer_name(name);
    if (status == MESH_OK)
        status = consumer_create(link, watch->bucket, watch->pattern, name, inbox, &initial, err);

    pthread_mutex_lock(&link->lock);
    bool ends = status != MESH_OK || watch->left;
    struct turn *turn = ends ? turn_take(watch) : NULL;
    watch->tended = false;
    if (!ends) {
        watch->turn->stands = true;
        is_empty = initial == 0;
    } else if (!turn && watch->left) {
        subscription_farewell(watch->handle);
    } else {
        watch->due = clock_deadline(AGAIN_MS);
    }
    link->tend = true; /* the keeper looks when it has to come again */
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
    if (is_empty)
        say_nothing(link, inbox);
    turn_end(turn);
    return status;
}

/* ---- the keeper ---- */

/* When the keeper has to look after it. The lock is held. */
static uint64_t next_look(const struct watch *watch)
{
    uint64_t silence = watch->turn ? watch->turn->heard + CONSUMER_HEARTBEAT_MS * HEARTBEATS_MISSED : CLOCK_NEVER;

    return silence < watch->due ? silence : watch->due;
}

/* One that needs the keeper now, marked as tended; or NULL, and when to come again. */
static struct watch *next_due(struct link *link, uint64_t *ret_next)
{
    struct watch *found = NULL;
    uint64_t now = clock_ms();

    *ret_next = CLOCK_NEVER;
    pthread_mutex_lock(&link->lock);
    for (struct watch *each = link->watches; each && !found; each = each->next) {
        uint64_t look = each->tended || each->ending ? CLOCK_NEVER : next_look(each);
        if (look <= now)
            found = each;
        else if (look < *ret_next)
            *ret_next = look;
    }
    if (found) {
        found->tended = true;
        found->due = CLOCK_NEVER;
        found->users++;
    }
    pthread_mutex_unlock(&link->lock);
    return found;
}

/* End the turn it has, or make the one it lacks. */
static mesh_status tend(struct watch *watch)
{
    struct link *link = watch->link;

    pthread_mutex_lock(&link->lock);
    struct turn *turn = turn_take(watch);
    if (turn)
        watch->tended = false;
    pthread_mutex_unlock(&link->lock);
    turn_end(turn);
    return turn ? MESH_OK : set_up(watch, NULL);
}

uint64_t watches_tend(struct link *link, bool all)
{
    struct watch *watch;
    uint64_t next = CLOCK_NEVER;

    pthread_mutex_lock(&link->lock);
    for (struct watch *each = link->watches; all && each; each = each->next)
        each->due = 0;
    pthread_mutex_unlock(&link->lock);
    while (link_is_connected(link) && (watch = next_due(link, &next)) != NULL) {
        mesh_status status = tend(watch);
        watch_release(watch);
        if (status != MESH_OK) /* it may have taken long: see first whether there is news */
            return clock_ms();
    }
    return next;
}

/* ---- for users ---- */

struct turn *watch_leave(struct watch *watch)
{
    for (struct watch **at = &watch->link->watches; *at; at = &(*at)->next) {
        if (*at == watch) {
            *at = watch->next;
            break;
        }
    }
    watch->left = true;
    if (watch->tended || watch->ending)
        return NULL;
    if (!watch->turn)
        subscription_farewell(watch->handle);
    return turn_take(watch);
}

void watch_end_turn(struct turn *turn)
{
    turn_end(turn);
}

/* Without a connection the keeper makes the first turn when there is one. */
static mesh_status first_turn(struct watch *watch, mesh_error *err)
{
    mesh_status status = set_up(watch, err);

    if (status == MESH_OK || link_is_connected(watch->link))
        return status;
    mesh_error_clear(err);
    return MESH_OK;
}

/* Make the handle and join the watches of the link, tended. */
static mesh_status watch_join(struct watch *watch, mesh_error *err)
{
    struct link *link = watch->link;

    watch->handle = subscription_for_watch(link, watch, watch->closure);
    if (!watch->handle)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to watch keys");
    pthread_mutex_lock(&link->lock);
    watch->tended = true;
    watch->users++;
    watch->next = link->watches;
    link->watches = watch;
    pthread_mutex_unlock(&link->lock);
    return MESH_OK;
}

mesh_status nats_keys_watch(struct link *link, const char *bucket, const char *pattern, bool tell_current,
                            link_entry_callback callback, void *closure, struct link_subscription **ret_subscription,
                            mesh_error *err)
{
    mesh_status status = grammar_check_pattern(pattern, err);
    struct watch *watch = status == MESH_OK ? watch_new(link, bucket, pattern) : NULL;

    if (status != MESH_OK)
        return status;
    if (!watch)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to watch '%s' in %s", pattern, bucket);
    watch->tell_current = tell_current;
    watch->callback = callback;
    watch->closure = closure;
    status = watch_join(watch, err);
    if (status != MESH_OK) {
        watch_free(watch);
        return status;
    }
    struct link_subscription *handle = watch->handle;
    status = first_turn(watch, err);
    watch_release(watch);
    if (status != MESH_OK) {
        link_unsubscribe(handle, NULL);
        return mesh_error_prefix(err, status, "watch '%s' in %s", pattern, bucket);
    }
    *ret_subscription = handle;
    return MESH_OK;
}
