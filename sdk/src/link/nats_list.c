/* SPDX-License-Identifier: Apache-2.0 */
/* All current keys of a bucket at once: gathered whole, so that each is told once, then told to the caller. */
#include "link/nats_internal.h"

#include <stdlib.h>
#include <string.h>

#include "link/grammar.h"

enum { TRIES = 3 };

struct list {
    struct link *link;
    const char *bucket; /* lent while the caller waits */
    char consumer[CONSUMER_NAME_SIZE];
    /* Guarded by the link's lock. */
    struct link_message *messages;
    size_t count, capacity;
    bool complete;
    bool broken; /* something was lost on the way */
    bool no_memory;
    bool abandoned; /* the caller is gone */
};

static bool list_keep(struct list *list, struct link_message *message)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        void *grown = realloc(list->messages, capacity * sizeof(*list->messages));
        if (!grown)
            return false;
        list->messages = grown;
        list->capacity = capacity;
    }
    list->messages[list->count++] = *message;
    message->handle = NULL;
    return true;
}

/* The lock is held. */
static void list_add(struct list *list, struct link_message *message)
{
    struct delivery delivery = { 0 };
    enum delivery_kind kind = delivery_read(message, list->bucket, &delivery);

    if (kind == DELIVERY_HEARTBEAT && delivery.number == list->count)
        list->complete = true; /* nothing is left to deliver */
    else if (kind == DELIVERY_HEARTBEAT || kind == DELIVERY_END)
        list->broken = true;
    if (kind != DELIVERY_ENTRY)
        return;
    if (delivery.number != list->count + 1)
        list->broken = true;
    else if (!list_keep(list, message))
        list->no_memory = true;
    else if (delivery.pending == 0)
        list->complete = true;
}

/* [link] */
static void on_delivery(void *closure, struct link_message *message)
{
    struct list *list = closure;
    struct link *link = list->link;

    pthread_mutex_lock(&link->lock);
    if (!list->abandoned && !list->complete)
        list_add(list, message);
    pthread_cond_broadcast(&link->answered);
    pthread_mutex_unlock(&link->lock);
}

static void list_free(void *closure)
{
    struct list *list = closure;

    for (size_t i = 0; i < list->count; i++)
        link_message_clear(&list->messages[i]);
    free(list->messages);
    free(list);
}

/* Wait for the rest, as long as something keeps coming. The lock is held. */
static mesh_status await_all(struct list *list, unsigned long drops, mesh_error *err)
{
    struct link *link = list->link;
    size_t seen = list->count;
    uint64_t deadline = clock_deadline(LINK_SERVER_ANSWER_MS);

    while (!list->complete && !list->broken && !list->no_memory && link->drops == drops && !link->stopping) {
        if (list->count != seen) {
            seen = list->count;
            deadline = clock_deadline(LINK_SERVER_ANSWER_MS);
        }
        if (clock_ms() >= deadline)
            return mesh_error_set(err, MESH_E_TIMEOUT, "no keys from the server within %d ms", LINK_SERVER_ANSWER_MS);
        clock_cond_wait(&link->answered, &link->lock, deadline);
    }
    if (list->no_memory)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the keys");
    if (!list->complete)
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "the connection to %s was lost", link->shown_url);
    return MESH_OK;
}

static void list_tell(const struct list *list, link_entry_callback callback, void *closure)
{
    for (size_t i = 0; i < list->count; i++) {
        struct delivery delivery = { 0 };
        if (delivery_read(&list->messages[i], list->bucket, &delivery) == DELIVERY_ENTRY && !delivery.entry.deleted)
            callback(closure, &delivery.entry);
    }
}

static mesh_status list_gather(struct list *list, const char *pattern, const char *inbox, mesh_error *err)
{
    struct link *link = list->link;
    uint64_t initial = 0;

    pthread_mutex_lock(&link->lock);
    unsigned long drops = link->drops;
    pthread_mutex_unlock(&link->lock);
    mesh_status status = consumer_create(link, list->bucket, pattern, list->consumer, inbox, &initial, err);
    if (status != MESH_OK)
        return status;
    pthread_mutex_lock(&link->lock);
    if (initial == 0)
        list->complete = true;
    status = await_all(list, drops, err);
    pthread_mutex_unlock(&link->lock);
    consumer_delete(link, list->bucket, list->consumer);
    return status;
}

/* One try with a consumer of its own; *ret_again: something was lost, and another try is worth it. */
static mesh_status list_once(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                             void *closure, bool *ret_again, mesh_error *err)
{
    struct list *list = calloc(1, sizeof(*list));
    struct link_subscription *subscription = NULL;
    char *inbox = link_new_inbox(link);
    mesh_status status = MESH_OK;

    if (!list || !inbox)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the keys");
    if (status == MESH_OK) {
        list->link = link;
        list->bucket = bucket;
        consumer_name(list->consumer);
        status = link_subscribe(link, inbox, NULL, on_delivery, list, &subscription, err);
    }
    if (status != MESH_OK) {
        free(list);
        free(inbox);
        return status;
    }
    status = list_gather(list, pattern, inbox, err);
    pthread_mutex_lock(&link->lock);
    list->abandoned = true;
    *ret_again = list->broken;
    pthread_mutex_unlock(&link->lock);
    if (status == MESH_OK)
        list_tell(list, callback, closure);
    free(inbox);
    link_unsubscribe(subscription, list_free);
    return status;
}

mesh_status nats_keys_each(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                           void *closure, mesh_error *err)
{
    mesh_status status = grammar_check_pattern(pattern, err);
    bool again = status == MESH_OK;

    for (int i = 0; i < TRIES && again; i++) {
        mesh_error_clear(err);
        again = false;
        status = list_once(link, bucket, pattern, callback, closure, &again, err);
    }
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "list '%s' in %s", pattern, bucket);
}
