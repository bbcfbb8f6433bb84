/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing in memory: who hears a message, one of each queue group, and what the sender is told when nobody does. */
#include "link/memory_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "link/grammar.h"
#include "link/memory_subject.h"

/* ---- who hears it; the lock is held ---- */

static bool add_hearer(struct memory_bus *bus, size_t *count, struct link_subscription *subscription)
{
    if (*count == bus->heard_capacity) {
        size_t capacity = bus->heard_capacity ? bus->heard_capacity * 2 : 16;
        void *grown = realloc(bus->heard, capacity * sizeof(struct link_subscription *));
        if (!grown)
            return false;
        bus->heard = grown;
        bus->heard_capacity = capacity;
    }
    bus->heard[(*count)++] = subscription;
    return true;
}

/* Everybody whose subject matches, in bus->heard. only: of this link, NULL for all. */
static bool find_hearers(struct memory_bus *bus, const char *subject, const struct link *only, size_t *ret_count)
{
    const struct memory_topic *topic = map_get(&bus->topics, subject);
    bool ok = true;

    *ret_count = 0;
    for (struct link_subscription *one = topic ? topic->first : NULL; one && ok; one = one->next)
        if (!only || one->link == only)
            ok = add_hearer(bus, ret_count, one);
    for (struct link_subscription *one = bus->patterns; one && ok; one = one->next)
        if ((!only || one->link == only) && memory_subject_matches(one->subject, subject))
            ok = add_hearer(bus, ret_count, one);
    return ok;
}

/* A number below limit, each as likely (xorshift). */
static size_t choose(struct memory_bus *bus, size_t limit)
{
    bus->chance ^= bus->chance << 13;
    bus->chance ^= bus->chance >> 7;
    bus->chance ^= bus->chance << 17;
    return (size_t)(bus->chance % limit);
}

static bool is_member(const struct link_subscription *one, const char *group)
{
    return one && one->queue && strcmp(one->queue, group) == 0;
}

/* Of the group to which bus->heard[first] belongs one member stays; where the others were there is NULL. */
static void choose_member(struct memory_bus *bus, size_t first, size_t count)
{
    const char *group = bus->heard[first]->queue;
    size_t members = 0, chosen = first;

    for (size_t i = first; i < count; i++)
        if (is_member(bus->heard[i], group) && choose(bus, ++members) == 0)
            chosen = i;
    for (size_t i = first; i < count; i++)
        if (i != chosen && is_member(bus->heard[i], group))
            bus->heard[i] = NULL;
}

/* ---- delivering; the lock is held ---- */

/*
 * Each has a piece of its own; the first one takes the piece given, from which the others are still copied: nothing
 * leaves a queue without the lock. False: no memory for all of them.
 */
static bool deliver(struct memory_bus *bus, struct memory_message *made, size_t count)
{
    bool is_taken = false, ok = true;

    for (size_t i = 0; i < count; i++) {
        if (bus->heard[i] && bus->heard[i]->queue)
            choose_member(bus, i, count);
        if (!bus->heard[i])
            continue;
        struct memory_message *piece = is_taken ? memory_message_copy(made) : made;
        if (piece)
            memory_subscription_push(bus->heard[i], piece);
        ok = ok && piece;
        is_taken = true;
    }
    return ok;
}

/* As a server does: only the asker's own link is told. */
static bool tell_nobody_hears(struct link *link, const char *reply)
{
    const struct link_outgoing empty = { .subject = reply };
    struct memory_message *notice = memory_message_new(&empty);
    size_t count = 0;

    if (!notice)
        return false;
    notice->is_no_responders = true;
    bool ok = find_hearers(link->bus, reply, link, &count);
    if (ok && count > 0)
        return deliver(link->bus, notice, count);
    memory_message_free(notice);
    return ok;
}

mesh_status memory_publish(struct link *link, const struct link_outgoing *message, mesh_error *err)
{
    struct memory_bus *bus = link->bus;
    size_t count = 0;
    mesh_status status = grammar_check_outgoing(message, MEMORY_PAYLOAD_MAX, err);
    struct memory_message *made = status == MESH_OK ? memory_message_new(message) : NULL;

    if (status != MESH_OK)
        return status;
    pthread_mutex_lock(&bus->lock);
    bool ok = made && find_hearers(bus, message->subject, NULL, &count);
    if (ok && count > 0)
        ok = deliver(bus, take(&made), count);
    else if (ok && message->reply)
        ok = tell_nobody_hears(link, message->reply);
    pthread_mutex_unlock(&bus->lock);
    memory_message_free(made);
    return ok ? MESH_OK : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to publish to '%s'", message->subject);
}
