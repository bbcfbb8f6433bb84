/* SPDX-License-Identifier: Apache-2.0 */
/* Work that may block, each piece on a thread made for it. */
#include "jobs.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

mesh_status jobs_open(struct jobs *jobs, mesh_error *err)
{
    *jobs = (struct jobs){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    jobs->last = &jobs->ended;
    pthread_mutex_init(&jobs->lock, NULL);
    if (jobs->fd < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot create an event descriptor: %s", strerror(errno));
    return MESH_OK;
}

void jobs_close(struct jobs *jobs)
{
    if (jobs->fd >= 0)
        close(jobs->fd);
    jobs->fd = -1;
    pthread_mutex_destroy(&jobs->lock);
}

static void *job_main(void *closure)
{
    struct job *job = closure;
    struct jobs *jobs = job->jobs;
    pthread_setname_np(pthread_self(), job->name);
    job->run(job);

    pthread_mutex_lock(&jobs->lock);
    job->next = NULL;
    *jobs->last = job;
    jobs->last = &job->next;
    /* Under the lock, so that whoever has collected the last job may close the descriptor. */
    const uint64_t one = 1;
    ssize_t ignored = write(jobs->fd, &one, sizeof(one));
    (void)ignored;
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

bool jobs_start(struct jobs *jobs, struct job *job, const char *thread_name)
{
    job->jobs = jobs;
    snprintf(job->name, sizeof(job->name), "%s", thread_name);
    if (pthread_create(&job->thread, NULL, job_main, job) != 0)
        return false;
    jobs->running++;
    return true;
}

void jobs_collect(struct jobs *jobs)
{
    uint64_t count;
    ssize_t ignored = read(jobs->fd, &count, sizeof(count));
    (void)ignored;
    pthread_mutex_lock(&jobs->lock);
    struct job *ended = jobs->ended;
    jobs->ended = NULL;
    jobs->last = &jobs->ended;
    pthread_mutex_unlock(&jobs->lock);

    while (ended) {
        struct job *job = ended;
        ended = job->next;
        pthread_join(job->thread, NULL);
        jobs->running--;
        job->done(job);
    }
}
