/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane: jobs of one kind in a bounded queue, begun in order, so many at a time, by the workers of a client. The
 * requests of an agent are a lane; so are the messages of a source, and callbacks.
 *
 * A lane that has jobs waiting and may run one more stands in the list of ready lanes, from which workers take.
 */
#ifndef SERVE_LANE_H
#define SERVE_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"

struct workers;

/* In a struct of the user's. Of run and drop exactly one is called, once, without a lock held; the job is then its own.
 */
struct job {
    struct job *next;
    void (*run)(struct job *job);                   /* [worker] */
    void (*drop)(struct job *job, mesh_status why); /* it will never run */
};

struct lane {
    /* Read-only while open. */
    struct workers *workers;
    const char *title; /* what is in hand, for people: "callbacks"; lent. NULL: its user tells */
    uint32_t width;    /* how many at a time */
    uint32_t max;      /* how many may wait; those that may run at once do not wait */
    bool is_owed;      /* its jobs are never refused for want of a thread: they wait until there is one */

    /* Guarded by the workers' lock. */
    struct lane *next, **at;             /* in the list of all */
    struct lane *next_ready, **ready_at; /* in the list of ready ones; ready_at NULL: not there */
    struct job *first, **last;           /* waiting */
    uint32_t queued, running;
    uint64_t ended;         /* jobs that have run */
    bool is_held;           /* what waits is not begun */
    uint64_t refused_at_ms; /* when it was last told that there is no room */
    uint32_t refused;       /* and how often since */
};

/* Begin; title, width, max and is_owed are set already, the rest is zero. A width or max of UINT32_MAX is no limit. */
void lane_open(struct lane *lane, struct workers *workers);

/* Drop what waits. Afterwards, if nothing runs any more, the lane may be freed; a second time, or never opened, is
 * fine. */
void lane_close(struct lane *lane, mesh_status why);

enum lane_verdict {
    LANE_TAKEN,
    LANE_FULL,
    LANE_CLOSED,    /* the workers have ended */
    LANE_NO_WORKER, /* there is no worker, and none can be had */
};

/* Queue a job, which is taken if that is the verdict. Never blocks. [any-thread] */
enum lane_verdict lane_push(struct lane *lane, struct job *job);
enum lane_verdict lane_push_locked(struct lane *lane, struct job *job); /* under the workers' lock */

/* Under the workers' lock. Put a job before all that wait, however many these are. */
void lane_put_first_locked(struct lane *lane, struct job *job);

/* Under the workers' lock. Begin none of what waits, until it is not held any more. */
void lane_hold_locked(struct lane *lane, bool is_held);

/* Drop everything that waits. */
void lane_drop(struct lane *lane, mesh_status why);

/* Wait until nothing waits or runs; false: the deadline came first. Not from a job of the lane. */
bool lane_drain(struct lane *lane, uint64_t deadline);

/* Count a job that found no room. How many to tell of now: the first at once, then once a second; 0: not now. */
uint32_t lane_refuse(struct lane *lane);

/* Under the workers' lock, for workers: see that it is in the list of ready ones if it should be; its next job. */
void lane_make_ready(struct lane *lane);
struct job *lane_pop_locked(struct lane *lane);

#endif
