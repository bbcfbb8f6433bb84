/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/worker.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "link/signals.h"
#include "serve/lane.h"

enum { IDLE_MS = 10000 };

static _Thread_local struct workers *current; /* of a worker */

bool workers_init(struct workers *workers)
{
    workers->fd = -1;
    workers->last_lane = &workers->lanes;
    workers->last_ready = &workers->first_ready;
    if (!clock_cond_init(&workers->work))
        return false;
    if (!clock_cond_init(&workers->quiet)) {
        pthread_cond_destroy(&workers->work);
        return false;
    }
    pthread_mutex_init(&workers->lock, NULL);
    return true;
}

void workers_clear(struct workers *workers)
{
    pthread_cond_destroy(&workers->work);
    pthread_cond_destroy(&workers->quiet);
    pthread_mutex_destroy(&workers->lock);
    if (workers->fd >= 0)
        close(workers->fd);
}

/* Signals are the program's, but a handler that faults must be able to tell. */
static bool start_thread(void *(*main)(void *closure), void *closure)
{
    sigset_t before;
    pthread_t thread;
    signals_block(&before);
    bool started = pthread_create(&thread, NULL, main, closure) == 0;
    signals_restore(&before);
    return started;
}

static void *worker_main(void *closure);

static bool start_worker(struct workers *workers)
{
    if (!start_thread(worker_main, workers))
        return false;
    workers->threads++;
    atomic_fetch_add(workers->total, 1);
    return true;
}

/* Let the descriptor say whether a lane is ready. */
static void show(struct workers *workers)
{
    eventfd_t shown;
    if (workers->fd < 0)
        return;
    if (workers->ready > 0)
        eventfd_write(workers->fd, 1);
    else
        eventfd_read(workers->fd, &shown);
}

static bool call_dispatcher(struct workers *workers)
{
    show(workers);
    pthread_cond_broadcast(&workers->work);
    pthread_cond_broadcast(&workers->quiet); /* who waits for a job to end runs those that are ready */
    return true;
}

bool workers_call(struct workers *workers, bool is_owed)
{
    if (workers->ready == 0)
        return true;
    if (workers->is_manual)
        return call_dispatcher(workers);
    if (workers->ready <= workers->idle) {
        pthread_cond_signal(&workers->work);
        return true;
    }
    bool is_allowed = *workers->total < workers->total_max || (is_owed && workers->threads == 0);
    if (workers->threads - workers->blocked < workers->max && is_allowed && start_worker(workers))
        return true;
    pthread_cond_signal(&workers->work);
    return workers->threads > 0;
}

/* Wait for a lane to be ready and take its next job; NULL: it is time to end. */
static struct job *next_job(struct workers *workers, struct lane **ret_lane)
{
    uint64_t until = clock_deadline(IDLE_MS);
    while (workers->ready == 0) {
        if (workers->closing)
            return NULL;
        workers->idle++;
        bool woken = clock_cond_wait(&workers->work, &workers->lock, until);
        workers->idle--;
        if (!woken && workers->ready == 0)
            return NULL;
    }
    *ret_lane = workers->first_ready;
    return lane_pop_locked(*ret_lane);
}

static void run_job(struct workers *workers, struct lane *lane, struct job *job)
{
    lane->running++;
    workers->running++;
    lane_make_ready(lane); /* it may run more than one */
    workers_call(workers, false);
    pthread_mutex_unlock(&workers->lock);

    job->run(job);

    pthread_mutex_lock(&workers->lock);
    lane->running--;
    lane->ended++;
    workers->running--;
    lane_make_ready(lane);
    pthread_cond_broadcast(&workers->quiet);
}

/* Under the lock, which is given up. Each thread that ends joins the one before it, so that at most one is left to be
 * joined at the end. */
static void leave(struct workers *workers)
{
    pthread_t before = workers->exited;
    bool join = workers->has_exited && !workers->abandoned;
    if (workers->abandoned) {
        pthread_detach(pthread_self());
    } else {
        workers->exited = pthread_self();
        workers->has_exited = true;
    }
    pthread_cond_broadcast(&workers->quiet);
    pthread_mutex_unlock(&workers->lock);
    if (join)
        pthread_join(before, NULL);
}

void worker_enter(const struct workers *workers, const char *name)
{
    char short_name[16];
    snprintf(short_name, sizeof(short_name), "%s", name);
    pthread_setname_np(pthread_self(), short_name);
    if (workers->on_thread)
        workers->on_thread();
}

static void *worker_main(void *closure)
{
    struct workers *workers = closure;
    struct lane *lane;
    current = workers;
    worker_enter(workers, workers->name);
    pthread_mutex_lock(&workers->lock);
    for (struct job *job; (job = next_job(workers, &lane));)
        run_job(workers, lane, job);
    workers->threads--;
    atomic_fetch_sub(workers->total, 1);
    leave(workers);
    return NULL;
}

/* ---- guests ---- */

bool workers_invite(struct workers *workers, uint32_t *count, void *(*main)(void *closure), void *closure)
{
    pthread_mutex_lock(&workers->lock);
    bool started = start_thread(main, closure);
    workers->guests += started;
    *count += started;
    pthread_mutex_unlock(&workers->lock);
    return started;
}

void worker_leave(struct workers *workers, uint32_t *count)
{
    pthread_mutex_lock(&workers->lock);
    workers->guests--;
    --*count;
    leave(workers);
}

/* ---- by hand ---- */

/* Under the lock, which is given up meanwhile. False: no lane is ready. */
static bool run_one(struct workers *workers)
{
    if (workers->ready == 0)
        return false;
    struct lane *lane = workers->first_ready;
    struct job *job = lane_pop_locked(lane);
    run_job(workers, lane, job);
    show(workers);
    return true;
}

bool workers_dispatch(struct workers *workers, uint64_t deadline)
{
    bool any = false;
    pthread_mutex_lock(&workers->lock);
    while (workers->ready == 0 && !workers->closing && clock_cond_wait(&workers->work, &workers->lock, deadline))
        ;
    for (uint32_t left = workers->queued; left > 0 && run_one(workers); left--)
        any = true; /* what comes meanwhile waits for the next time */
    pthread_mutex_unlock(&workers->lock);
    return any;
}

int workers_fd(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    if (workers->fd < 0) {
        workers->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        show(workers);
    }
    int fd = workers->fd;
    pthread_mutex_unlock(&workers->lock);
    return fd;
}

void worker_blocks(bool blocks)
{
    struct workers *workers = current;
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->blocked += blocks ? 1 : -1;
    workers_call(workers, false);
    pthread_mutex_unlock(&workers->lock);
}

bool workers_wait(struct workers *workers, uint64_t deadline)
{
    if (workers->is_manual && run_one(workers))
        return true;
    workers_call(workers, true); /* jobs that are owed may wait for their first worker */
    return clock_cond_wait(&workers->quiet, &workers->lock, deadline);
}

bool workers_close(struct workers *workers, uint64_t deadline)
{
    pthread_mutex_lock(&workers->lock);
    workers->closing = true;
    pthread_cond_broadcast(&workers->work);
    while (workers->threads + workers->guests > 0 && clock_cond_wait(&workers->quiet, &workers->lock, deadline))
        ;
    workers->abandoned = workers->threads + workers->guests > 0;
    bool join = workers->has_exited;
    pthread_t exited = workers->exited;
    workers->has_exited = false;
    pthread_mutex_unlock(&workers->lock);
    if (join)
        pthread_join(exited, NULL);
    return !workers->abandoned;
}
