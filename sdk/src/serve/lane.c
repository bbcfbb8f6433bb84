/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/lane.h"

#include "base/clock.h"
#include "serve/worker.h"

enum { TELL_EVERY_MS = 1000 };

void lane_open(struct lane *lane, struct workers *workers)
{
    lane->workers = workers;
    lane->last = &lane->first;
    pthread_mutex_lock(&workers->lock);
    lane->at = workers->last_lane;
    *lane->at = lane;
    workers->last_lane = &lane->next;
    pthread_mutex_unlock(&workers->lock);
}

static void leave_ready(struct lane *lane)
{
    struct workers *workers = lane->workers;
    if (!lane->ready_at)
        return;
    *lane->ready_at = lane->next_ready;
    *(lane->next_ready ? &lane->next_ready->ready_at : &workers->last_ready) = lane->ready_at;
    lane->ready_at = NULL;
    workers->ready--;
}

void lane_make_ready(struct lane *lane)
{
    struct workers *workers = lane->workers;
    if (lane->ready_at || lane->queued == 0 || lane->running >= lane->width || lane->is_held)
        return;
    lane->next_ready = NULL;
    lane->ready_at = workers->last_ready;
    *lane->ready_at = lane;
    workers->last_ready = &lane->next_ready;
    workers->ready++;
}

struct job *lane_pop_locked(struct lane *lane)
{
    struct job *job = lane->first;
    if (!job)
        return NULL;
    lane->first = job->next;
    if (!lane->first)
        lane->last = &lane->first;
    lane->queued--;
    lane->workers->queued--;
    leave_ready(lane);
    return job;
}

void lane_hold_locked(struct lane *lane, bool is_held)
{
    lane->is_held = is_held;
    if (is_held) {
        leave_ready(lane);
    } else {
        lane_make_ready(lane);
        workers_call(lane->workers, true); /* what waits has been taken already */
    }
}

/* One that may run none for a while has the room of one that may. */
static bool is_full(const struct lane *lane)
{
    uint32_t width = lane->width > 0 ? lane->width : 1;
    return lane->queued >= (uint64_t)lane->max + width - lane->running;
}

enum lane_verdict lane_push_locked(struct lane *lane, struct job *job)
{
    struct workers *workers = lane->workers;
    if (workers->closing)
        return LANE_CLOSED;
    if (is_full(lane))
        return LANE_FULL;
    job->next = NULL;
    *lane->last = job;
    lane->last = &job->next;
    lane->queued++;
    workers->queued++;
    lane_make_ready(lane);
    if (workers_call(workers, lane->is_owed) || lane->is_owed || lane->is_held || lane->queued > 1)
        return LANE_TAKEN;
    lane_pop_locked(lane); /* there is no worker at all, and nothing waits for one but this */
    return LANE_NO_WORKER;
}

void lane_put_first_locked(struct lane *lane, struct job *job)
{
    job->next = lane->first;
    lane->first = job;
    if (!job->next)
        lane->last = &job->next;
    lane->queued++;
    lane->workers->queued++;
    lane_make_ready(lane);
    workers_call(lane->workers, true);
}

enum lane_verdict lane_push(struct lane *lane, struct job *job)
{
    pthread_mutex_lock(&lane->workers->lock);
    enum lane_verdict verdict = lane_push_locked(lane, job);
    pthread_mutex_unlock(&lane->workers->lock);
    return verdict;
}

void lane_drop(struct lane *lane, mesh_status why)
{
    struct workers *workers = lane->workers;
    pthread_mutex_lock(&workers->lock);
    for (struct job *job; (job = lane_pop_locked(lane));) {
        pthread_mutex_unlock(&workers->lock);
        job->drop(job, why);
        pthread_mutex_lock(&workers->lock);
    }
    pthread_cond_broadcast(&workers->quiet);
    pthread_mutex_unlock(&workers->lock);
}

void lane_close(struct lane *lane, mesh_status why)
{
    struct workers *workers = lane->workers;
    if (!lane->at)
        return;
    lane_drop(lane, why);
    pthread_mutex_lock(&workers->lock);
    *lane->at = lane->next;
    *(lane->next ? &lane->next->at : &workers->last_lane) = lane->at;
    lane->at = NULL;
    pthread_mutex_unlock(&workers->lock);
}

bool lane_drain(struct lane *lane, uint64_t deadline)
{
    struct workers *workers = lane->workers;
    pthread_mutex_lock(&workers->lock);
    while (lane->queued + lane->running > 0 && workers_wait(workers, deadline))
        ;
    bool quiet = lane->queued + lane->running == 0;
    pthread_mutex_unlock(&workers->lock);
    return quiet;
}

uint32_t lane_refuse(struct lane *lane)
{
    uint64_t now = clock_ms();
    pthread_mutex_lock(&lane->workers->lock);
    uint32_t refused = ++lane->refused;
    bool tell = now - lane->refused_at_ms >= TELL_EVERY_MS;
    if (tell) {
        lane->refused_at_ms = now;
        lane->refused = 0;
    }
    pthread_mutex_unlock(&lane->workers->lock);
    return tell ? refused : 0;
}
