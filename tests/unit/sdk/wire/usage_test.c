/* SPDX-License-Identifier: Apache-2.0 */
/* What a request has used. */
#include "wire/usage.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* What is written of it, to free(). */
static char *text_of(const struct usage *usage)
{
    struct buf out = { .max = 10000 };

    usage_write(&out, usage);
    return buf_take(&out);
}

static void expect_text(struct usage *usage, const char *expected)
{
    auto_free char *text = text_of(usage);

    expect_str(text, expected);
    usage_clear(usage);
}

static mesh_usage step_of(uint32_t given, int64_t input, int64_t output, int64_t total, double cost, const char *model)
{
    return (mesh_usage){ sizeof(mesh_usage), input, output, total, cost, model, given, 0 };
}

static void reports_are_summed_and_the_last_model_stays(void)
{
    const mesh_usage steps[] = {
        step_of(MESH_USAGE_INPUT_TOKENS | MESH_USAGE_COST, 10, 99, 99, 0.5, "first"),
        step_of(MESH_USAGE_INPUT_TOKENS | MESH_USAGE_OUTPUT_TOKENS, 1, 2, 99, 99, NULL),
        step_of(MESH_USAGE_TOTAL_TOKENS | MESH_USAGE_COST, 99, 99, 13, 0.25, "last"),
    };
    struct usage usage = { 0 };
    for (size_t i = 0; i < COUNT(steps); i++)
        expect_int(usage_add(&usage, &steps[i], NULL), MESH_OK);
    expect_text(&usage, "{\"input_tokens\":11,\"output_tokens\":2,\"total_tokens\":13,\"model\":\"last\","
                        "\"estimated_cost_usd\":0.75}");
}

static void a_report_of_nothing_is_an_empty_object(void)
{
    const mesh_usage nothing = MESH_USAGE_INIT, zero = step_of(MESH_USAGE_OUTPUT_TOKENS, 0, 0, 0, 0, NULL);
    struct usage usage = { 0 };
    expect_int(usage_add(&usage, &nothing, NULL), MESH_OK);
    expect_true(usage.is_reported);
    expect_text(&usage, "{}");
    expect_int(usage_add(&usage, &zero, NULL), MESH_OK);
    expect_text(&usage, "{\"output_tokens\":0}");
}

static void sums_stop_at_the_ends_of_their_range(void)
{
    const uint32_t all = MESH_USAGE_INPUT_TOKENS | MESH_USAGE_OUTPUT_TOKENS | MESH_USAGE_COST;
    const mesh_usage step = step_of(all, INT64_MAX, INT64_MIN, 0, DBL_MAX, NULL);
    struct usage usage = { 0 };
    expect_int(usage_add(&usage, &step, NULL), MESH_OK);
    expect_int(usage_add(&usage, &step, NULL), MESH_OK);
    expect_true(usage.input_tokens == INT64_MAX && usage.output_tokens == INT64_MIN);
    expect_true(usage.estimated_cost_usd == DBL_MAX);
    expect_text(&usage, "{\"input_tokens\":9223372036854775807,\"output_tokens\":-9223372036854775808,"
                        "\"estimated_cost_usd\":1.7976931348623157e+308}");
}

static void what_is_written_is_one_line_of_ascii(void)
{
    const mesh_usage step = step_of(0, 0, 0, 0, 0, "modèle \"x\"\r\n\xf0\x9f\x98\x80\xff\x7f");
    struct usage usage = { 0 };
    expect_int(usage_add(&usage, &step, NULL), MESH_OK);
    expect_text(&usage, "{\"model\":\"mod\\u00e8le \\\"x\\\"\\r\\n\\ud83d\\ude00\\ufffd\\u007f\"}");
}

static void a_report_that_is_wrong_changes_nothing(void)
{
    char long_model[USAGE_MODEL_MAX + 2];
    memset(long_model, 'm', sizeof(long_model) - 1);
    long_model[sizeof(long_model) - 1] = '\0';
    const struct {
        mesh_usage step;
        const char *text;
    } cases[] = {
        { step_of(16, 1, 1, 1, 1, NULL), "given" },
        { step_of(MESH_USAGE_INPUT_TOKENS | MESH_USAGE_COST, 1, 1, 1, (double)NAN, NULL), "estimated_cost_usd" },
        { step_of(MESH_USAGE_COST, 1, 1, 1, (double)INFINITY, "m"), "estimated_cost_usd" },
        { step_of(MESH_USAGE_INPUT_TOKENS, 1, 1, 1, 1, long_model), "model" },
    };
    struct usage usage = { 0 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        expect_int(usage_add(&usage, &cases[i].step, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), cases[i].text);
        mesh_error_clear(&err);
    }
    expect_false(usage.is_reported);
    expect_text(&usage, "{}");
}

static void recorded_usage_is_read_and_written_the_same(void)
{
    static const char *const files[] = { "usage/call.json", "usage/stream.json" };
    for (size_t i = 0; i < COUNT(files); i++) {
        auto_free char *recorded = golden(files[i]);
        struct usage usage = { 0 };
        expect_int(usage_read(mesh_text(recorded), &usage, NULL), MESH_OK);
        expect_text(&usage, recorded);
    }
}

static void what_is_odd_in_usage_counts_as_missing(void)
{
    static const struct {
        const char *json, *read;
    } cases[] = {
        { "{}", "{}" },
        { "{\"input_tokens\": null, \"output_tokens\": \"7\", \"total_tokens\": 1.5, \"model\": 7, "
          "\"estimated_cost_usd\": []}",
          "{}" },
        { "{\"input_tokens\": 9223372036854775808, \"output_tokens\": 2.0, \"total_tokens\": -1e2}",
          "{\"output_tokens\":2,\"total_tokens\":-100}" },
        { "{\"estimated_cost_usd\": 1e999, \"model\": \"\", \"more\": {}}", "{\"model\":\"\"}" },
        { "{\"input_tokens\": 0, \"estimated_cost_usd\": 0}", "{\"input_tokens\":0,\"estimated_cost_usd\":0}" },
    };
    static const char *const unreadable[] = { "", "7", "[]", "null", "{\"input_tokens\": }", "{} {}" };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct usage usage = { 0 };
        expect_int(usage_read(mesh_text(cases[i].json), &usage, NULL), MESH_OK);
        expect_text(&usage, cases[i].read);
    }
    for (size_t i = 0; i < COUNT(unreadable); i++) {
        struct usage usage = { 0 };
        mesh_error err = MESH_ERROR_INIT;
        expect_int(usage_read(mesh_text(unreadable[i]), &usage, &err), MESH_E_DATA);
        expect_contains(mesh_error_text(&err), "usage cannot be read");
        mesh_error_clear(&err);
    }
}

SUITE(wire_usage, STATEMENT("61", reports_are_summed_and_the_last_model_stays),
      STATEMENT("61", a_report_of_nothing_is_an_empty_object), TEST(sums_stop_at_the_ends_of_their_range),
      STATEMENT("6", what_is_written_is_one_line_of_ascii), TEST(a_report_that_is_wrong_changes_nothing),
      STATEMENT("61", recorded_usage_is_read_and_written_the_same), TEST(what_is_odd_in_usage_counts_as_missing))
