/* SPDX-License-Identifier: Apache-2.0 */
#include "client/alarm.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "suite.h"

enum { COUNT = 2000, PATIENCE_MS = 20000 };

/* Alarms that note the order in which they rang. */
struct clock {
    pthread_mutex_t lock;
    pthread_cond_t rang;
    struct alarms alarms;
    int count, early;
    uint64_t last_due;
    bool out_of_order;
};

struct one {
    struct alarm alarm;
    struct clock *clock;
    int rang;
};

static void note(struct alarm *alarm)
{
    struct one *one = container_of(alarm, struct one, alarm);
    struct clock *clock = one->clock;
    one->rang++;
    clock->count++;
    clock->early += clock_ms() < alarm->due;
    clock->out_of_order |= alarm->due < clock->last_due;
    clock->last_due = alarm->due;
    pthread_cond_signal(&clock->rang);
}

static void clock_open(struct clock *clock)
{
    *clock = (struct clock){ .count = 0 };
    pthread_mutex_init(&clock->lock, NULL);
    clock_cond_init(&clock->rang);
    expect_true(alarms_init(&clock->alarms, &clock->lock));
}

static void clock_close(struct clock *clock)
{
    alarms_clear(&clock->alarms);
    pthread_cond_destroy(&clock->rang);
    pthread_mutex_destroy(&clock->lock);
}

static bool ring_all(struct clock *clock, int count)
{
    uint64_t deadline = clock_deadline(PATIENCE_MS);
    while (clock->count < count && clock_cond_wait(&clock->rang, &clock->lock, deadline))
        ;
    return clock->count == count;
}

/* A sequence that looks like none, the same at each run. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void alarms_ring_once_and_in_order_whatever_the_order_they_were_set_in(void)
{
    struct clock clock;
    auto_free struct one *ones = calloc(COUNT, sizeof(*ones));
    uint32_t random = 1;
    clock_open(&clock);
    pthread_mutex_lock(&clock.lock);
    for (int i = 0; i < COUNT; i++) {
        ones[i] = (struct one){ .alarm.ring = note, .clock = &clock };
        expect_true(alarm_set(&clock.alarms, &ones[i].alarm, clock_ms() + 20 + next_random(&random) % 100));
    }
    for (int i = 0; i < COUNT; i += 3) /* moved, some earlier and some later */
        expect_true(alarm_set(&clock.alarms, &ones[i].alarm, clock_ms() + 20 + next_random(&random) % 100));
    for (int i = 1; i < COUNT; i += 3)
        alarm_unset(&clock.alarms, &ones[i].alarm);
    alarm_unset(&clock.alarms, &ones[1].alarm);
    expect_true(ring_all(&clock, COUNT - (COUNT + 1) / 3));
    expect_false(clock.out_of_order);
    expect_int(clock.early, 0);
    for (int i = 0; i < COUNT; i++)
        if (ones[i].rang != (i % 3 != 1))
            expect_int(i, ones[i].rang);
    pthread_mutex_unlock(&clock.lock);
    clock_close(&clock);
}

static void an_earlier_alarm_wakes_the_one_that_sleeps_for_a_later(void)
{
    struct clock clock;
    struct one late = { .alarm.ring = note, .clock = &clock }, soon = late;
    clock_open(&clock);
    pthread_mutex_lock(&clock.lock);
    expect_true(alarm_set(&clock.alarms, &late.alarm, clock_deadline(10 * PATIENCE_MS)));
    while (clock.alarms.sleeps_until == 0) /* until it sleeps */
        clock_cond_wait(&clock.rang, &clock.lock, clock_deadline(1));
    expect_true(alarm_set(&clock.alarms, &soon.alarm, clock_deadline(1)));
    expect_true(ring_all(&clock, 1));
    expect_int(soon.rang, 1);
    expect_int(late.rang, 0);
    pthread_mutex_unlock(&clock.lock);
    clock_close(&clock);
}

static void a_ringing_alarm_may_be_set_again(void)
{
    struct clock clock;
    struct one one = { .alarm.ring = note, .clock = &clock };
    clock_open(&clock);
    pthread_mutex_lock(&clock.lock);
    for (int i = 1; i <= 3; i++) {
        expect_true(alarm_set(&clock.alarms, &one.alarm, clock_ms()));
        expect_true(ring_all(&clock, i));
    }
    pthread_mutex_unlock(&clock.lock);
    clock_close(&clock);
    expect_int(one.rang, 3);
}

SUITE(client_alarm, TEST(alarms_ring_once_and_in_order_whatever_the_order_they_were_set_in),
      TEST(an_earlier_alarm_wakes_the_one_that_sleeps_for_a_later), TEST(a_ringing_alarm_may_be_set_again))
