/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/probation.h"

#include "suite.h"

static void few_requests_prove_nothing(void)
{
    const struct conduct old = { 1000, 0, 0, 0 }, fresh = { 19, 19, 0, 0 };
    expect_false(probation_is_worse(&old, &fresh));
}

static void clearly_more_failures_are_worse(void)
{
    const struct conduct old = { 1000, 10, 0, 0 }, fresh = { 20, 2, 3, 0 };
    expect_true(probation_is_worse(&old, &fresh));
}

static void a_little_more_is_not(void)
{
    const struct conduct old = { 1000, 100, 0, 0 }, fresh = { 100, 30, 0, 0 };
    expect_false(probation_is_worse(&old, &fresh));
}

static void an_old_one_that_failed_as_often_is_no_better(void)
{
    const struct conduct old = { 100, 50, 40, 0 }, fresh = { 100, 100, 0, 0 };
    expect_false(probation_is_worse(&old, &fresh));
}

static void an_old_one_without_requests_counts_as_faultless(void)
{
    const struct conduct old = { 0, 0, 0, 0 }, fresh = { 20, 5, 0, 0 };
    expect_true(probation_is_worse(&old, &fresh));
}

static void a_handler_that_does_not_come_back_is_enough(void)
{
    const struct conduct old = { 100, 0, 0, 0 }, fresh = { 0, 0, 1, 1 }, stuck_too = { 100, 0, 0, 1 };
    expect_true(probation_is_worse(&old, &fresh));
    expect_false(probation_is_worse(&stuck_too, &fresh));
}

static void shares_are_in_percent(void)
{
    const struct conduct none = { 0, 0, 0, 0 }, third = { 3, 1, 0, 0 }, all = { 2, 1, 1, 0 };
    expect_int(conduct_share(&none), 0);
    expect_int(conduct_share(&third), 33);
    expect_int(conduct_share(&all), 100);
}

SUITE(host_plugin_probation, TEST(few_requests_prove_nothing), TEST(clearly_more_failures_are_worse),
      TEST(a_little_more_is_not), TEST(an_old_one_that_failed_as_often_is_no_better),
      TEST(an_old_one_without_requests_counts_as_faultless), TEST(a_handler_that_does_not_come_back_is_enough),
      TEST(shares_are_in_percent))
