/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines and stamps. */
#include "base/clock.h"

#include <string.h>

#include "suite.h"

static void the_clock_does_not_go_back(void)
{
    uint64_t ns = clock_ns(), ms = clock_ms();

    expect_true(ns / 1000000 <= ms);
    expect_true(clock_ns() >= ns);
}

static void what_is_left_of_a_deadline(void)
{
    uint32_t left = clock_left_ms(clock_deadline(60000));

    expect_true(left > 50000 && left <= 60000);
    expect_int(clock_left_ms(0), 0);
    expect_int(clock_left_ms(clock_deadline(0)), 0);
    expect_int(clock_left_ms(CLOCK_NEVER), UINT32_MAX);
}

static void a_wait_ends_at_its_deadline(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;

    expect_true(clock_cond_init(&cond));
    pthread_mutex_lock(&lock);
    uint64_t deadline = clock_deadline(20);
    while (clock_cond_wait(&cond, &lock, deadline))
        continue;
    expect_true(clock_ms() >= deadline);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&cond);
}

struct bell {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool rung;
};

static void *ring(void *closure)
{
    struct bell *bell = closure;

    pthread_mutex_lock(&bell->lock);
    bell->rung = true;
    pthread_cond_signal(&bell->cond);
    pthread_mutex_unlock(&bell->lock);
    return NULL;
}

static void a_wait_ends_when_signalled(void)
{
    const uint64_t deadlines[] = { CLOCK_NEVER, clock_deadline(UINT32_MAX), CLOCK_NEVER - 1 };

    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        struct bell bell = { .lock = PTHREAD_MUTEX_INITIALIZER };
        pthread_t thread;
        expect_true(clock_cond_init(&bell.cond));
        pthread_mutex_lock(&bell.lock);
        pthread_create(&thread, NULL, ring, &bell);
        while (!bell.rung)
            expect_true(clock_cond_wait(&bell.cond, &bell.lock, deadlines[i]));
        pthread_mutex_unlock(&bell.lock);
        pthread_join(thread, NULL);
        pthread_cond_destroy(&bell.cond);
    }
}

/* Digits for 0, anything else for itself. */
static bool has_shape(const char *text, const char *shape)
{
    for (; *text && *shape; text++, shape++)
        if (*shape == '0' ? *text < '0' || *text > '9' : *text != *shape)
            return false;
    return *text == *shape;
}

static void a_stamp_reads_as_the_protocol_writes_it(void)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(stamp);
    expect_true(has_shape(stamp, "0000-00-00T00:00:00.000000+00:00") || has_shape(stamp, "0000-00-00T00:00:00+00:00"));
    expect_true(strncmp(stamp, "2024", 4) > 0);
}

SUITE(base_clock, TEST(the_clock_does_not_go_back), TEST(what_is_left_of_a_deadline), TEST(a_wait_ends_at_its_deadline),
      TEST(a_wait_ends_when_signalled), TEST(a_stamp_reads_as_the_protocol_writes_it))
