/* SPDX-License-Identifier: Apache-2.0 */
/* A load: threads that do one deed until told to end, and the percentiles of what they measured. */
#include "load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { SAMPLES_MAX = 1 << 18 }; /* for each thread; later ones count and are not timed */

enum phase { WARMING_UP, MEASURING, ENDED };

struct runner {
    const struct load *load;
    atomic_int *phase;
    pthread_t thread;
    uint64_t *samples_ns;
    uint64_t count;
    bool failed;
};

static bool do_once(struct runner *runner, void *own)
{
    bool measuring = atomic_load_explicit(runner->phase, memory_order_relaxed) == MEASURING;
    uint64_t began = clock_ns();
    if (!runner->load->once(own))
        return false;
    if (!measuring)
        return true;
    if (runner->count < SAMPLES_MAX)
        runner->samples_ns[runner->count] = clock_ns() - began;
    runner->count++;
    return true;
}

static void *run(void *argument)
{
    struct runner *runner = argument;
    void *own = runner->load->open(runner->load->closure);
    runner->failed = !own;
    while (!runner->failed && atomic_load_explicit(runner->phase, memory_order_relaxed) != ENDED)
        runner->failed = !do_once(runner, own);
    if (own)
        runner->load->close(own);
    return NULL;
}

void load_wait(unsigned ms)
{
    struct timespec time = { ms / 1000, ms % 1000 * 1000000L };
    nanosleep(&time, NULL);
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static double percentile_us(const uint64_t *sorted_ns, size_t count, unsigned percent)
{
    return count ? (double)sorted_ns[(count - 1) * percent / 100] / 1000 : 0;
}

/* All threads' samples in one sorted row. */
static bool sum_up(const struct runner *runners, unsigned threads, struct load_result *result)
{
    auto_free uint64_t *all_ns = malloc(threads * sizeof(*all_ns) * SAMPLES_MAX);
    if (!all_ns)
        return false;
    size_t total = 0;
    for (unsigned i = 0; i < threads; i++) {
        result->count += runners[i].count;
        for (uint64_t j = 0; j < runners[i].count && j < SAMPLES_MAX; j++)
            all_ns[total++] = runners[i].samples_ns[j];
    }
    qsort(all_ns, total, sizeof(*all_ns), compare);
    result->p50_us = percentile_us(all_ns, total, 50);
    result->p99_us = percentile_us(all_ns, total, 99);
    return true;
}

static unsigned start(struct runner *runners, unsigned threads, const struct load *load, atomic_int *phase)
{
    for (unsigned i = 0; i < threads; i++) {
        runners[i].load = load;
        runners[i].phase = phase;
        runners[i].samples_ns = malloc(sizeof(uint64_t) * SAMPLES_MAX);
        if (!runners[i].samples_ns || pthread_create(&runners[i].thread, NULL, run, &runners[i]) != 0) {
            free(runners[i].samples_ns);
            return i;
        }
    }
    return threads;
}

static bool join(struct runner *runners, unsigned threads)
{
    bool good = true;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(runners[i].thread, NULL);
        good = good && !runners[i].failed;
    }
    return good;
}

bool load_run(const struct load *load, unsigned threads, unsigned duration_ms, struct load_result *result)
{
    *result = (struct load_result){ 0 };
    auto_free struct runner *runners = calloc(threads, sizeof(*runners));
    if (!runners)
        return false;
    atomic_int phase = WARMING_UP;
    unsigned started = start(runners, threads, load, &phase);
    load_wait(duration_ms / 4);
    uint64_t began = clock_ns();
    atomic_store(&phase, MEASURING);
    load_wait(duration_ms);
    atomic_store(&phase, ENDED);
    result->seconds = (double)(clock_ns() - began) / 1e9;
    bool good = join(runners, started) && started == threads && sum_up(runners, threads, result);
    for (unsigned i = 0; i < started; i++)
        free(runners[i].samples_ns);
    return good && result->count > 0;
}

void load_print(const char *name, double value)
{
    printf("%s %.3f\n", name, value);
}
