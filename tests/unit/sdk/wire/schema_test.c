/* SPDX-License-Identifier: Apache-2.0 */
/* What fits a schema, keyword by keyword. */
#include "wire/schema.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "suite.h"
#include "wire/schema_compile.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static mesh_schema *compiled(const char *text, const mesh_schema_options *options)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *schema = NULL;

    if (!expect_int(mesh_schema_compile(mesh_text(text), options, &schema, &err), MESH_OK))
        printf("%s: %s\n", text, mesh_error_text(&err));
    mesh_error_clear(&err);
    return schema;
}

/* A schema, values that fit it, values that do not; both lists are one array of JSON. */
struct fitting {
    const char *schema, *good, *bad;
};

static void expect_all(const mesh_schema *schema, const char *text, const char *values, bool expected)
{
    auto_json cJSON *list = NULL;
    const cJSON *value;

    expect_int(json_parse(mesh_text(values), &list, NULL), MESH_OK);
    cJSON_ArrayForEach(value, list)
    {
        auto_buf struct buf violations = { .max = 1 << 20 };
        bool fits = schema_fits(schema, value, &violations);
        if (!expect_int(fits, expected)) {
            auto_free char *shown = cJSON_PrintUnformatted(value);
            printf("%s on %s: %s\n", text, shown, buf_text(&violations));
        }
        expect_int(violations.len > 0, !expected);
        expect_int(schema_fits(schema, value, NULL), expected);
    }
}

static void expect_fitting_with(const struct fitting *cases, size_t count, const mesh_schema_options *options)
{
    for (size_t i = 0; i < count; i++) {
        auto_schema mesh_schema *schema = compiled(cases[i].schema, options);
        if (!schema)
            continue;
        expect_all(schema, cases[i].schema, cases[i].good, true);
        expect_all(schema, cases[i].schema, cases[i].bad, false);
    }
}

#define expect_fitting(cases) expect_fitting_with((cases), COUNT(cases), NULL)

static void booleans_fit_all_or_nothing(void)
{
    static const struct fitting cases[] = { { "true", "[1, null, {}]", "[]" },
                                            { "false", "[]", "[1, null, {}]" },
                                            { "{}", "[1, null, {}]", "[]" } };
    expect_fitting(cases);
}

static void types_are_told_apart(void)
{
    static const struct fitting cases[] = {
        { "{\"type\": \"null\"}", "[null]", "[0, false, \"\", [], {}]" },
        { "{\"type\": \"boolean\"}", "[true, false]", "[null, 0, \"true\"]" },
        { "{\"type\": \"string\"}", "[\"\", \"x\"]", "[null, 1, [], {}]" },
        { "{\"type\": \"array\"}", "[[], [1]]", "[{}, \"[]\"]" },
        { "{\"type\": \"object\"}", "[{}]", "[[], null]" },
        { "{\"type\": \"number\"}", "[1, 1.5, 1e400]", "[\"1\", null]" },
        { "{\"type\": [\"string\", \"null\"]}", "[\"x\", null]", "[1]" },
    };
    expect_fitting(cases);
}

static void whole_numbers_are_integers_however_they_are_written(void)
{
    static const struct fitting cases[] = {
        { "{\"type\": \"integer\"}",
          "[0, -3, 1.0, 1e2, 30e-1, 9007199254740993, 123456789012345678901234567890, 1e400]",
          "[1.5, 1e-1, 9007199254740993.5, true, \"1\"]" },
        { "{\"type\": [\"integer\", \"string\"]}", "[1, 2.0, \"\"]", "[0.5, null]" },
    };
    expect_fitting(cases);
}

static void limits_are_exact(void)
{
    static const struct fitting cases[] = {
        { "{\"minimum\": 3}", "[3, 3.0, 4, \"no number\"]", "[2.9999999999999999999999, -1e400]" },
        { "{\"maximum\": 3}", "[3, -1e400]", "[3.0000000000000000000001, 1e400]" },
        { "{\"exclusiveMinimum\": 9007199254740992}", "[9007199254740993, 1e17]",
          "[9007199254740992, 9007199254740991]" },
        { "{\"exclusiveMaximum\": 9007199254740993}", "[9007199254740992]", "[9007199254740993, 9007199254740994]" },
        { "{\"exclusiveMaximum\": 1}", "[0.99999999999999999999999999]", "[1, 1.00000000000000000000000]" },
        { "{\"maximum\": 1e400}", "[1e399, 1e400, 1e308]", "[1e401, 2e400]" },
        { "{\"multipleOf\": 0.01}", "[0, 19.99, 4.35, -0.01]", "[0.015]" },
        { "{\"multipleOf\": 3}", "[9007199254740993]", "[9007199254740992]" },
    };
    expect_fitting(cases);
}

static void enums_compare_by_value(void)
{
    static const struct fitting cases[] = {
        { "{\"enum\": [\"red\", \"green\"]}", "[\"red\", \"green\"]", "[\"blue\", \"re\", 1, null]" },
        { "{\"enum\": [\"red\", 1, null, [1, 2], {\"a\": 1, \"b\": [2]}]}",
          "[1.0, 10e-1, null, [1, 2.0], {\"b\": [2], \"a\": 1}]",
          "[[2, 1], [1], {\"a\": 1}, {\"a\": 1, \"b\": [2], \"c\": 3}, true, \"1\"]" },
        { "{\"const\": 9007199254740993}", "[9007199254740993, 9007199254740993.0]", "[9007199254740992]" },
        { "{\"const\": false}", "[false]", "[0, null, true, [false]]" },
        { "{\"const\": null}", "[null]", "[0, false]" },
        { "{\"const\": {}}", "[{}]", "[[], {\"a\": 1}]" },
        { "{\"enum\": []}", "[]", "[1]" },
    };
    expect_fitting(cases);
}

static void lengths_count_characters(void)
{
    static const struct fitting cases[] = {
        { "{\"minLength\": 2}", "[\"ab\", \"\xc3\xa4\xc3\xb6\", \"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\", 1]",
          "[\"a\", \"\xf0\x9f\x98\x80\", \"\"]" },
        { "{\"maxLength\": 2.0}", "[\"\", \"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"]", "[\"abc\"]" },
        { "{\"maxLength\": 1e30}", "[\"abc\"]", "[]" },
        { "{\"pattern\": \"^[a-z]+$\"}", "[\"abc\", 1]", "[\"\", \"a1\"]" },
        { "{\"pattern\": \"b\"}", "[\"abc\"]", "[\"ac\"]" },
    };
    expect_fitting(cases);
}

static void formats_refuse_only_where_asked(void)
{
    static const struct fitting lax[] = { { "{\"format\": \"ipv4\"}", "[\"1.2.3.4\", \"x\", 1]", "[]" } };
    static const struct fitting strict[] = { { "{\"format\": \"ipv4\"}", "[\"1.2.3.4\", 1]", "[\"x\"]" },
                                             { "{\"format\": \"of-our-own\"}", "[\"x\"]", "[]" } };
    mesh_schema_options options = MESH_SCHEMA_OPTIONS_INIT;

    expect_fitting(lax);
    options.flags = MESH_SCHEMA_ASSERT_FORMAT;
    expect_fitting_with(strict, COUNT(strict), &options);
}

static void arrays_are_checked_inside(void)
{
    static const struct fitting cases[] = {
        { "{\"items\": {\"type\": \"integer\"}}", "[[], [1, 2], {}]", "[[1, \"x\"]]" },
        { "{\"prefixItems\": [{\"type\": \"integer\"}, {\"type\": \"string\"}]}",
          "[[], [1], [1, \"x\"], [1, \"x\", null]]", "[[\"x\"], [1, 2]]" },
        { "{\"prefixItems\": [true], \"items\": false}", "[[], [1]]", "[[1, 2]]" },
        { "{\"minItems\": 1, \"maxItems\": 2}", "[[1], [1, 2]]", "[[], [1, 2, 3]]" },
        { "{\"uniqueItems\": true}", "[[1, 2, \"1\", [1]], [{\"a\": 1}, {\"a\": 2}]]",
          "[[1, 1.0], [{\"a\": 1, \"b\": 2}, {\"b\": 2, \"a\": 1}]]" },
        { "{\"uniqueItems\": false}", "[[1, 1]]", "[]" },
        { "{\"contains\": {\"type\": \"null\"}}", "[[null], [1, null, null]]", "[[], [1]]" },
        { "{\"contains\": {\"type\": \"null\"}, \"minContains\": 2, \"maxContains\": 3}",
          "[[null, 1, null], [null, null, null]]", "[[null], [null, null, null, null]]" },
        { "{\"contains\": false, \"minContains\": 0}", "[[], [1]]", "[]" },
        { "{\"minContains\": 2}", "[[], [1]]", "[]" },
    };
    expect_fitting(cases);
}

static void objects_are_checked_inside(void)
{
    static const struct fitting cases[] = {
        { "{\"properties\": {\"a\": {\"type\": \"integer\"}, \"b\": false}}", "[{}, {\"a\": 1, \"c\": 2}, []]",
          "[{\"a\": \"x\"}, {\"b\": 1}]" },
        { "{\"required\": [\"a\", \"b\"]}", "[{\"a\": 1, \"b\": 2, \"c\": 3}, 1]",
          "[{}, {\"a\": 1}, {\"A\": 1, \"b\": 2}]" },
        { "{\"properties\": {\"a\": {}}, \"patternProperties\": {\"^x\": {\"type\": \"null\"}, \"y$\": {\"minimum\": "
          "1}}, "
          "\"additionalProperties\": {\"type\": \"string\"}}",
          "[{\"a\": 1, \"x1\": null, \"2y\": 1, \"z\": \"s\"}]", "[{\"x\": 1}, {\"y\": 0}, {\"z\": 1}]" },
        { "{\"additionalProperties\": false}", "[{}]", "[{\"a\": 1}]" },
        { "{\"propertyNames\": {\"maxLength\": 2}}", "[{\"ab\": 1}]", "[{\"abc\": 1}]" },
        { "{\"minProperties\": 1, \"maxProperties\": 2}", "[{\"a\": 1}]", "[{}, {\"a\": 1, \"b\": 2, \"c\": 3}]" },
        { "{\"dependentRequired\": {\"a\": [\"b\"]}}", "[{}, {\"b\": 1}, {\"a\": 1, \"b\": 2}]", "[{\"a\": 1}]" },
        { "{\"dependentSchemas\": {\"a\": {\"maxProperties\": 1}}}", "[{\"a\": 1}, {\"b\": 1, \"c\": 2}]",
          "[{\"a\": 1, \"b\": 2}]" },
    };
    expect_fitting(cases);
}

static void schemas_combine(void)
{
    static const struct fitting cases[] = {
        { "{\"allOf\": [{\"minimum\": 1}, {\"maximum\": 3}]}", "[1, 3]", "[0, 4]" },
        { "{\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"null\"}]}", "[\"x\", null]", "[1]" },
        { "{\"oneOf\": [{\"minimum\": 1}, {\"maximum\": 3}]}", "[0, 4]", "[2]" },
        { "{\"oneOf\": [{\"type\": \"string\"}]}", "[\"x\"]", "[1]" },
        { "{\"not\": {\"type\": \"string\"}}", "[1]", "[\"x\"]" },
        { "{\"if\": {\"minimum\": 10}, \"then\": {\"multipleOf\": 10}, \"else\": {\"maximum\": 5}}", "[10, 5]",
          "[11, 6]" },
        { "{\"then\": false, \"else\": false}", "[1]", "[]" },
    };
    expect_fitting(cases);
}

static void references_lead_within_the_document(void)
{
    static const struct fitting cases[] = {
        { "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"type\": \"null\"}}}", "[null]", "[1]" },
        { "{\"properties\": {\"next\": {\"$ref\": \"#\"}}, \"additionalProperties\": false}",
          "[{\"next\": {\"next\": {}}}]", "[{\"next\": {\"x\": 1}}]" },
        { "{\"$ref\": \"#a\", \"$defs\": {\"x\": {\"$anchor\": \"a\", \"type\": \"null\"}}}", "[null]", "[1]" },
        { "{\"$ref\": \"#/$defs/a~1b%25~0\", \"$defs\": {\"a/b%~\": {\"type\": \"null\"}}}", "[null]", "[1]" },
        { "{\"$id\": \"http://x.example/root\", \"$ref\": \"sub\", \"$defs\": {\"s\": {\"$id\": \"/sub\", \"type\": "
          "\"null\"}}}",
          "[null]", "[1]" },
        { "{\"$id\": \"urn:x:1\", \"$ref\": \"urn:x:1#/$defs/a\", \"$defs\": {\"a\": {\"type\": \"null\"}}}", "[null]",
          "[1]" },
        { "{\"$ref\": \"#/definitions/a\", \"definitions\": {\"a\": {\"$ref\": \"#/of our own/0\"}}, "
          "\"of our own\": [{\"type\": \"null\"}]}",
          "[null]", "[1]" },
        { "{\"$ref\": \"#/allOf/0\", \"allOf\": [{\"type\": \"null\"}]}", "[null]", "[1]" },
    };
    expect_fitting(cases);
}

static void dynamic_references_take_the_outermost_anchor(void)
{
    static const struct fitting cases[] = {
        { "{\"$id\": \"http://x.example/strings\", \"$ref\": \"list\", \"$defs\": {"
          "\"string\": {\"$dynamicAnchor\": \"item\", \"type\": \"string\"}, "
          "\"list\": {\"$id\": \"list\", \"items\": {\"$dynamicRef\": \"#item\"}, "
          "\"$defs\": {\"any\": {\"$dynamicAnchor\": \"item\"}}}}}",
          "[[\"x\"]]", "[[1]]" },
        { "{\"$dynamicRef\": \"#a\", \"$defs\": {\"x\": {\"$anchor\": \"a\", \"type\": \"null\"}}}", "[null]", "[1]" },
    };
    expect_fitting(cases);
}

static void what_nobody_evaluated_is_unevaluated(void)
{
    static const struct fitting cases[] = {
        { "{\"allOf\": [{\"properties\": {\"a\": {}}}], \"properties\": {\"b\": {}}, \"unevaluatedProperties\": false}",
          "[{\"a\": 1, \"b\": 2}, []]", "[{\"c\": 1}]" },
        { "{\"anyOf\": [{\"properties\": {\"a\": {\"type\": \"null\"}}}, {\"properties\": {\"b\": {}}}], "
          "\"unevaluatedProperties\": false}",
          "[{\"b\": 1}, {\"a\": null, \"b\": 1}]", "[{\"a\": 1}]" },
        { "{\"if\": {\"required\": [\"a\"], \"properties\": {\"a\": {}}}, \"else\": {\"properties\": {\"b\": {}}}, "
          "\"unevaluatedProperties\": false}",
          "[{\"a\": 1}, {\"b\": 1}]", "[{\"a\": 1, \"b\": 1}]" },
        { "{\"not\": {\"not\": {\"properties\": {\"a\": {}}}}, \"unevaluatedProperties\": false}", "[{}]",
          "[{\"a\": 1}]" },
        { "{\"$ref\": \"#/$defs/a\", \"unevaluatedProperties\": false, \"$defs\": {\"a\": {\"properties\": {\"a\": "
          "{}}}}}",
          "[{\"a\": 1}]", "[{\"b\": 1}]" },
        { "{\"allOf\": [{\"unevaluatedProperties\": true}], \"unevaluatedProperties\": false}", "[{\"a\": 1}]", "[]" },
        { "{\"allOf\": [{\"unevaluatedProperties\": false}], \"properties\": {\"a\": {}}}", "[{}]", "[{\"a\": 1}]" },
        { "{\"allOf\": [{\"prefixItems\": [true]}], \"unevaluatedItems\": {\"type\": \"null\"}}", "[[1], [1, null]]",
          "[[1, 2]]" },
        { "{\"contains\": {\"type\": \"null\"}, \"unevaluatedItems\": false}", "[[null, null]]", "[[null, 1]]" },
        { "{\"items\": true, \"unevaluatedItems\": false}", "[[1]]", "[]" },
    };
    expect_fitting(cases);
}

static void a_schema_may_refer_to_the_metaschema(void)
{
    static const struct fitting cases[] = {
        { "{\"$ref\": \"https://json-schema.org/draft/2020-12/schema\"}",
          "[true, {\"type\": \"string\", \"items\": {\"minLength\": 1}}]",
          "[1, {\"minLength\": -1}, {\"properties\": {\"a\": {\"type\": \"text\"}}}, {\"allOf\": []}]" },
        { "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema#\", \"type\": \"null\"}", "[null]", "[1]" },
    };
    expect_fitting(cases);
}

static void annotations_and_unknown_keywords_say_nothing(void)
{
    static const struct fitting cases[] = {
        { "{\"title\": \"T\", \"description\": \"d\", \"default\": 1, \"examples\": [1], \"deprecated\": true, "
          "\"readOnly\": true, \"writeOnly\": false, \"$comment\": \"c\", \"contentMediaType\": \"text/plain\", "
          "\"contentEncoding\": \"base64\", \"contentSchema\": false, \"x-own\": {\"type\": 3}, \"discriminator\": {}}",
          "[1, null, \"x\"]", "[]" },
    };
    expect_fitting(cases);
}

static void documents_at_hand_are_found_by_their_uri(void)
{
    const struct schema_document documents[] = {
        { "http://x.example/integer", mesh_text("{\"type\": \"integer\"}") },
        { "http://x.example/plain",
          mesh_text("{\"$vocabulary\": {\"https://json-schema.org/draft/2020-12/vocab/core\": true, "
                    "\"https://json-schema.org/draft/2020-12/vocab/applicator\": true, \"urn:unknown\": false}}") },
    };
    auto_schema mesh_schema *schema = NULL;
    auto_schema mesh_schema *lax = NULL;

    expect_int(schema_compile_with(mesh_text("{\"items\": {\"$ref\": \"http://x.example/integer\"}}"), 0, documents,
                                   COUNT(documents), &schema, NULL),
               MESH_OK);
    expect_all(schema, "integers", "[[1]]", true);
    expect_all(schema, "integers", "[[null]]", false);
    expect_int(schema_compile_with(mesh_text("{\"$schema\": \"http://x.example/plain\", \"type\": \"null\", "
                                             "\"properties\": {\"a\": false}}"),
                                   0, documents, COUNT(documents), &lax, NULL),
               MESH_OK);
    expect_all(lax, "without validation", "[1, {}]", true);
    expect_all(lax, "without validation", "[{\"a\": 1}]", false);
}

/* cJSON_Create...() give trees without source texts, and with types that JSON lacks. */
static void trees_of_other_origin_do_no_harm(void)
{
    auto_schema mesh_schema *schema = compiled(
        "{\"items\": {\"type\": \"integer\", \"minimum\": 1, \"multipleOf\": 2, \"enum\": [2, {\"a\": 1}]}}", NULL);
    auto_json cJSON *list = cJSON_CreateArray();
    auto_buf struct buf violations = { .max = 1 << 16 };

    cJSON_AddItemToArray(list, cJSON_CreateNumber(2));
    expect_true(schema_fits(schema, list, NULL));
    cJSON_AddItemToArray(list, cJSON_CreateNumber(1e308 * 10));
    cJSON_AddItemToArray(list, cJSON_CreateNumber(1e308 * 10 - 1e308 * 10));
    cJSON_AddItemToArray(list, cJSON_CreateRaw("{"));
    cJSON_AddItemToArray(list, cJSON_CreateStringReference(NULL));
    expect_false(schema_fits(schema, list, &violations));
    expect_false(schema_fits(schema, NULL, &violations));
}

SUITE(wire_schema, TEST(booleans_fit_all_or_nothing), TEST(types_are_told_apart),
      TEST(whole_numbers_are_integers_however_they_are_written), TEST(limits_are_exact), TEST(enums_compare_by_value),
      TEST(lengths_count_characters), TEST(formats_refuse_only_where_asked), TEST(arrays_are_checked_inside),
      TEST(objects_are_checked_inside), TEST(schemas_combine), TEST(references_lead_within_the_document),
      TEST(dynamic_references_take_the_outermost_anchor), TEST(what_nobody_evaluated_is_unevaluated),
      TEST(a_schema_may_refer_to_the_metaschema), TEST(annotations_and_unknown_keywords_say_nothing),
      TEST(documents_at_hand_are_found_by_their_uri), TEST(trees_of_other_origin_do_no_harm))
