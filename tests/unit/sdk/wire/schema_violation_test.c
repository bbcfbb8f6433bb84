/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a value that does not fit. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"
#include "wire/schema.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* The details of the error, to free(); the message in *ret_message, likewise, unless that is NULL. */
static char *details_of(const char *text, const char *instance, char **ret_message)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_schema mesh_schema *schema = NULL;

    if (!expect_int(mesh_schema_compile(mesh_text(text), NULL, &schema, &err), MESH_OK))
        return strdup(mesh_error_text(&err));
    expect_int(mesh_schema_check(schema, mesh_text(instance), &err), MESH_E_INVALID_INPUT);
    char *details = strdup(mesh_error_details(&err));
    if (ret_message)
        *ret_message = strdup(mesh_error_message(&err));
    mesh_error_clear(&err);
    return details;
}

struct wording {
    const char *schema, *instance, *violations; /* without "input", which is the instance */
};

static void expect_wordings(const struct wording *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        auto_free char *got = details_of(cases[i].schema, cases[i].instance, NULL);
        auto_buf struct buf expected = { .max = 1 << 16 };
        buf_printf(&expected, "{\"errors\": [%s]}", cases[i].violations);
        auto_json cJSON *tree = NULL;
        expect_int(json_parse(mesh_text(got), &tree, NULL), MESH_OK);
        cJSON *violation;
        cJSON_ArrayForEach(violation, cJSON_GetObjectItem(tree, "errors"))
        {
            expect_true(cJSON_HasObjectItem(violation, "input"));
            cJSON_DeleteItemFromObject(violation, "input");
        }
        auto_free char *without = cJSON_PrintUnformatted(tree);
        expect_json(without, buf_text(&expected));
    }
}

static void types_have_the_words_of_the_protocol(void)
{
    static const struct wording cases[] = {
        { "{\"type\": \"string\"}", "1",
          "{\"type\": \"string_type\", \"loc\": [], \"msg\": \"Input should be a valid string\"}" },
        { "{\"type\": \"integer\"}", "true",
          "{\"type\": \"int_type\", \"loc\": [], \"msg\": \"Input should be a valid integer\"}" },
        { "{\"type\": \"integer\"}", "\"5\"",
          "{\"type\": \"int_type\", \"loc\": [], \"msg\": \"Input should be a valid integer\"}" },
        { "{\"type\": \"integer\"}", "\"many\"",
          "{\"type\": \"int_parsing\", \"loc\": [], \"msg\": \"Input should be a valid "
          "integer, unable to parse string as an integer\"}" },
        { "{\"type\": \"integer\"}", "1.5",
          "{\"type\": \"int_from_float\", \"loc\": [], \"msg\": \"Input should be a valid "
          "integer, got a number with a fractional part\"}" },
        { "{\"type\": \"number\"}", "null",
          "{\"type\": \"float_type\", \"loc\": [], \"msg\": \"Input should be a valid number\"}" },
        { "{\"type\": \"number\"}", "\"x\"",
          "{\"type\": \"float_parsing\", \"loc\": [], \"msg\": \"Input should be a valid "
          "number, unable to parse string as a number\"}" },
        { "{\"type\": \"boolean\"}", "1",
          "{\"type\": \"bool_type\", \"loc\": [], \"msg\": \"Input should be a valid boolean\"}" },
        { "{\"type\": \"boolean\"}", "\"maybe\"",
          "{\"type\": \"bool_parsing\", \"loc\": [], \"msg\": \"Input should be a valid "
          "boolean, unable to interpret input\"}" },
        { "{\"type\": \"array\"}", "{}",
          "{\"type\": \"list_type\", \"loc\": [], \"msg\": \"Input should be a valid array\"}" },
        { "{\"type\": \"object\"}", "[]",
          "{\"type\": \"dict_type\", \"loc\": [], \"msg\": \"Input should be an object\"}" },
        { "{\"type\": \"object\", \"title\": \"Note\", \"properties\": {}}", "[]",
          "{\"type\": \"model_type\", \"loc\": [], \"msg\": \"Input should be an object\", \"ctx\": {\"class_name\": "
          "\"Note\"}}" },
        { "{\"type\": \"null\"}", "0",
          "{\"type\": \"none_required\", \"loc\": [], \"msg\": \"Input should be null\"}" },
        { "{\"type\": [\"string\", \"null\"]}", "1",
          "{\"type\": \"string_type\", \"loc\": [], \"msg\": \"Input should be a valid string\"}" },
        { "{\"type\": [\"string\", \"integer\", \"null\"]}", "[]",
          "{\"type\": \"union_type\", \"loc\": [], \"msg\": \"Input should be a valid integer or a valid string\", "
          "\"ctx\": {\"expected\": \"a valid integer or a valid string\"}}" },
    };
    expect_wordings(cases, COUNT(cases));
}

static void limits_have_the_words_of_the_protocol(void)
{
    static const struct wording cases[] = {
        { "{\"minimum\": 3}", "1",
          "{\"type\": \"greater_than_equal\", \"loc\": [], \"msg\": \"Input should be greater than or "
          "equal to 3\", \"ctx\": {\"ge\": 3}}" },
        { "{\"exclusiveMinimum\": 0}", "0",
          "{\"type\": \"greater_than\", \"loc\": [], \"msg\": \"Input should be greater than "
          "0\", \"ctx\": {\"gt\": 0}}" },
        { "{\"maximum\": 1.0}", "2",
          "{\"type\": \"less_than_equal\", \"loc\": [], \"msg\": \"Input should be less than or equal "
          "to 1\", \"ctx\": {\"le\": 1.0}}" },
        { "{\"exclusiveMaximum\": 1.50}", "2",
          "{\"type\": \"less_than\", \"loc\": [], \"msg\": \"Input should be less than "
          "1.50\", \"ctx\": {\"lt\": 1.50}}" },
        { "{\"multipleOf\": 5}", "3",
          "{\"type\": \"multiple_of\", \"loc\": [], \"msg\": \"Input should be a multiple of 5\", "
          "\"ctx\": {\"multiple_of\": 5}}" },
        { "{\"minLength\": 2}", "\"\"",
          "{\"type\": \"string_too_short\", \"loc\": [], \"msg\": \"String should have at least 2 "
          "characters\", \"ctx\": {\"min_length\": 2}}" },
        { "{\"maxLength\": 1}", "\"ab\"",
          "{\"type\": \"string_too_long\", \"loc\": [], \"msg\": \"String should have at most 1 "
          "character\", \"ctx\": {\"max_length\": 1}}" },
        { "{\"pattern\": \"^[a-z]+$\"}", "\"A\"",
          "{\"type\": \"string_pattern_mismatch\", \"loc\": [], \"msg\": \"String should "
          "match pattern '^[a-z]+$'\", \"ctx\": {\"pattern\": \"^[a-z]+$\"}}" },
        { "{\"minItems\": 1}", "[]",
          "{\"type\": \"too_short\", \"loc\": [], \"msg\": \"List should have at least 1 item after "
          "validation, not 0\", \"ctx\": {\"field_type\": \"List\", \"min_length\": 1, "
          "\"actual_length\": 0}}" },
        { "{\"maxItems\": 2}", "[1, 2, 3]",
          "{\"type\": \"too_long\", \"loc\": [], \"msg\": \"List should have at most 2 items "
          "after validation, not 3\", \"ctx\": {\"field_type\": \"List\", \"max_length\": 2, "
          "\"actual_length\": 3}}" },
        { "{\"minProperties\": 1}", "{}",
          "{\"type\": \"too_short\", \"loc\": [], \"msg\": \"Dictionary should have at least 1 "
          "item after validation, not 0\", \"ctx\": {\"field_type\": \"Dictionary\", "
          "\"min_length\": 1, \"actual_length\": 0}}" },
        { "{\"enum\": [\"red\", \"green\"]}", "\"blue\"",
          "{\"type\": \"enum\", \"loc\": [], \"msg\": \"Input should be 'red' or "
          "'green'\", \"ctx\": {\"expected\": \"'red' or 'green'\"}}" },
        { "{\"const\": \"a\", \"type\": \"string\"}", "3",
          "{\"type\": \"literal_error\", \"loc\": [], \"msg\": \"Input should be "
          "'a'\", \"ctx\": {\"expected\": \"'a'\"}}" },
    };
    expect_wordings(cases, COUNT(cases));
}

static void what_the_protocol_does_not_name_reads_alike(void)
{
    static const struct wording cases[] = {
        { "false", "1", "{\"type\": \"never_valid\", \"loc\": [], \"msg\": \"No input is permitted here\"}" },
        { "{\"not\": {\"type\": \"null\"}}", "null",
          "{\"type\": \"not_allowed\", \"loc\": [], \"msg\": \"Input should not match "
          "the schema that 'not' forbids\"}" },
        { "{\"oneOf\": [true, true, false]}", "1",
          "{\"type\": \"one_of\", \"loc\": [], \"msg\": \"Input should match exactly "
          "one of the schemas, not 2\", \"ctx\": {\"matching\": 2}}" },
        { "{\"uniqueItems\": true}", "[3, 1, 3]",
          "{\"type\": \"not_unique\", \"loc\": [], \"msg\": \"List should have unique "
          "items, but items 0 and 2 are equal\", \"ctx\": {\"first\": 0, \"second\": "
          "2}}" },
        { "{\"contains\": {\"type\": \"null\"}}", "[]",
          "{\"type\": \"contains_too_few\", \"loc\": [], \"msg\": \"List should "
          "contain at least 1 item that fits 'contains', not 0\", \"ctx\": "
          "{\"min_contains\": 1, \"actual\": 0}}" },
        { "{\"dependentRequired\": {\"a\": [\"b\"]}}", "{\"a\": 1}",
          "{\"type\": \"missing\", \"loc\": [\"b\"], \"msg\": \"Field "
          "required when 'a' is present\", \"ctx\": "
          "{\"required_by\": \"a\"}}" },
    };
    expect_wordings(cases, COUNT(cases));
}

static void places_are_paths_through_the_instance(void)
{
    static const struct wording cases[] = {
        { "{\"properties\": {\"a\": {\"items\": {\"$ref\": \"#/$defs/n\"}}}, \"$defs\": {\"n\": {\"allOf\": "
          "[{\"type\": "
          "\"null\"}]}}}",
          "{\"a\": [null, 1]}",
          "{\"type\": \"none_required\", \"loc\": [\"a\", 1], \"msg\": \"Input should be null\"}" },
        { "{\"required\": [\"a\"]}", "{}", "{\"type\": \"missing\", \"loc\": [\"a\"], \"msg\": \"Field required\"}" },
        { "{\"additionalProperties\": false}", "{\"\\\"\": 1}",
          "{\"type\": \"extra_forbidden\", \"loc\": [\"\\\"\"], \"msg\": \"Extra inputs are not permitted\"}" },
        { "{\"prefixItems\": [true], \"unevaluatedItems\": false}", "[1, 2]",
          "{\"type\": \"extra_forbidden\", \"loc\": [1], \"msg\": \"Extra inputs are not permitted\"}" },
        { "{\"propertyNames\": {\"maxLength\": 1}}", "{\"ab\": 1}",
          "{\"type\": \"string_too_long\", \"loc\": [\"ab\", \"[key]\"], "
          "\"msg\": \"String should have at most 1 character\", "
          "\"ctx\": {\"max_length\": 1}}" },
    };
    expect_wordings(cases, COUNT(cases));
}

static void an_optional_value_is_told_as_what_it_is(void)
{
    static const struct wording cases[] = {
        { "{\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"null\"}]}", "1",
          "{\"type\": \"string_type\", \"loc\": [], \"msg\": \"Input should be a valid string\"}" },
        { "{\"anyOf\": [{\"type\": \"null\"}]}", "1",
          "{\"type\": \"none_required\", \"loc\": [], \"msg\": \"Input should be null\"}" },
        { "{\"oneOf\": [{\"type\": \"string\"}, {\"type\": \"null\"}, {\"minimum\": 3}]}", "1",
          "{\"type\": \"string_type\", \"loc\": [], \"msg\": \"Input should be a valid string\"}, "
          "{\"type\": \"greater_than_equal\", \"loc\": [], \"msg\": \"Input should be greater than or equal to 3\", "
          "\"ctx\": {\"ge\": 3}}" },
    };
    expect_wordings(cases, COUNT(cases));
}

/* The schema and the request of a recorded message: the reference said the same of it. */
static void the_errors_of_a_recorded_request_are_the_same(void)
{
    auto_free char *got = details_of(
        "{\"title\": \"Note\", \"type\": \"object\", \"required\": [\"text\"], \"properties\": {\"text\": {\"type\": "
        "\"string\"}, \"times\": {\"type\": \"integer\", \"default\": 1}}}",
        "{\"times\": \"many\"}", NULL);

    expect_json(
        got, "{\"errors\": [{\"type\": \"missing\", \"loc\": [\"text\"], \"msg\": \"Field required\", \"input\": "
             "{\"times\": \"many\"}}, {\"type\": \"int_parsing\", \"loc\": [\"times\"], \"msg\": \"Input should be a "
             "valid integer, unable to parse string as an integer\", \"input\": \"many\"}]}");
}

static void all_violations_are_told_in_the_order_of_the_schema(void)
{
    auto_free char *message = NULL;
    auto_free char *got =
        details_of("{\"required\": [\"b\"], \"properties\": {\"a\": {\"type\": \"null\"}, \"b\": {}}, "
                   "\"additionalProperties\": false}",
                   "{\"z\": 1, \"a\": 2}", &message);

    expect_str(got,
               "{\"errors\": [{\"type\": \"none_required\", \"loc\": [\"a\"], \"msg\": \"Input should be null\", "
               "\"input\": 2}, {\"type\": \"missing\", \"loc\": [\"b\"], \"msg\": \"Field required\", \"input\": "
               "{\"z\":1,\"a\":2}}, {\"type\": \"extra_forbidden\", \"loc\": [\"z\"], \"msg\": \"Extra inputs are not "
               "permitted\", \"input\": 1}]}");
    expect_str(message, "3 violations, the first at 'a': Input should be null");
}

static void the_message_names_the_place(void)
{
    static const struct {
        const char *schema, *instance, *message;
    } cases[] = {
        { "{\"required\": [\"stops\"]}", "{}", "1 violation, at 'stops': Field required" },
        { "{\"type\": \"null\"}", "1", "1 violation, at the root: Input should be null" },
        { "{\"properties\": {\"a\": {\"items\": false}}}", "{\"a\": [1]}",
          "1 violation, at 'a.0': Extra inputs are not permitted" },
        { "true", "{\"a\"", "invalid JSON: at byte 4: the text ends too early" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *message = NULL;
        free(details_of(cases[i].schema, cases[i].instance, &message));
        expect_str(message, cases[i].message);
    }
}

static void what_is_not_json_is_told_as_such(void)
{
    auto_free char *got = details_of("true", "{\"a\": nope}", NULL);

    expect_str(
        got,
        "{\"errors\": [{\"type\": \"json_invalid\", \"loc\": [], \"msg\": \"Invalid JSON: at byte 6: a value was "
        "expected\", \"input\": \"{\\\"a\\\": nope}\", \"ctx\": {\"error\": \"at byte 6: a value was expected\"}}]}");
}

static char *repeated(const char *before, const char *piece, int count, const char *after)
{
    struct buf text = { .max = 8 << 20 };

    buf_puts(&text, before);
    for (int i = 0; i < count; i++)
        buf_puts(&text, piece);
    buf_puts(&text, after);
    return buf_take(&text);
}

static void large_inputs_are_left_out(void)
{
    auto_free char *large = repeated("\"", "x", 1024, "\"");
    auto_free char *got = details_of("{\"type\": \"null\"}", large, NULL);

    expect_str(got, "{\"errors\": [{\"type\": \"none_required\", \"loc\": [], \"msg\": \"Input should be null\"}]}");
}

static void violations_are_limited_in_number_and_size(void)
{
    auto_free char *many = repeated("[1", ",1", 100000, "]");
    auto_free char *long_name = repeated("{\"", "\xc3\xa4", 100000, "\": [1, 2, 3]}");
    auto_free char *message = NULL;
    auto_free char *got = details_of("{\"items\": {\"type\": \"null\"}}", many, &message);
    auto_free char *cut = details_of("{\"additionalProperties\": {\"items\": {\"type\": \"null\"}}}", long_name, NULL);
    auto_json cJSON *tree = NULL;

    expect_int(json_parse(mesh_text(got), &tree, NULL), MESH_OK);
    expect_int(cJSON_GetArraySize(json_get(tree, "errors")), VIOLATIONS_MAX);
    expect_str(message, "at least 100 violations, the first at '0': Input should be null");
    expect_true(strlen(cut) < 8192);
}

static void deep_inputs_are_told_too(void)
{
    auto_free char *open = repeated("", "[", 255, "");
    auto_free char *deep = repeated(open, "]", 255, "");
    auto_free char *got = details_of("{\"minItems\": 2, \"items\": {\"$ref\": \"#\"}}", deep, NULL);
    auto_json cJSON *tree = NULL;

    expect_int(json_parse(mesh_text(got), &tree, NULL), MESH_OK);
    expect_int(cJSON_GetArraySize(json_get(tree, "errors")), VIOLATIONS_MAX);
}

SUITE(wire_schema_violation, TEST(types_have_the_words_of_the_protocol), TEST(limits_have_the_words_of_the_protocol),
      TEST(what_the_protocol_does_not_name_reads_alike), TEST(places_are_paths_through_the_instance),
      TEST(an_optional_value_is_told_as_what_it_is), TEST(the_errors_of_a_recorded_request_are_the_same),
      TEST(all_violations_are_told_in_the_order_of_the_schema), TEST(the_message_names_the_place),
      TEST(what_is_not_json_is_told_as_such), TEST(large_inputs_are_left_out),
      TEST(violations_are_limited_in_number_and_size), TEST(deep_inputs_are_told_too))
