/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/plan.h"

#include "base/clock.h"
#include "suite.h"

enum { NOW = 1000 };

static struct prospect serving_file(void)
{
    return (struct prospect){ .is_enabled = true,
                              .is_there = true,
                              .rests = true,
                              .serves = true,
                              .retry_at = CLOCK_NEVER,
                              .leave_at = CLOCK_NEVER };
}

static void what_has_not_changed_is_left_alone(void)
{
    struct prospect prospect = serving_file();
    expect_int(plan_for(&prospect, NOW), PLAN_NOTHING);
    expect_true(plan_next(&prospect) == CLOCK_NEVER);
}

static void a_new_file_is_loaded_when_it_rests(void)
{
    struct prospect prospect = serving_file();
    prospect.is_new = true;
    expect_int(plan_for(&prospect, NOW), PLAN_LOAD);
    prospect.rests = false;
    expect_int(plan_for(&prospect, NOW), PLAN_LOOK);
}

static void the_same_file_is_loaded_on_demand(void)
{
    struct prospect prospect = serving_file();
    prospect.is_demanded = true;
    expect_int(plan_for(&prospect, NOW), PLAN_LOAD);
}

static void one_move_at_a_time(void)
{
    struct prospect prospect = serving_file();
    prospect.is_new = prospect.moves = true;
    expect_int(plan_for(&prospect, NOW), PLAN_NOTHING);
    prospect.is_there = false;
    prospect.leave_at = 0;
    expect_int(plan_for(&prospect, NOW), PLAN_NOTHING);
    expect_true(plan_next(&prospect) == CLOCK_NEVER);
}

static void a_failure_is_tried_again_when_its_time_comes(void)
{
    struct prospect prospect = serving_file();
    prospect.retry_at = NOW + 500;
    expect_int(plan_for(&prospect, NOW), PLAN_NOTHING);
    expect_int(plan_next(&prospect), NOW + 500);
    expect_int(plan_for(&prospect, NOW + 500), PLAN_LOAD);
}

static void a_file_being_written_waits_for_a_look_and_no_clock(void)
{
    struct prospect prospect = serving_file();
    prospect.rests = false;
    prospect.retry_at = NOW - 1;
    expect_int(plan_for(&prospect, NOW), PLAN_LOOK);
    expect_true(plan_next(&prospect) == CLOCK_NEVER);
}

static void a_missing_file_leaves_after_the_grace_time(void)
{
    struct prospect prospect = serving_file();
    prospect.is_there = false;
    prospect.leave_at = NOW + 5000;
    expect_int(plan_for(&prospect, NOW), PLAN_NOTHING);
    expect_int(plan_next(&prospect), NOW + 5000);
    expect_int(plan_for(&prospect, NOW + 5000), PLAN_LEAVE);
}

static void a_file_missing_for_no_reason_is_kept(void)
{
    struct prospect prospect = serving_file();
    prospect.is_there = false;
    expect_int(plan_for(&prospect, NOW), PLAN_NOTHING);
    expect_true(plan_next(&prospect) == CLOCK_NEVER);
}

static void what_is_disabled_leaves_and_stays_away(void)
{
    struct prospect prospect = serving_file();
    prospect.is_enabled = false;
    expect_int(plan_for(&prospect, NOW), PLAN_LEAVE);
    prospect.serves = false;
    prospect.is_new = true;
    expect_int(plan_for(&prospect, NOW), PLAN_NOTHING);
}

static void what_is_neither_there_nor_serving_is_forgotten(void)
{
    struct prospect prospect = serving_file();
    prospect.is_there = prospect.serves = false;
    expect_int(plan_for(&prospect, NOW), PLAN_FORGET);
    prospect.is_enabled = false;
    expect_int(plan_for(&prospect, NOW), PLAN_FORGET);
}

static void pauses_grow_up_to_a_minute(void)
{
    static const uint32_t expected[] = { 1000, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
    for (uint32_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        expect_int(plan_pause_ms(i), expected[i]);
    expect_int(plan_pause_ms(UINT32_MAX), 60000);
}

SUITE(host_plugin_plan, TEST(what_has_not_changed_is_left_alone), TEST(a_new_file_is_loaded_when_it_rests),
      TEST(the_same_file_is_loaded_on_demand), TEST(one_move_at_a_time),
      TEST(a_failure_is_tried_again_when_its_time_comes), TEST(a_file_being_written_waits_for_a_look_and_no_clock),
      TEST(a_missing_file_leaves_after_the_grace_time), TEST(a_file_missing_for_no_reason_is_kept),
      TEST(what_is_disabled_leaves_and_stays_away), TEST(what_is_neither_there_nor_serving_is_forgotten),
      TEST(pauses_grow_up_to_a_minute))
