/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions in memory, watches included: a queue each, and the way from there to the callback. */
#include "link/memory_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "link/grammar.h"
#include "link/memory_subject.h"

enum { DELIVERED_AT_A_TIME = 64 }; /* then the others in the line have their turn */

/* ---- the lists; the lock is held ---- */

static void join_link(struct link_subscription *subscription)
{
    struct link *link = subscription->link;

    subscription->next_of_link = link->subscriptions;
    subscription->previous_of_link = &link->subscriptions;
    if (link->subscriptions)
        link->subscriptions->previous_of_link = &subscription->next_of_link;
    link->subscriptions = subscription;
}

void memory_subscription_enlist(struct link_subscription *subscription, struct link_subscription **list)
{
    subscription->next = *list;
    subscription->previous = list;
    if (*list)
        (*list)->previous = &subscription->next;
    *list = subscription;
    join_link(subscription);
}

/* The topic goes with its last subscription. */
static void forget_topic(struct memory_bus *bus, const char *subject)
{
    const struct memory_topic *topic = map_get(&bus->topics, subject);

    if (topic && !topic->first)
        free(map_remove(&bus->topics, subject));
}

static void delist(struct link_subscription *subscription)
{
    if (!subscription->previous)
        return;
    *subscription->previous = subscription->next;
    if (subscription->next)
        subscription->next->previous = subscription->previous;
    subscription->previous = NULL;
    if (subscription->callback)
        forget_topic(subscription->link->bus, subscription->subject);
}

static void leave_link(const struct link_subscription *subscription)
{
    *subscription->previous_of_link = subscription->next_of_link;
    if (subscription->next_of_link)
        subscription->next_of_link->previous_of_link = subscription->previous_of_link;
}

/* ---- the queue; the lock is held ---- */

void memory_subscription_push(struct link_subscription *subscription, struct memory_message *message)
{
    message->next = NULL;
    if (subscription->last)
        subscription->last->next = message;
    else
        subscription->first = message;
    subscription->last = message;
    memory_subscription_wake(subscription);
}

static struct memory_message *pull(struct link_subscription *subscription)
{
    struct memory_message *message = subscription->first;

    if (!message)
        return NULL;
    subscription->first = message->next;
    if (!subscription->first)
        subscription->last = NULL;
    return message;
}

static void discard(struct link_subscription *subscription)
{
    for (struct memory_message *message; (message = pull(subscription)) != NULL;)
        memory_message_free(message);
}

/* ---- delivery [link] ---- */

static void call(const struct link_subscription *subscription, struct memory_message *message)
{
    if (subscription->callback) {
        struct link_message wrapped = memory_message_wrap(message);
        subscription->callback(subscription->closure, &wrapped);
        link_message_clear(&wrapped);
    } else {
        const struct link_entry entry = { .key = message->subject,
                                          .value = message->is_deleted ? mesh_text(NULL) : message->body,
                                          .revision = message->revision,
                                          .deleted = message->is_deleted };
        subscription->entry_callback(subscription->closure, &entry);
        memory_message_free(message);
    }
}

void memory_subscription_free(struct link_subscription *subscription)
{
    free(subscription->subject);
    free(subscription->queue);
    free(subscription);
}

/* No callback runs or will: tell, and free. The lock is held, and given up meanwhile. */
static void farewell(struct link_subscription *subscription)
{
    struct memory_bus *bus = subscription->link->bus;

    pthread_mutex_unlock(&bus->lock);
    if (subscription->on_gone)
        subscription->on_gone(subscription->closure);
    pthread_mutex_lock(&bus->lock);
    leave_link(subscription);
    memory_subscription_free(subscription);
    pthread_cond_broadcast(&bus->ended);
}

void memory_subscription_deliver(struct link_subscription *subscription)
{
    struct memory_bus *bus = subscription->link->bus;
    struct memory_message *message;

    for (int i = 0; i < DELIVERED_AT_A_TIME; i++) {
        if (subscription->state == MEMORY_LEAVING)
            discard(subscription);
        if (!(message = pull(subscription)))
            break;
        pthread_mutex_unlock(&bus->lock);
        call(subscription, message);
        pthread_mutex_lock(&bus->lock);
    }
    bool is_done = !subscription->first;
    if (is_done && subscription->state != MEMORY_LIVE) {
        farewell(subscription);
        return;
    }
    subscription->is_due = false;
    if (!is_done)
        memory_subscription_wake(subscription);
}

/* ---- subscribe and leave ---- */

mesh_status memory_subscription_new(struct link *link, const char *text, const char *queue,
                                    struct link_subscription **ret_subscription, mesh_error *err)
{
    struct link_subscription *subscription = calloc(1, sizeof(*subscription));

    if (subscription) {
        subscription->ops = link->ops;
        subscription->link = link;
        subscription->subject = strdup(text);
        subscription->queue = queue ? strdup(queue) : NULL;
    }
    if (!subscription || !subscription->subject || (queue && !subscription->queue)) {
        if (subscription)
            memory_subscription_free(subscription);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to subscribe to '%s'", text);
    }
    *ret_subscription = subscription;
    return MESH_OK;
}

/* The topic of a subject, made if there is none. NULL: no memory. The lock is held. */
static struct memory_topic *topic_of(struct memory_bus *bus, const char *subject)
{
    struct memory_topic *topic = map_get(&bus->topics, subject);

    if (topic)
        return topic;
    topic = calloc(1, sizeof(*topic));
    if (topic && !map_put(&bus->topics, subject, topic)) {
        free(topic);
        return NULL;
    }
    return topic;
}

/* Where those who hear the same are. NULL: no memory. The lock is held. */
static struct link_subscription **list_of(struct memory_bus *bus, const char *subject)
{
    if (memory_subject_is_pattern(subject))
        return &bus->patterns;
    struct memory_topic *topic = topic_of(bus, subject);
    return topic ? &topic->first : NULL;
}

mesh_status memory_subscribe(struct link *link, const char *subject, const char *queue, link_callback callback,
                             void *closure, struct link_subscription **ret_subscription, mesh_error *err)
{
    struct link_subscription *subscription = NULL;
    struct memory_bus *bus = link->bus;
    mesh_status status = grammar_check_subscription(subject, queue, err);

    if (status == MESH_OK)
        status = memory_subscription_new(link, subject, queue, &subscription, err);
    if (status != MESH_OK)
        return status;
    subscription->callback = callback;
    subscription->closure = closure;
    pthread_mutex_lock(&bus->lock);
    struct link_subscription **list = list_of(bus, subject);
    if (list) {
        memory_subscription_enlist(subscription, list);
        *ret_subscription = subscription;
    }
    pthread_mutex_unlock(&bus->lock);
    if (list)
        return MESH_OK;
    memory_subscription_free(subscription);
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to subscribe to '%s'", subject);
}

/* The lock is held. */
static void end(struct link_subscription *subscription, enum memory_state state)
{
    delist(subscription);
    subscription->state = state;
    memory_subscription_wake(subscription);
}

static void leave(struct link_subscription *subscription, enum memory_state state, void (*on_gone)(void *closure))
{
    struct memory_bus *bus = subscription->link->bus;

    pthread_mutex_lock(&bus->lock);
    subscription->on_gone = on_gone;
    end(subscription, state);
    pthread_mutex_unlock(&bus->lock);
}

void memory_drain(struct link_subscription *subscription, void (*on_gone)(void *closure))
{
    leave(subscription, MEMORY_DRAINING, on_gone);
}

void memory_unsubscribe(struct link_subscription *subscription, void (*on_gone)(void *closure))
{
    leave(subscription, MEMORY_LEAVING, on_gone);
}

/* End all that have come no further than this state. The lock is held. */
static void end_up_to(const struct link *link, enum memory_state state)
{
    for (struct link_subscription *one = link->subscriptions; one; one = one->next_of_link)
        if (one->state <= state)
            end(one, MEMORY_LEAVING);
}

/* Each time one is gone: its last callback may have made another. */
void memory_subscriptions_end(struct link *link, uint32_t drain_ms)
{
    struct memory_bus *bus = link->bus;
    uint64_t deadline = clock_deadline(drain_ms);

    pthread_mutex_lock(&bus->lock);
    do
        end_up_to(link, MEMORY_LIVE);
    while (link->subscriptions && clock_cond_wait(&bus->ended, &bus->lock, deadline));
    do
        end_up_to(link, MEMORY_DRAINING);
    while (link->subscriptions && clock_cond_wait(&bus->ended, &bus->lock, CLOCK_NEVER));
    pthread_mutex_unlock(&bus->lock);
}
