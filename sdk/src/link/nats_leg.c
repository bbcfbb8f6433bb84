/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legs: what a subscription has on one connection. Each is one subscription of nats.c, and is buried by a thread of its
 * own, the sexton, when nats.c has certainly let go of it.
 */
#include "link/nats_internal.h"

#include <stdlib.h>

enum { BURY_FLUSH_MS = 5000, BURY_AGAIN_MS = 500, DRAINS_AT_A_TIME = 16 };

/* [link] Hold a message back until it is known whether nats.c will tell the end of this leg. */
static bool leg_is_born(struct leg *leg)
{
    struct link *link = leg->link;

    if (atomic_load(&leg->birth) == LEG_UNBORN) {
        pthread_mutex_lock(&link->lock);
        while (atomic_load(&leg->birth) == LEG_UNBORN)
            pthread_cond_wait(&link->graves, &link->lock);
        pthread_mutex_unlock(&link->lock);
    }
    return atomic_load(&leg->birth) == LEG_BORN;
}

/* Nothing that nats.c has received for this leg waits for its callback. */
static bool leg_is_empty(struct leg *leg)
{
    int pending = 0;

    return natsSubscription_GetPending(leg->handle, &pending, NULL) != NATS_OK || pending == 0;
}

static void leg_put(struct leg *leg)
{
    struct link *link = leg->link;

    pthread_mutex_lock(&link->lock);
    leg->busy--;
    pthread_cond_broadcast(&link->graves);
    pthread_mutex_unlock(&link->lock);
}

/* Drain without nats.c, which would wait for a connection: the callbacks see to it when the leg is empty. */
static void leave_when_empty(struct leg *leg)
{
    atomic_store(&leg->leaves_when_empty, true);
    if (leg_is_empty(leg))
        natsSubscription_Unsubscribe(leg->handle);
}

/* The first in line, if there is a place for it among those that drain. */
static struct leg *line_next(struct link *link, bool *ret_connected)
{
    pthread_mutex_lock(&link->lock);
    struct leg *leg = link->draining < DRAINS_AT_A_TIME ? link->line : NULL;
    if (leg) {
        link->line = leg->behind;
        if (!link->line)
            link->line_end = NULL;
        leg->drains = true;
        link->draining++;
        *ret_connected = leg->session->up;
    }
    pthread_mutex_unlock(&link->lock);
    return leg;
}

static void line_join(struct link *link, struct leg *leg)
{
    pthread_mutex_lock(&link->lock);
    leg->behind = NULL;
    if (link->line_end)
        link->line_end->behind = leg;
    else
        link->line = leg;
    link->line_end = leg;
    pthread_mutex_unlock(&link->lock);
}

static void leave_place(struct leg *leg)
{
    struct link *link = leg->link;

    pthread_mutex_lock(&link->lock);
    if (leg->drains) {
        leg->drains = false;
        link->draining--;
        pthread_cond_broadcast(&link->changed);
    }
    pthread_mutex_unlock(&link->lock);
}

/* nats.c has a thread for each drain: a thousand at once stand in line. */
static void line_advance(struct link *link)
{
    struct leg *leg;
    bool connected = false;
    sigset_t before;

    signals_block(&before);
    while ((leg = line_next(link, &connected)) != NULL) {
        if (!connected || natsSubscription_DrainTimeout(leg->handle, 0) != NATS_OK) {
            leave_place(leg);
            leave_when_empty(leg);
        }
        leg_put(leg);
    }
    signals_restore(&before);
}

void leg_leave(struct leg *leg, bool drain)
{
    struct link *link = leg->link;

    if (drain) {
        line_join(link, leg);
        line_advance(link);
    } else {
        natsSubscription_Unsubscribe(leg->handle);
        leg_put(leg);
    }
}

/* [link] After a callback: a leg that leaves when it is empty, if nobody else is about to take it off. */
static void leg_go_on_leaving(struct leg *leg)
{
    struct link *link = leg->link;

    if (!atomic_load(&leg->leaves_when_empty) || !atomic_exchange(&leg->leaves_when_empty, false))
        return;
    pthread_mutex_lock(&link->lock);
    leg->busy++;
    pthread_mutex_unlock(&link->lock);
    leg_leave(leg, true);
}

/* [link] */
static void on_message(natsConnection *nc, natsSubscription *handle, natsMsg *msg, void *closure)
{
    struct leg *leg = closure;
    struct link_message message = { .handle = msg };

    (void)nc;
    (void)handle;
    if (leg_is_born(leg)) {
        leg->owner->callback(leg->owner->closure, &message);
        leg_go_on_leaving(leg);
    }
    link_message_clear(&message);
}

/* Hand a leg to the sexton. The lock is held. */
static void leg_to_graveyard(struct link *link, struct leg *leg)
{
    leg->complete = true;
    leg->next = link->graveyard;
    link->graveyard = leg;
    pthread_cond_broadcast(&link->graves);
}

/* [link] No callback of this leg runs, or will ever run. */
static void on_complete(void *closure)
{
    struct leg *leg = closure;
    struct link *link = leg->link;

    leave_place(leg);
    line_advance(link);
    /* The leg comes last: when all legs are buried, the link may be freed. */
    pthread_mutex_lock(&link->lock);
    subscription_lose_leg(leg->owner, leg);
    leg_to_graveyard(link, leg);
    pthread_mutex_unlock(&link->lock);
}

static natsStatus leg_subscribe(struct leg *leg)
{
    const struct link_subscription *owner = leg->owner;
    natsConnection *nc = leg->session->nc;
    sigset_t before;

    signals_block(&before);
    natsStatus status =
        owner->queue ? natsConnection_QueueSubscribe(&leg->handle, nc, owner->subject, owner->queue, on_message, leg)
                     : natsConnection_Subscribe(&leg->handle, nc, owner->subject, on_message, leg);
    signals_restore(&before);
    return status;
}

natsStatus leg_new(struct link_subscription *owner, struct session *session, struct leg **ret_leg)
{
    struct link *link = session->link;
    struct leg *leg = calloc(1, sizeof(*leg));

    if (!leg)
        return NATS_NO_MEMORY;
    *leg = (struct leg){ .link = link, .session = session, .owner = owner, .busy = 1 };
    natsStatus status = leg_subscribe(leg);
    if (status != NATS_OK) {
        free(leg);
        return status;
    }
    natsSubscription_SetPendingLimits(leg->handle, -1, -1);
    status = natsSubscription_SetOnCompleteCB(leg->handle, on_complete, leg);

    pthread_mutex_lock(&link->lock);
    session->legs++;
    atomic_store(&leg->birth, status == NATS_OK ? LEG_BORN : LEG_STILLBORN);
    if (status != NATS_OK) {
        leg->busy = 0;
        leg_to_graveyard(link, leg);
    }
    pthread_cond_broadcast(&link->graves);
    pthread_mutex_unlock(&link->lock);
    if (status == NATS_OK)
        *ret_leg = leg;
    return status;
}

/* ---- the sexton ---- */

/* Take from the graveyard what can be buried: nobody uses it, and its connection lives (or is closed, as asked). */
static struct leg *exhume(struct link *link, bool closed)
{
    struct leg *found = NULL;

    for (struct leg **at = &link->graveyard; *at;) {
        struct leg *leg = *at;
        if (leg->busy == 0 && leg->session->closed == closed && (closed || leg->session->up)) {
            *at = leg->next;
            leg->next = found;
            found = leg;
        } else {
            at = &leg->next;
        }
    }
    return found;
}

static void return_to_graveyard(struct link *link, struct leg *legs)
{
    while (legs) {
        struct leg *next = legs->next;
        legs->next = link->graveyard;
        link->graveyard = legs;
        legs = next;
    }
}

/* A stillborn leg may still be in the hands of a delivery thread for an instant: it is kept until the end. */
static void bury(struct link *link, struct leg *legs)
{
    while (legs) {
        struct leg *leg = legs;
        legs = leg->next;
        natsSubscription_Destroy(leg->handle);
        pthread_mutex_lock(&link->lock);
        if (--leg->session->legs == 0)
            pthread_cond_broadcast(&link->changed);
        if (atomic_load(&leg->birth) == LEG_STILLBORN) {
            leg->next = link->stillborn;
            link->stillborn = leg;
            leg = NULL;
        }
        pthread_mutex_unlock(&link->lock);
        free(leg);
    }
}

/*
 * nats.c 3.4 reads a message into a subscription that it does not hold: one that is destroyed meanwhile is freed under
 * its hands. When a flush has come back, which is read by the same thread, no message is on its way into it any more.
 */
static bool bury_after_flush(struct link *link, struct leg *legs)
{
    struct session *session = legs->session;

    pthread_mutex_lock(&link->lock);
    session->users++;
    pthread_mutex_unlock(&link->lock);
    bool flushed = natsConnection_FlushTimeout(session->nc, BURY_FLUSH_MS) == NATS_OK;
    if (flushed)
        bury(link, legs);
    session_put(session);
    return flushed;
}

/* One piece of work, if there is one. The lock is held, and given up meanwhile. */
static bool sexton_work(struct link *link, bool *ret_retry)
{
    struct link_subscription *gone = subscription_next_gone(link);
    struct leg *closed = gone ? NULL : exhume(link, true);
    struct leg *alive = gone || closed || *ret_retry ? NULL : exhume(link, false);
    bool flushed = true;

    if (!gone && !closed && !alive)
        return false;
    pthread_mutex_unlock(&link->lock);
    if (gone)
        subscription_tell_gone(gone);
    bury(link, closed);
    if (alive)
        flushed = bury_after_flush(link, alive);
    pthread_mutex_lock(&link->lock);
    if (!flushed) {
        return_to_graveyard(link, alive);
        *ret_retry = true;
    }
    return true;
}

void *sexton_main(void *closure)
{
    struct link *link = closure;

    pthread_mutex_lock(&link->lock);
    for (;;) {
        bool retry = false;
        while (sexton_work(link, &retry))
            continue;
        if (link->buried && !link->graveyard && !link->gone)
            break;
        clock_cond_wait(&link->graves, &link->lock, retry ? clock_deadline(BURY_AGAIN_MS) : CLOCK_NEVER);
    }
    pthread_mutex_unlock(&link->lock);
    return NULL;
}

void legs_clear(struct link *link)
{
    while (link->stillborn) {
        struct leg *leg = link->stillborn;
        link->stillborn = leg->next;
        free(leg);
    }
}
