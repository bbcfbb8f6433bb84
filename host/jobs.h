/* SPDX-License-Identifier: Apache-2.0 */
/* Work that may block, each piece on a thread made for it; what has ended comes back to the main thread. */
#ifndef HOST_JOBS_H
#define HOST_JOBS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <agentmesh/error.h>

/* Embed it as the first member of what the work is about. */
struct job {
    void (*run)(struct job *job);  /* [its thread] */
    void (*done)(struct job *job); /* [main] after run; the job is given back */
    /* Of jobs.c. */
    struct jobs *jobs;
    struct job *next;
    pthread_t thread;
    char name[16];
};

struct jobs {
    int fd;         /* readable when a job has ended */
    size_t running; /* [main] started and not yet collected */
    /* Guarded by lock. */
    pthread_mutex_t lock;
    struct job *ended, **last;
};

mesh_status jobs_open(struct jobs *jobs, mesh_error *err); /* [main] */
void jobs_close(struct jobs *jobs);                        /* [main] none is running */

/* Begin; job is taken, until done() gives it back. False: no thread is to be had, and the job is the caller's. [main]
 */
bool jobs_start(struct jobs *jobs, struct job *job, const char *thread_name);

/* Call done() of all that have ended. [main] */
void jobs_collect(struct jobs *jobs);

#endif
