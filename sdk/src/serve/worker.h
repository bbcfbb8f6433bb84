/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers of a client: threads that run the jobs of its lanes.
 *
 * A worker takes the first of the ready lanes and runs one job of it. Workers start when a lane is ready and none is
 * idle, and end when idle. A worker that waits inside one of our own functions does not count against the maximum, so
 * that chains of calls deeper than the maximum do not lock each other out.
 */
#ifndef SERVE_WORKER_H
#define SERVE_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lane;

struct workers {
    /* Read-only after workers_init(). */
    const char *name;   /* of the threads; lent */
    atomic_uint *total; /* threads of all clients, counted here; lent */
    uint32_t max, total_max;
    void (*on_thread)(void); /* first on each of them; NULL: nothing */
    bool is_manual; /* jobs run only in workers_dispatch() and in those who wait for them */

    /* Guarded by lock, which also guards all lanes. */
    pthread_mutex_t lock;
    pthread_cond_t work;  /* for workers: a lane is ready, or it is time to end */
    pthread_cond_t quiet; /* for those who wait until nothing is in hand */
    struct lane *lanes, **last_lane;
    struct lane *first_ready, **last_ready;
    uint32_t ready, threads, idle, blocked, guests;
    uint32_t running, queued; /* jobs of all lanes */
    int fd;                   /* readable while a lane is ready; -1 until asked for */
    bool closing, abandoned;
    pthread_t exited; /* the last worker that ended, still to be joined */
    bool has_exited;
};

/* name, total, max, total_max and is_manual are set already, the rest is zero. False: the system has no more condition
 * variables. */
bool workers_init(struct workers *workers);
void workers_clear(struct workers *workers); /* none is left */

/* Under the lock. See that somebody takes what is ready; a first worker that is owed is started over the total. False:
 * there is no worker, and none can be had. */
bool workers_call(struct workers *workers, bool is_owed);

/* Under the lock. Wait for a job to end, or something else that is worth a look; false: the deadline has come. */
bool workers_wait(struct workers *workers, uint64_t deadline);

/* Take no more jobs and end. False: some did not come back by the deadline, and are left to themselves, so that what
 * they use must stay where it is. */
bool workers_close(struct workers *workers, uint64_t deadline);

/* Begin a guest, which ends with worker_leave(). False: no thread can be had. count, lent until then, counts its user's
 * guests, under the lock. */
bool workers_invite(struct workers *workers, uint32_t *count, void *(*main)(void *closure), void *closure);
void worker_enter(const struct workers *workers, const char *name); /* the first that a guest does */
void worker_leave(struct workers *workers, uint32_t *count);

/* Run what is ready, waiting for the first job until the deadline. False: none came. Where jobs run by hand. */
bool workers_dispatch(struct workers *workers, uint64_t deadline);

/* A descriptor that is readable while a job is ready, where jobs run by hand; -1: none to be had. */
int workers_fd(struct workers *workers);

/* Whether the calling worker waits in one of our functions. Nothing for other threads. */
void worker_blocks(bool blocks);

#endif
