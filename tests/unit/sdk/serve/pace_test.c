/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/pace.h"

#include "suite.h"

static void of_nothing_there_is_no_pace(void)
{
    const struct pace pace = { 0 };
    expect_int(pace_within_us(&pace, 0.5), 0);
}

static void small_times_are_exact(void)
{
    struct pace pace = { 0 };
    for (uint64_t us = 1; us <= 4; us++)
        pace_note(&pace, us);
    expect_int(pace_within_us(&pace, 0.25), 1);
    expect_int(pace_within_us(&pace, 0.5), 2);
    expect_int(pace_within_us(&pace, 1), 4);
}

static void large_times_are_right_to_within_a_quarter(void)
{
    for (uint64_t us = 5; us < UINT64_C(10000000000); us = us * 3 + 1) {
        struct pace pace = { 0 };
        pace_note(&pace, us);
        uint64_t told = pace_within_us(&pace, 0.99);
        expect_true(told >= us && told <= us + us / 4 + 1);
    }
}

static void a_share_leaves_out_the_slow_ones(void)
{
    struct pace pace = { 0 };
    for (int i = 0; i < 99; i++)
        pace_note(&pace, 3);
    pace_note(&pace, 1000000);
    expect_int(pace_within_us(&pace, 0.99), 3);
    expect_true(pace_within_us(&pace, 1) >= 1000000);
}

static void what_takes_for_ever_is_in_the_last_bound(void)
{
    struct pace pace = { 0 };
    pace_note(&pace, UINT64_MAX);
    expect_int(pace.counts[PACE_BOUNDS - 1], 1);
}

SUITE(serve_pace, TEST(of_nothing_there_is_no_pace), TEST(small_times_are_exact),
      TEST(large_times_are_right_to_within_a_quarter), TEST(a_share_leaves_out_the_slow_ones),
      TEST(what_takes_for_ever_is_in_the_last_bound))
