/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that want to take for ever, or all of the stack, end soon and say so; and threads share one schema. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "suite.h"
#include "wire/schema.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Many times what is aimed at: a sanitizer on a busy machine is slow, and an endless check takes longer than any. */
enum { CPU_MS_MAX = 5000, THREADS = 4 };

static long long cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static mesh_schema *compiled(const char *text)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *schema = NULL;

    if (!expect_int(mesh_schema_compile(mesh_text(text), NULL, &schema, &err), MESH_OK))
        expect_str(mesh_error_text(&err), "");
    mesh_error_clear(&err);
    return schema;
}

static char *repeated(const char *before, const char *piece, int count, const char *after)
{
    struct buf text = { .max = 64 << 20 };

    buf_puts(&text, before);
    for (int i = 0; i < count; i++)
        buf_puts(&text, piece);
    buf_puts(&text, after);
    return buf_take(&text);
}

static void expect_within_time(const char *schema_text, const char *instance, mesh_status expected, const char *said)
{
    auto_schema mesh_schema *schema = compiled(schema_text);
    mesh_error err = MESH_ERROR_INIT;
    long long began = cpu_ms();

    expect_int(mesh_schema_check(schema, mesh_text(instance), &err), expected);
    expect_true(cpu_ms() - began < CPU_MS_MAX);
    if (said)
        expect_contains(mesh_error_message(&err), said);
    mesh_error_clear(&err);
}

/* Each definition asks the next one twice: 2^40 ways to the last. */
static void schemas_that_branch_without_end_are_given_up(void)
{
    auto_buf struct buf text = { .max = 1 << 20 };

    buf_puts(&text, "{\"$ref\": \"#/$defs/0\", \"$defs\": {");
    for (int i = 0; i < 40; i++)
        buf_printf(&text, "\"%d\": {\"allOf\": [{\"$ref\": \"#/$defs/%d\"}, {\"$ref\": \"#/$defs/%d\"}]}, ", i, i + 1,
                   i + 1);
    buf_puts(&text, "\"40\": {}}}");
    expect_within_time(buf_text(&text), "1", MESH_E_INVALID_INPUT, "Input could not be checked: too many steps");
}

static void anchors_that_loop_at_run_time_are_given_up(void)
{
    expect_within_time(
        "{\"$id\": \"http://x.example/a\", \"$dynamicAnchor\": \"n\", \"$ref\": \"b\", \"$defs\": {\"b\": {"
        "\"$id\": \"b\", \"$dynamicRef\": \"#n\", \"$defs\": {\"n\": {\"$dynamicAnchor\": \"n\"}}}}}",
        "1", MESH_E_INVALID_INPUT, "Input could not be checked: ");
}

static void deep_values_are_checked_to_the_end(void)
{
    auto_free char *open = repeated("", "[", 255, "1");
    auto_free char *deep = repeated(open, "]", 255, "");
    static const char list[] =
        "{\"$ref\": \"#/$defs/l\", \"$defs\": {\"l\": {\"anyOf\": [{\"type\": \"%s\"}, {\"type\": "
        "\"array\", \"items\": {\"$ref\": \"#/$defs/l\"}}]}}}";
    auto_buf struct buf text = { .max = 4096 };

    buf_printf(&text, list, "integer");
    expect_within_time(buf_text(&text), deep, MESH_OK, NULL);
    buf_reset(&text);
    buf_printf(&text, list, "null");
    expect_within_time(buf_text(&text), deep, MESH_E_INVALID_INPUT, "violation");
}

static void values_and_schemas_that_are_deep_together_are_given_up(void)
{
    auto_free char *open = repeated("", "[", 255, "");
    auto_free char *deep = repeated(open, "]", 255, "");
    auto_free char *nested = repeated("", "{\"allOf\": [", 100, "{\"items\": {\"$ref\": \"#\"}}");
    auto_free char *schema = repeated(nested, "]}", 100, "");

    expect_within_time(schema, deep, MESH_E_INVALID_INPUT, "Input could not be checked: too many levels");
}

static void more_levels_than_a_reader_takes_are_refused(void)
{
    auto_free char *open = repeated("", "[", 1000, "");
    auto_free char *deep = repeated(open, "]", 1000, "");

    expect_within_time("true", deep, MESH_E_INVALID_INPUT, "too many levels");
}

static void large_values_have_steps_enough(void)
{
    auto_free char *many = repeated("[[1]", ",[1]", 400000, "]");

    expect_within_time(
        "{\"items\": {\"$ref\": \"#/$defs/a\"}, \"$defs\": {\"a\": {\"items\": {\"anyOf\": [{\"type\": \"null\"}, "
        "{\"type\": \"integer\"}]}}}}",
        many, MESH_OK, NULL);
}

static void large_arrays_are_looked_through_for_equals(void)
{
    auto_buf struct buf text = { .max = 8 << 20 };

    buf_puts(&text, "[0");
    for (int i = 1; i < 100000; i++)
        buf_printf(&text, ",%d", i);
    buf_puts(&text, "]");
    expect_within_time("{\"uniqueItems\": true}", buf_text(&text), MESH_OK, NULL);
}

static void patterns_that_backtrack_without_end_are_given_up(void)
{
    auto_free char *long_text = repeated("\"", "a", 50000, "c\"");
    auto_free char *short_text = repeated("\"", "a", 40, "!\"");

    expect_within_time("{\"pattern\": \"^(a|b)*$\"}", long_text, MESH_E_INVALID_INPUT, NULL);
    expect_within_time("{\"pattern\": \"^(a+)+$\"}", short_text, MESH_E_INVALID_INPUT, NULL);
}

static void many_slow_searches_are_given_up_together(void)
{
    auto_buf struct buf text = { .max = 8 << 20 };

    for (int i = 0; i < 20000; i++)
        buf_printf(&text, "%s\"aaaaaaaaaaaaaaaaaaa!\"", i ? "," : "[");
    buf_puts(&text, "]");
    expect_within_time("{\"items\": {\"not\": {\"pattern\": \"^(a+)+$\"}}}", buf_text(&text), MESH_E_INVALID_INPUT,
                       "Input could not be checked: ");
}

static void giving_up_inside_a_negation_does_not_fit(void)
{
    auto_free char *text = repeated("\"", "a", 40, "!\"");

    expect_within_time("{\"not\": {\"pattern\": \"^(a+)+$\"}}", text, MESH_E_INVALID_INPUT,
                       "Input could not be checked: ");
    expect_within_time("{\"anyOf\": [{\"pattern\": \"^(a+)+$\"}, true]}", text, MESH_E_INVALID_INPUT, NULL);
    expect_within_time("{\"if\": {\"pattern\": \"^(a+)+$\"}, \"else\": true}", text, MESH_E_INVALID_INPUT, NULL);
}

static void many_members_are_tracked(void)
{
    auto_buf struct buf text = { .max = 8 << 20 };

    for (int i = 0; i < 50000; i++)
        buf_printf(&text, "%s\"a%d\": 1", i ? "," : "{", i);
    buf_puts(&text, "}");
    expect_within_time("{\"anyOf\": [{\"patternProperties\": {\"^a\": true}}, true], \"unevaluatedProperties\": false}",
                       buf_text(&text), MESH_OK, NULL);
}

/* All below an array is hashed for it, and for the array around it again. */
static void unique_items_within_unique_items_are_given_up(void)
{
    static const char schema[] = "{\"uniqueItems\": true, \"items\": {\"$ref\": \"#\"}}";
    auto_free char *open = repeated("", "[1,", 200, "");
    auto_free char *numbers = repeated(open, "[1],", 50000, "2");
    auto_free char *many = repeated(numbers, "]", 200, "");
    auto_free char *quote = repeated(open, "\"", 1, "");
    auto_free char *text = repeated(quote, "word", 250000, "\"");
    auto_free char *lengthy = repeated(text, "]", 200, "");

    expect_within_time("{\"items\": {\"items\": {\"items\": {\"uniqueItems\": true}}}}", "[[[1, 2]]]", MESH_OK, NULL);
    expect_within_time(schema, lengthy, MESH_E_INVALID_INPUT, "Input could not be checked: too many steps");
    expect_within_time(schema, many, MESH_E_INVALID_INPUT, "");
}

static void long_texts_and_numbers_take_more_steps(void)
{
    auto_free char *digits = repeated("", "7", 1000000, "");
    auto_free char *text = repeated("\"", "a", 1000000, "\"");
    auto_free char *integers = repeated("{\"allOf\": [true", ", {\"type\": \"integer\"}", 2000, "]}");
    auto_free char *lengths = repeated("{\"allOf\": [true", ", {\"maxLength\": 2000000}", 2000, "]}");
    auto_free char *divisor = repeated("{\"items\": {\"multipleOf\": ", "7", 1000, "}}");
    auto_free char *number = repeated(",", "7", 15000, "");
    auto_free char *numbers = repeated("[0", number, 50, "]");

    expect_within_time(integers, digits, MESH_E_INVALID_INPUT, "Input could not be checked: too many steps");
    expect_within_time(lengths, text, MESH_E_INVALID_INPUT, "Input could not be checked: too many steps");
    expect_within_time(divisor, numbers, MESH_E_INVALID_INPUT, "Input could not be checked: too many steps");
    expect_within_time("{\"anyOf\": [{\"type\": \"null\"}, {\"maxLength\": 2000000}]}", text, MESH_OK, NULL);
}

static void looking_for_members_takes_steps(void)
{
    auto_buf struct buf schema = { .max = 1 << 20 }, constant = { .max = 1 << 20 }, value = { .max = 1 << 20 };

    buf_puts(&schema, "{\"dependentRequired\": {\"x\": []");
    for (int i = 0; i < 5000; i++) {
        buf_printf(&schema, ", \"n%d\": [\"n4999\", \"n4998\"]", i);
        buf_printf(&constant, "%s\"n%d\": 1", i ? ", " : "{\"const\": {", 4999 - i);
        buf_printf(&value, "%s\"n%d\": 1", i ? ", " : "{", i);
    }
    buf_puts(&schema, "}}");
    buf_puts(&constant, "}}");
    buf_puts(&value, "}");
    expect_within_time(buf_text(&schema), buf_text(&value), MESH_E_INVALID_INPUT, "too many steps");
    expect_within_time(buf_text(&constant), buf_text(&value), MESH_E_INVALID_INPUT, "too many steps");
}

static void a_hundred_patterns_on_a_thousand_names_are_no_problem(void)
{
    auto_buf struct buf schema = { .max = 1 << 20 }, value = { .max = 1 << 20 };

    for (int i = 0; i < 100; i++)
        buf_printf(&schema, "%s\"^p%d_\": true", i ? ", " : "{\"patternProperties\": {", i);
    buf_puts(&schema, "}}");
    for (int i = 0; i < 1000; i++)
        buf_printf(&value, "%s\"p%d_name\": 1", i ? ", " : "{", i);
    buf_puts(&value, "}");
    expect_within_time(buf_text(&schema), buf_text(&value), MESH_OK, NULL);
}

/* ---- threads ---- */

static void *check_often(void *memory)
{
    const mesh_schema *schema = memory;
    static const char *const good[] = { "{\"a\": [1, 2], \"b\": \"xy\"}", "{\"a\": []}" };
    static const char *const bad[] = { "{\"a\": [1, 1]}", "{\"b\": \"1\"}", "{\"c\": 1}" };
    size_t wrong = 0;

    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < COUNT(good); i++)
            wrong += mesh_schema_check(schema, mesh_text(good[i]), NULL) != MESH_OK;
        for (size_t i = 0; i < COUNT(bad); i++) {
            mesh_error err = MESH_ERROR_INIT;
            wrong += mesh_schema_check(schema, mesh_text(bad[i]), &err) != MESH_E_INVALID_INPUT;
            mesh_error_clear(&err);
        }
    }
    return wrong == 0 ? memory : NULL;
}

static void threads_share_a_schema(void)
{
    auto_schema mesh_schema *schema = compiled("{\"allOf\": [{\"properties\": {\"a\": {\"uniqueItems\": true}, \"b\": "
                                               "{\"pattern\": \"^[a-z]+$\"}}}], \"unevaluatedProperties\": false}");
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        expect_int(pthread_create(&threads[i], NULL, check_often, schema), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        expect_true(result == schema);
    }
}

SUITE(wire_schema_bounds, TEST(schemas_that_branch_without_end_are_given_up),
      TEST(anchors_that_loop_at_run_time_are_given_up), TEST(deep_values_are_checked_to_the_end),
      TEST(values_and_schemas_that_are_deep_together_are_given_up), TEST(more_levels_than_a_reader_takes_are_refused),
      TEST(large_values_have_steps_enough), TEST(large_arrays_are_looked_through_for_equals),
      TEST(patterns_that_backtrack_without_end_are_given_up), TEST(many_slow_searches_are_given_up_together),
      TEST(giving_up_inside_a_negation_does_not_fit), TEST(many_members_are_tracked),
      TEST(unique_items_within_unique_items_are_given_up), TEST(long_texts_and_numbers_take_more_steps),
      TEST(looking_for_members_takes_steps), TEST(a_hundred_patterns_on_a_thousand_names_are_no_problem),
      TEST(threads_share_a_schema))
