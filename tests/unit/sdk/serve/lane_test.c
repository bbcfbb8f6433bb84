/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes and workers: bounded queues, in order, so many at a time. */
#include "serve/lane.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "serve/worker.h"
#include "suite.h"

enum { WAIT_MS = 20000, JOBS = 32 };

struct test_job {
    struct job job;
    struct stage *stage;
    int number;
};

/* What became of the jobs; they wait while it is closed. */
struct stage {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    int order[JOBS], count, now, most, dropped;
};

static void run(struct job *job)
{
    struct test_job *mine = container_of(job, struct test_job, job);
    struct stage *stage = mine->stage;
    pthread_mutex_lock(&stage->lock);
    stage->order[stage->count++] = mine->number;
    stage->now++;
    stage->most = stage->now > stage->most ? stage->now : stage->most;
    pthread_cond_broadcast(&stage->changed);
    while (stage->closed)
        pthread_cond_wait(&stage->changed, &stage->lock);
    stage->now--;
    pthread_mutex_unlock(&stage->lock);
}

static void drop(struct job *job, mesh_status why)
{
    struct test_job *mine = container_of(job, struct test_job, job);
    expect_int(why, MESH_E_STOPPED);
    mine->stage->dropped++;
}

static struct test_job jobs[JOBS];

static void set_up(struct stage *stage, bool closed)
{
    memset(stage, 0, sizeof(*stage));
    pthread_mutex_init(&stage->lock, NULL);
    clock_cond_init(&stage->changed);
    stage->closed = closed;
    for (int i = 0; i < JOBS; i++)
        jobs[i] = (struct test_job){ { .run = run, .drop = drop }, stage, i };
}

static void open_stage(struct stage *stage)
{
    pthread_mutex_lock(&stage->lock);
    stage->closed = false;
    pthread_cond_broadcast(&stage->changed);
    pthread_mutex_unlock(&stage->lock);
}

static bool has_begun(struct stage *stage, int count)
{
    uint64_t deadline = clock_deadline(WAIT_MS);
    pthread_mutex_lock(&stage->lock);
    while (stage->count < count && clock_cond_wait(&stage->changed, &stage->lock, deadline))
        ;
    bool has = stage->count >= count;
    pthread_mutex_unlock(&stage->lock);
    return has;
}

static void open_workers(struct workers *workers, uint32_t max, atomic_uint *total, uint32_t total_max)
{
    *workers = (struct workers){ .name = "test", .total = total, .max = max, .total_max = total_max };
    expect_true(workers_init(workers));
}

static void close_workers(struct workers *workers)
{
    expect_true(workers_close(workers, clock_deadline(WAIT_MS)));
    expect_int(*workers->total, 0);
    workers_clear(workers);
}

static void jobs_begin_in_order_so_many_at_a_time(void)
{
    struct stage stage;
    struct workers workers;
    atomic_uint total = 0;
    open_workers(&workers, 8, &total, 8);
    for (uint32_t width = 1; width <= 3; width += 2) {
        struct lane lane = { .width = width, .max = JOBS };
        set_up(&stage, true);
        lane_open(&lane, &workers);
        for (int i = 0; i < JOBS; i++)
            expect_int(lane_push(&lane, &jobs[i].job), LANE_TAKEN);
        expect_true(has_begun(&stage, (int)width));
        open_stage(&stage);
        expect_true(lane_drain(&lane, clock_deadline(WAIT_MS)));
        expect_int(stage.count, JOBS);
        expect_true(stage.most <= (int)width);
        for (int i = 0; i < JOBS && width == 1; i++)
            expect_int(stage.order[i], i);
        lane_close(&lane, MESH_E_STOPPED);
    }
    close_workers(&workers);
}

static void what_finds_no_room_stays_the_users(void)
{
    struct stage stage;
    struct workers workers;
    atomic_uint total = 0;
    struct lane lane = { .width = 1, .max = 2 };
    set_up(&stage, true);
    open_workers(&workers, 8, &total, 8);
    lane_open(&lane, &workers);
    for (int i = 0; i < 3; i++)
        expect_int(lane_push(&lane, &jobs[i].job), LANE_TAKEN); /* one that may run, two that wait */
    expect_int(lane_push(&lane, &jobs[3].job), LANE_FULL);
    expect_int(lane_refuse(&lane), 1);
    expect_int(lane_refuse(&lane), 0); /* not more than once a second */
    expect_true(has_begun(&stage, 1));
    lane_drop(&lane, MESH_E_STOPPED);
    expect_int(stage.dropped, 2);
    open_stage(&stage);
    expect_true(lane_drain(&lane, clock_deadline(WAIT_MS)));
    expect_int(stage.count, 1);
    lane_close(&lane, MESH_E_STOPPED);
    lane_close(&lane, MESH_E_STOPPED); /* a second time is fine */
    close_workers(&workers);
}

static void who_may_run_none_yet_has_the_same_room(void)
{
    struct stage stage;
    struct workers workers;
    atomic_uint total = 0;
    struct lane lane = { .width = 0, .max = 2 };
    set_up(&stage, false);
    open_workers(&workers, 8, &total, 8);
    lane_open(&lane, &workers);
    for (int i = 0; i < 3; i++)
        expect_int(lane_push(&lane, &jobs[i].job), LANE_TAKEN);
    expect_int(lane_push(&lane, &jobs[3].job), LANE_FULL);
    lane_close(&lane, MESH_E_STOPPED);
    expect_int(stage.dropped, 3);
    close_workers(&workers);
}

static void without_a_thread_only_owed_jobs_are_taken(void)
{
    struct stage stage;
    struct workers workers;
    atomic_uint total = 4;
    struct lane lane = { .width = 1, .max = 2 }, owed = { .width = 1, .max = 2, .is_owed = true };
    set_up(&stage, false);
    open_workers(&workers, 8, &total, 4); /* others have them all */
    lane_open(&lane, &workers);
    lane_open(&owed, &workers);
    expect_int(lane_push(&lane, &jobs[0].job), LANE_NO_WORKER);
    expect_int(lane_push(&owed, &jobs[1].job), LANE_TAKEN);
    expect_true(lane_drain(&owed, clock_deadline(WAIT_MS)));
    expect_int(stage.count, 1);
    lane_close(&lane, MESH_E_STOPPED);
    lane_close(&owed, MESH_E_STOPPED);
    expect_true(workers_close(&workers, clock_deadline(WAIT_MS)));
    expect_int(total, 4);
    expect_int(lane_push(&owed, &jobs[2].job), LANE_CLOSED);
    workers_clear(&workers);
}

static void by_hand_jobs_run_in_the_thread_that_asks(void)
{
    struct stage stage;
    atomic_uint total = 0;
    struct workers workers = { .name = "test", .total = &total, .max = 8, .total_max = 8, .is_manual = true };
    struct lane lane = { .width = 1, .max = JOBS };
    set_up(&stage, false);
    expect_true(workers_init(&workers));
    lane_open(&lane, &workers);
    expect_false(workers_dispatch(&workers, 0));
    for (int i = 0; i < 4; i++)
        expect_int(lane_push(&lane, &jobs[i].job), LANE_TAKEN);
    expect_int(stage.count, 0);
    expect_true(workers_dispatch(&workers, 0));
    expect_int(stage.count, 4);
    expect_int(lane_push(&lane, &jobs[4].job), LANE_TAKEN);
    expect_true(lane_drain(&lane, clock_deadline(WAIT_MS))); /* who waits runs them */
    expect_int(stage.count, 5);
    lane_close(&lane, MESH_E_STOPPED);
    close_workers(&workers);
}

SUITE(serve_lane, TEST(jobs_begin_in_order_so_many_at_a_time), TEST(what_finds_no_room_stays_the_users),
      TEST(who_may_run_none_yet_has_the_same_room), TEST(without_a_thread_only_owed_jobs_are_taken),
      TEST(by_hand_jobs_run_in_the_thread_that_asks))
