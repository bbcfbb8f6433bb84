/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions, which outlive connections: each has a leg on the current one, or is waiting for one. */
#include "link/nats_internal.h"

#include <stdlib.h>
#include <string.h>

#include "link/grammar.h"

/* ---- the lists; the link's lock is held ---- */

static void list_add(struct link_subscription **list, struct link_subscription *subscription)
{
    subscription->next = *list;
    subscription->previous = list;
    if (*list)
        (*list)->previous = &subscription->next;
    *list = subscription;
}

static void list_remove(struct link_subscription *subscription)
{
    *subscription->previous = subscription->next;
    if (subscription->next)
        subscription->next->previous = subscription->previous;
}

static void list_move(struct link_subscription **list, struct link_subscription *subscription)
{
    list_remove(subscription);
    list_add(list, subscription);
}

/* Nothing of it is left: the sexton tells and frees it. */
void subscription_farewell(struct link_subscription *subscription)
{
    struct link *link = subscription->link;

    list_move(&link->gone, subscription);
    pthread_cond_broadcast(&link->graves);
}

void subscription_lose_leg(struct link_subscription *subscription, const struct leg *leg)
{
    if (subscription->leg != leg)
        return;
    subscription->leg = NULL;
    if (subscription->state == SUBSCRIPTION_LIVE)
        list_move(&subscription->link->loose, subscription);
    else
        subscription_farewell(subscription);
}

static struct link_subscription *subscription_free(struct link_subscription *subscription)
{
    if (!subscription)
        return NULL;
    watch_release(subscription->watch);
    free(subscription->subject);
    free(subscription->queue);
    free(subscription);
    return NULL;
}

/* The lock is held. */
struct link_subscription *subscription_next_gone(struct link *link)
{
    struct link_subscription *gone = link->gone;

    if (gone)
        list_remove(gone);
    return gone;
}

void subscription_tell_gone(struct link_subscription *subscription)
{
    if (subscription->on_gone)
        subscription->on_gone(subscription->closure);
    subscription_free(subscription);
}

/* ---- attaching ---- */

/* When there is no leg after all: one that was ended meanwhile is gone, one that lives waits. The lock is held. */
static void stay_without_leg(struct link_subscription *subscription)
{
    if (subscription->state != SUBSCRIPTION_LIVE)
        subscription_farewell(subscription);
    else
        list_move(&subscription->link->loose, subscription);
}

/*
 * Give the subscription a leg on this session. The caller has set `attaching`. When that fails though the connection
 * lives, a fresh one is left to the caller; else it waits for the next session.
 */
static natsStatus attach(struct link_subscription *subscription, struct session *session, bool fresh)
{
    struct link *link = subscription->link;
    struct leg *leg = NULL;
    natsStatus status = leg_new(subscription, session, &leg);

    if (status != NATS_OK && natsConnection_IsClosed(session->nc))
        status = NATS_OK;
    pthread_mutex_lock(&link->lock);
    bool ended = subscription->state != SUBSCRIPTION_LIVE;
    bool drain = subscription->state == SUBSCRIPTION_DRAINING;
    bool lives = leg && !leg->complete;
    subscription->attaching = false;
    if (lives)
        subscription->leg = leg;
    else if (status == NATS_OK || !fresh)
        stay_without_leg(subscription);
    if (leg && !(lives && ended))
        leg->busy--;
    pthread_cond_broadcast(&link->graves);
    pthread_mutex_unlock(&link->lock);
    if (lives && ended)
        leg_leave(leg, drain);
    return status;
}

/* The next one without a leg, marked as being attached. */
static struct link_subscription *next_loose(struct link *link)
{
    pthread_mutex_lock(&link->lock);
    struct link_subscription *loose = link->stopping ? NULL : link->loose;
    if (loose) {
        loose->attaching = true;
        list_move(&link->subscriptions, loose);
    }
    pthread_mutex_unlock(&link->lock);
    return loose;
}

bool subscriptions_attach(struct link *link, struct session *session)
{
    struct link_subscription *loose;

    while (!natsConnection_IsClosed(session->nc) && (loose = next_loose(link)) != NULL)
        if (attach(loose, session, false) != NATS_OK)
            return false;
    return true;
}

/* ---- subscribe and leave ---- */

static struct link_subscription *subscription_new(struct link *link, const char *subject, const char *queue)
{
    struct link_subscription *subscription = calloc(1, sizeof(*subscription));

    if (!subscription)
        return NULL;
    subscription->ops = link->ops;
    subscription->link = link;
    subscription->subject = strdup(subject);
    subscription->queue = queue ? strdup(queue) : NULL;
    if (!subscription->subject || (queue && !subscription->queue))
        return subscription_free(subscription);
    return subscription;
}

/* Put it in the list, and take the session that it can be attached to, if there is one. */
static struct session *enlist(struct link *link, struct link_subscription *subscription)
{
    pthread_mutex_lock(&link->lock);
    struct session *session = link->session;
    list_add(session ? &link->subscriptions : &link->loose, subscription);
    subscription->attaching = session != NULL;
    if (session)
        session->users++;
    pthread_mutex_unlock(&link->lock);
    return session;
}

mesh_status nats_subscribe(struct link *link, const char *subject, const char *queue, link_callback callback,
                           void *closure, struct link_subscription **ret_subscription, mesh_error *err)
{
    natsStatus attached = NATS_OK;

    /* Not left to nats.c: without a connection it cannot be asked. */
    mesh_status status = grammar_check_subscription(subject, queue, err);
    if (status != MESH_OK)
        return status;
    struct link_subscription *subscription = subscription_new(link, subject, queue);
    if (!subscription)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to subscribe to '%s'", subject);
    subscription->callback = callback;
    subscription->closure = closure;

    struct session *session = enlist(link, subscription);
    if (session) {
        attached = attach(subscription, session, true);
        session_put(session);
    }
    if (attached != NATS_OK) {
        pthread_mutex_lock(&link->lock);
        list_remove(subscription);
        pthread_mutex_unlock(&link->lock);
        subscription_free(subscription);
        return mesh_error_set(err, status_from_nats(attached, NULL, ""), "cannot subscribe to '%s': %s", subject,
                              natsStatus_GetText(attached));
    }
    *ret_subscription = subscription;
    return MESH_OK;
}

struct link_subscription *subscription_for_watch(struct link *link, struct watch *watch, void *closure)
{
    struct link_subscription *subscription = calloc(1, sizeof(*subscription));

    if (!subscription)
        return NULL;
    subscription->ops = link->ops;
    subscription->link = link;
    subscription->watch = watch;
    subscription->closure = closure;
    pthread_mutex_lock(&link->lock);
    list_add(&link->subscriptions, subscription);
    pthread_mutex_unlock(&link->lock);
    return subscription;
}

static void leave(struct link_subscription *subscription, enum subscription_state state, void (*on_gone)(void *closure))
{
    struct link *link = subscription->link;
    struct turn *turn = NULL;

    pthread_mutex_lock(&link->lock);
    subscription->state = state;
    subscription->on_gone = on_gone;
    struct leg *leg = subscription->leg;
    if (leg)
        leg->busy++;
    else if (subscription->watch)
        turn = watch_leave(subscription->watch);
    else if (!subscription->attaching)
        subscription_farewell(subscription);
    pthread_mutex_unlock(&link->lock);
    if (leg)
        leg_leave(leg, state == SUBSCRIPTION_DRAINING);
    watch_end_turn(turn);
}

void nats_drain(struct link_subscription *subscription, void (*on_gone)(void *closure))
{
    leave(subscription, SUBSCRIPTION_DRAINING, on_gone);
}

void nats_unsubscribe(struct link_subscription *subscription, void (*on_gone)(void *closure))
{
    leave(subscription, SUBSCRIPTION_LEAVING, on_gone);
}

static void list_clear(struct link_subscription **list)
{
    while (*list) {
        struct link_subscription *subscription = *list;
        list_remove(subscription);
        subscription_free(subscription);
    }
}

void subscriptions_clear(struct link *link)
{
    list_clear(&link->subscriptions);
    list_clear(&link->loose);
}
