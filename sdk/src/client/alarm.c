/* SPDX-License-Identifier: Apache-2.0 */
#include "client/alarm.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"

/* ---- the heap ---- */

static void put(struct alarms *alarms, size_t place, struct alarm *alarm)
{
    alarms->heap[place] = alarm;
    alarm->place = place;
}

static void rise(struct alarms *alarms, size_t place, struct alarm *alarm)
{
    for (; place > 1 && alarms->heap[place / 2]->due > alarm->due; place /= 2)
        put(alarms, place, alarms->heap[place / 2]);
    put(alarms, place, alarm);
}

static size_t earlier_child(const struct alarms *alarms, size_t place)
{
    size_t left = 2 * place, right = left + 1;
    return right <= alarms->count && alarms->heap[right]->due < alarms->heap[left]->due ? right : left;
}

static void sink(struct alarms *alarms, size_t place, struct alarm *alarm)
{
    while (2 * place <= alarms->count) {
        size_t child = earlier_child(alarms, place);
        if (alarms->heap[child]->due >= alarm->due)
            break;
        put(alarms, place, alarms->heap[child]);
        place = child;
    }
    put(alarms, place, alarm);
}

/* To the place where it belongs by its time, beginning at one that is free. */
static void settle_at(struct alarms *alarms, size_t place, struct alarm *alarm)
{
    if (place > 1 && alarms->heap[place / 2]->due > alarm->due)
        rise(alarms, place, alarm);
    else
        sink(alarms, place, alarm);
}

static bool make_room(struct alarms *alarms)
{
    if (alarms->count + 1 < alarms->capacity)
        return true;
    size_t capacity = alarms->capacity ? alarms->capacity * 2 : 64;
    struct alarm **grown = realloc(alarms->heap, capacity * sizeof(struct alarm *));
    if (!grown)
        return false;
    alarms->heap = grown;
    alarms->capacity = capacity;
    return true;
}

void alarm_unset(struct alarms *alarms, struct alarm *alarm)
{
    size_t place = alarm->place;
    if (place == 0)
        return;
    struct alarm *last = alarms->heap[alarms->count--];
    alarm->place = 0;
    if (last != alarm)
        settle_at(alarms, place, last);
}

/* ---- the thread ---- */

static void *clock_main(void *closure)
{
    struct alarms *alarms = closure;
    pthread_setname_np(pthread_self(), "mesh-alarms");
    pthread_mutex_lock(alarms->lock);
    while (!alarms->closing) {
        struct alarm *next = alarms->count > 0 ? alarms->heap[1] : NULL;
        if (next && next->due <= clock_ms()) {
            alarm_unset(alarms, next);
            next->ring(next);
            continue;
        }
        alarms->sleeps_until = next ? next->due : CLOCK_NEVER;
        clock_cond_wait(&alarms->changed, alarms->lock, alarms->sleeps_until);
    }
    pthread_mutex_unlock(alarms->lock);
    return NULL;
}

/* Threads of ours leave all signals to the program. */
static bool has_clock(struct alarms *alarms)
{
    if (alarms->has_thread)
        return true;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    alarms->has_thread = pthread_create(&alarms->thread, NULL, clock_main, alarms) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return alarms->has_thread;
}

bool alarm_set(struct alarms *alarms, struct alarm *alarm, uint64_t due)
{
    if (alarm->place == 0) {
        if (!make_room(alarms) || !has_clock(alarms))
            return false;
        alarm->due = due;
        rise(alarms, ++alarms->count, alarm);
    } else {
        alarm->due = due;
        settle_at(alarms, alarm->place, alarm);
    }
    if (due < alarms->sleeps_until)
        pthread_cond_signal(&alarms->changed);
    return true;
}

/* ---- life ---- */

bool alarms_init(struct alarms *alarms, pthread_mutex_t *lock)
{
    *alarms = (struct alarms){ .lock = lock };
    return clock_cond_init(&alarms->changed);
}

void alarms_clear(struct alarms *alarms)
{
    pthread_mutex_lock(alarms->lock);
    alarms->closing = true;
    pthread_cond_signal(&alarms->changed);
    pthread_mutex_unlock(alarms->lock);
    if (alarms->has_thread)
        pthread_join(alarms->thread, NULL);
    pthread_cond_destroy(&alarms->changed);
    free(alarms->heap);
}
