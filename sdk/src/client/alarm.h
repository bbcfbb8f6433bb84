/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms: any number of moments at which something is to be done, and one thread that wakes for the next. */
#ifndef CLIENT_ALARM_H
#define CLIENT_ALARM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In a struct of the user's; start with zeroes. */
struct alarm {
    void (*ring)(struct alarm *alarm); /* under the lock; the alarm is no longer set */
    uint64_t due;
    size_t place; /* in the heap, from 1; 0: not set */
};

/* All of it is guarded by the user's lock, which is held for alarm_set(), alarm_unset() and while one rings. */
struct alarms {
    pthread_mutex_t *lock; /* lent */
    pthread_cond_t changed;
    struct alarm **heap; /* from 1: the parent of n is n / 2, and due no later */
    size_t count, capacity;
    uint64_t sleeps_until; /* of the thread: one that is due later need not wake it */
    pthread_t thread;
    bool has_thread, closing;
};

bool alarms_init(struct alarms *alarms, pthread_mutex_t *lock); /* false: the system has no more condition variables */
void alarms_clear(struct alarms *alarms); /* without the lock; ends the thread. None rings any more */

/* Set an alarm, or move it. False: no memory, or no thread to be had; never when it is moved. */
bool alarm_set(struct alarms *alarms, struct alarm *alarm, uint64_t due);
void alarm_unset(struct alarms *alarms, struct alarm *alarm); /* fine if it is not set */

#endif
