/* SPDX-License-Identifier: Apache-2.0 */
/* Buses in memory: found by their name, kept as long as a link is on them, and the threads that deliver. */
#include "link/memory_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "link/signals.h"

static pthread_mutex_t buses_lock = PTHREAD_MUTEX_INITIALIZER;
static struct memory_bus *buses; /* those with a name */

/* ---- threads ---- */

/* The next in line. The lock is held. */
static struct link_subscription *next_due(struct memory_bus *bus)
{
    struct link_subscription *due = bus->line;

    bus->line = due->behind;
    if (!bus->line)
        bus->line_end = NULL;
    bus->line_len--;
    return due;
}

static void *deliver(void *closure)
{
    struct memory_bus *bus = closure;

    pthread_setname_np(pthread_self(), "mesh-memory");
    pthread_mutex_lock(&bus->lock);
    while (bus->line || !bus->is_stopping) {
        if (bus->line) {
            memory_subscription_deliver(next_due(bus));
            continue;
        }
        bus->idle++;
        pthread_cond_wait(&bus->due, &bus->lock);
        bus->idle--;
    }
    pthread_mutex_unlock(&bus->lock);
    return NULL;
}

/* The lock is held. False: the system has no more. */
static bool start_thread(struct memory_bus *bus)
{
    sigset_t before;

    signals_block(&before);
    bool started = pthread_create(&bus->threads[bus->thread_count], NULL, deliver, bus) == 0;
    signals_restore(&before);
    bus->thread_count += started;
    return started;
}

void memory_subscription_wake(struct link_subscription *subscription)
{
    struct memory_bus *bus = subscription->link->bus;

    if (subscription->is_due)
        return;
    subscription->is_due = true;
    subscription->behind = NULL;
    if (bus->line_end)
        bus->line_end->behind = subscription;
    else
        bus->line = subscription;
    bus->line_end = subscription;
    /* Threads that wait may be on their way to others in the line. */
    if (++bus->line_len > bus->idle && bus->thread_count < bus->thread_max)
        start_thread(bus);
    pthread_cond_signal(&bus->due);
}

static size_t count_threads(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (processors < MEMORY_THREADS_MIN)
        return MEMORY_THREADS_MIN;
    return processors > MEMORY_THREADS_MAX ? MEMORY_THREADS_MAX : (size_t)processors;
}

static void stop_threads(struct memory_bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    bus->is_stopping = true;
    pthread_cond_broadcast(&bus->due);
    pthread_mutex_unlock(&bus->lock);
    for (size_t i = 0; i < bus->thread_count; i++)
        pthread_join(bus->threads[i], NULL);
}

/* ---- a life ---- */

static void bus_free(struct memory_bus *bus)
{
    memory_keys_clear(bus);
    memory_objects_clear(bus);
    map_clear(&bus->topics, free);
    pthread_cond_destroy(&bus->due);
    pthread_cond_destroy(&bus->ended);
    pthread_mutex_destroy(&bus->lock);
    free(bus->heard);
    free(bus->name);
    free(bus);
}

static struct memory_bus *bus_new(const char *name)
{
    struct memory_bus *bus = calloc(1, sizeof(*bus));

    if (!bus || !clock_cond_init(&bus->ended)) {
        free(bus);
        return NULL;
    }
    pthread_mutex_init(&bus->lock, NULL);
    pthread_cond_init(&bus->due, NULL);
    map_init(&bus->topics);
    map_init(&bus->objects);
    memory_keys_init(bus);
    bus->chance = clock_ns() | 1;
    bus->links = 1;
    bus->thread_max = count_threads();
    bus->name = name ? strdup(name) : NULL;
    /* The first thread at once, so that it is known here whether there can be any. */
    pthread_mutex_lock(&bus->lock);
    bool stands = (!name || bus->name) && start_thread(bus);
    pthread_mutex_unlock(&bus->lock);
    if (!stands) {
        bus_free(bus);
        return NULL;
    }
    return bus;
}

static struct memory_bus *find_bus(const char *name)
{
    for (struct memory_bus *bus = buses; bus; bus = bus->next)
        if (strcmp(bus->name, name) == 0)
            return bus;
    return NULL;
}

mesh_status memory_bus_join(const char *name, struct memory_bus **ret_bus, mesh_error *err)
{
    pthread_mutex_lock(&buses_lock);
    struct memory_bus *bus = name ? find_bus(name) : NULL;
    if (bus) {
        bus->links++;
    } else if ((bus = bus_new(name)) != NULL && name) {
        bus->next = buses;
        buses = bus;
    }
    pthread_mutex_unlock(&buses_lock);
    if (!bus)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory, or no thread, for a bus in memory");
    *ret_bus = bus;
    return MESH_OK;
}

static void forget(const struct memory_bus *bus)
{
    struct memory_bus **at = &buses;

    while (*at && *at != bus)
        at = &(*at)->next;
    if (*at)
        *at = bus->next;
}

void memory_bus_leave(struct memory_bus *bus)
{
    pthread_mutex_lock(&buses_lock);
    bool last = --bus->links == 0;
    if (last)
        forget(bus);
    pthread_mutex_unlock(&buses_lock);
    if (!last)
        return;
    stop_threads(bus);
    bus_free(bus);
}
