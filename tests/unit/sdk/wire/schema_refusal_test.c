/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas that are refused, and what is said about them. */
#include <stdio.h>

#include "base/buf.h"
#include "suite.h"
#include "wire/schema.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct refusal {
    const char *schema, *said;
};

static void expect_refused(const char *text, mesh_status expected, const char *said)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_schema mesh_schema *schema = NULL;

    expect_int(mesh_schema_compile(mesh_text(text), NULL, &schema, &err), expected);
    expect_true(schema == NULL);
    expect_str(mesh_error_text(&err), said);
    mesh_error_clear(&err);
}

static void expect_refusals(const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_refused(cases[i].schema, MESH_E_INVALID_ARGUMENT, cases[i].said);
}

static void what_is_no_schema_is_refused(void)
{
    static const struct refusal cases[] = {
        { "1", "schema at '': a schema is an object or a boolean" },
        { "{\"items\": {\"not\": []}}", "schema at '/items/not': a schema is an object or a boolean" },
        { "{\"properties\": {\"a/b~\": 3}}", "schema at '/properties/a~1b~0': a schema is an object or a boolean" },
        { "{\"$defs\": {\"a\": {\"allOf\": [true, 1]}}}",
          "schema at '/$defs/a/allOf/1': a schema is an object or a boolean" },
    };
    expect_refusals(cases, COUNT(cases));
    expect_refused("{", MESH_E_INVALID_JSON, "invalid JSON at byte 1: the text ends too early");
}

static void values_of_the_wrong_shape_are_refused(void)
{
    static const struct refusal cases[] = {
        { "{\"type\": \"text\"}",
          "schema at '': 'type' must be null, boolean, number, integer, string, array or object, or "
          "an array of these" },
        { "{\"type\": []}", "schema at '': 'type' must name at least one type" },
        { "{\"type\": [\"null\", \"null\"]}", "schema at '': 'type' has 'null' twice" },
        { "{\"items\": {\"minLength\": -1}}", "schema at '/items': 'minLength' must be a whole number, 0 or more" },
        { "{\"maxItems\": 1.5}", "schema at '': 'maxItems' must be a whole number, 0 or more" },
        { "{\"minimum\": \"1\"}", "schema at '': 'minimum' must be a number" },
        { "{\"multipleOf\": 0}", "schema at '': 'multipleOf' must be above 0" },
        { "{\"multipleOf\": true}", "schema at '': 'multipleOf' must be a number" },
        { "{\"enum\": 1}", "schema at '': 'enum' must be an array" },
        { "{\"uniqueItems\": 1}", "schema at '': 'uniqueItems' must be a boolean" },
        { "{\"required\": \"a\"}", "schema at '': 'required' must be an array of strings" },
        { "{\"required\": [1]}", "schema at '': 'required' must be an array of strings" },
        { "{\"required\": [\"a\", \"a\"]}", "schema at '': 'required' has 'a' twice" },
        { "{\"properties\": [1]}", "schema at '': 'properties' must be an object" },
        { "{\"required\": [\"a\"], \"properties\": [1]}", "schema at '': 'properties' must be an object" },
        { "{\"patternProperties\": 1}", "schema at '': 'patternProperties' must be an object" },
        { "{\"dependentRequired\": {\"a\": {}}}", "schema at '': 'dependentRequired' must be an array of strings" },
        { "{\"dependentSchemas\": true}", "schema at '': 'dependentSchemas' must be an object" },
        { "{\"allOf\": []}", "schema at '': 'allOf' must be an array of schemas, at least one" },
        { "{\"prefixItems\": {}}", "schema at '': 'prefixItems' must be an array of schemas, at least one" },
        { "{\"items\": [{}]}", "schema at '': 'items' must be a schema; for an array of schemas use 'prefixItems'" },
        { "{\"$defs\": 1}", "schema at '': '$defs' must be an object" },
        { "{\"$ref\": 1}", "schema at '': '$ref' must be a string" },
        { "{\"$id\": 1}", "schema at '': '$id' must be a string" },
        { "{\"title\": 1}", "schema at '': 'title' must be a string" },
        { "{\"format\": 1}", "schema at '': 'format' must be a string" },
        { "{\"readOnly\": 1}", "schema at '': 'readOnly' must be a boolean" },
        { "{\"minContains\": -1}", "schema at '': 'minContains' must be a whole number, 0 or more" },
    };
    expect_refusals(cases, COUNT(cases));
}

static void broken_patterns_are_refused(void)
{
    static const char *const schemas[] = { "{\"pattern\": \"a(\"}", "{\"patternProperties\": {\"a(\": true}}" };

    for (size_t i = 0; i < COUNT(schemas); i++) {
        mesh_error err = MESH_ERROR_INIT;
        auto_schema mesh_schema *schema = NULL;
        expect_int(mesh_schema_compile(mesh_text(schemas[i]), NULL, &schema, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), "has the pattern 'a(': ");
        mesh_error_clear(&err);
    }
}

static void references_that_lead_nowhere_are_refused(void)
{
    static const struct refusal cases[] = {
        { "{\"properties\": {\"a\": {\"$ref\": \"http://x.example/y\"}}}",
          "schema at '/properties/a': '$ref' leads to 'http://x.example/y', which is not in this schema: put it into "
          "'$defs', other documents are not fetched" },
        { "{\"$id\": \"http://x.example/\", \"$ref\": \"other\"}",
          "schema at '': '$ref' leads to 'other', which is not in this schema: put it into '$defs', other documents "
          "are not "
          "fetched" },
        { "{\"$ref\": \"#/$defs/b\", \"$defs\": {\"a\": {}}}",
          "schema at '': '$ref' leads to '#/$defs/b', but there is no schema there" },
        { "{\"$ref\": \"#/title\", \"title\": \"x\"}",
          "schema at '': '$ref' leads to '#/title', but there is no schema there" },
        { "{\"$ref\": \"#/allOf/01\", \"allOf\": [true, true]}",
          "schema at '': '$ref' leads to '#/allOf/01', but there is no schema there" },
        { "{\"$dynamicRef\": \"#a\"}",
          "schema at '': '$dynamicRef' leads to '#a', but no '$anchor' there has that name" },
        { "{\"$ref\": \"#/%zz\"}", "schema at '': '$ref' has a broken escape: '#/%zz'" },
        { "{\"$ref\": \"#/a~2\"}", "schema at '': '$ref' leads to '#/a~2', but there is no schema there" },
        { "{\"$ref\": \"#/own/x\", \"own\": {\"x\": {\"minLength\": -1}}}",
          "schema at '/own/x': 'minLength' must be a whole number, 0 or more" },
    };
    expect_refusals(cases, COUNT(cases));
}

static void references_that_never_go_into_the_value_are_refused(void)
{
    static const char said[] =
        ": it leads back to itself without going into the value, so that checking would never end";
    static const char *const schemas[] = {
        "{\"$ref\": \"#\"}",
        ("{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"$ref\": \"#/$defs/b\"}, \"b\": {\"allOf\": [{\"$ref\": "
         "\"#/$defs/a\"}]}}}"),
        "{\"not\": {\"$ref\": \"#\"}}",
        "{\"if\": {\"$ref\": \"#\"}}",
        "{\"dependentSchemas\": {\"a\": {\"$ref\": \"#\"}}}",
        "{\"$dynamicAnchor\": \"a\", \"anyOf\": [true, {\"$dynamicRef\": \"#a\"}]}",
    };

    for (size_t i = 0; i < COUNT(schemas); i++) {
        mesh_error err = MESH_ERROR_INIT;
        auto_schema mesh_schema *schema = NULL;
        expect_int(mesh_schema_compile(mesh_text(schemas[i]), NULL, &schema, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), said);
        mesh_error_clear(&err);
    }
}

static void identities_are_checked(void)
{
    static const struct refusal cases[] = {
        { "{\"$id\": \"a#b\"}",
          "schema at '': '$id' must not have a fragment; for a name within the document use '$anchor'" },
        { "{\"$anchor\": \"1\"}",
          "schema at '': '$anchor' must begin with a letter or '_' and go on with letters, digits, '-', "
          "'_' and '.'" },
        { "{\"$defs\": {\"a\": {\"$anchor\": \"x\"}, \"b\": {\"$anchor\": \"x\"}}}",
          "schema at '/$defs/b': '$anchor' has the name '#x' that another subschema has already" },
        { "{\"$defs\": {\"a\": {\"$id\": \"x\"}, \"b\": {\"$id\": \"x\"}}}",
          "schema at '/$defs/b': '$id' has the name 'x' that another subschema has already" },
    };
    expect_refusals(cases, COUNT(cases));
}

static void other_dialects_are_refused(void)
{
    static const struct refusal cases[] = {
        { "{\"$schema\": \"http://json-schema.org/draft-07/schema#\"}",
          "schema at '': '$schema' is 'http://json-schema.org/draft-07/schema#', but only draft 2020-12 is spoken "
          "here: "
          "'https://json-schema.org/draft/2020-12/schema'" },
        { "{\"$vocabulary\": {\"urn:x\": true}}",
          "schema at '': '$vocabulary' requires the vocabulary 'urn:x', which is not known here" },
        { "{\"$vocabulary\": [1]}", "schema at '': '$vocabulary' must name vocabularies in an object" },
        { "{\"$vocabulary\": {\"urn:x\": 1}}",
          "schema at '': '$vocabulary' must say true or false of each vocabulary" },
    };
    expect_refusals(cases, COUNT(cases));
}

static void too_large_schemas_are_refused(void)
{
    auto_buf struct buf text = { .max = 4 << 20 };

    buf_puts(&text, "{\"anyOf\": [true");
    for (int i = 0; i < 100000; i++)
        buf_puts(&text, ",true");
    buf_puts(&text, "]}");
    expect_refused(buf_text(&text), MESH_E_INVALID_ARGUMENT, "schema at '/anyOf/99999': more than 100000 subschemas");
}

static void too_long_chains_are_refused(void)
{
    auto_buf struct buf text = { .max = 4 << 20 };

    buf_puts(&text, "{\"$ref\": \"#/$defs/0\", \"$defs\": {");
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, "\"%d\": {\"$ref\": \"#/$defs/%d\"}, ", i, i + 1);
    buf_puts(&text, "\"2000\": {}}}");
    expect_refused(buf_text(&text), MESH_E_INVALID_ARGUMENT,
                   "schema at '/$defs/999': more than 1000 subschemas about one value within each other");
}

/* Each id is resolved beside a long one, so that a small document would want very much memory. */
static void too_long_ids_are_refused(void)
{
    auto_buf struct buf text = { .max = 4 << 20 };
    mesh_error err = MESH_ERROR_INIT;
    auto_schema mesh_schema *schema = NULL;

    buf_puts(&text, "{\"$id\": \"http://x.example/");
    for (int i = 0; i < 4000; i++)
        buf_putc(&text, 'x');
    buf_puts(&text, "/\", \"$defs\": {\"a\": {}");
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, ", \"%d\": {\"$id\": \"%d\"}", i, i);
    buf_puts(&text, "}}");
    expect_int(mesh_schema_compile(buf_bytes(&text), NULL, &schema, &err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(&err), "'$id' is too much: all ids and anchors together have over 4194304 bytes");
    mesh_error_clear(&err);
    expect_refused("{\"$anchor\": \"a\", \"$ref\": \"#b\"}", MESH_E_INVALID_ARGUMENT,
                   "schema at '': '$ref' leads to '#b', but no '$anchor' there has that name");
}

/* Each of many references goes past many members. */
static void references_that_go_too_far_together_are_refused(void)
{
    auto_buf struct buf text = { .max = 4 << 20 };
    mesh_error err = MESH_ERROR_INIT;
    auto_schema mesh_schema *schema = NULL;

    buf_puts(&text, "{\"own\": [true");
    for (int i = 0; i < 20000; i++)
        buf_puts(&text, ",1");
    buf_puts(&text, ",true], \"allOf\": [true");
    for (int i = 0; i < 3000; i++)
        buf_puts(&text, ",{\"$ref\": \"#/own/20001\"}");
    buf_puts(&text, "]}");
    expect_int(mesh_schema_compile(buf_bytes(&text), NULL, &schema, &err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(&err), "'$ref' is one reference too many: the way to all of them is too long");
    mesh_error_clear(&err);
}

static void options_are_read_by_their_size(void)
{
    struct {
        mesh_schema_options options;
        uint32_t more[2];
    } newer = { MESH_SCHEMA_OPTIONS_INIT, { 0, 0 } };
    auto_schema mesh_schema *schema = NULL;

    newer.options.size = sizeof(newer);
    expect_int(mesh_schema_compile(mesh_text("true"), &newer.options, &schema, NULL), MESH_OK);
    newer.more[1] = 1;
    expect_int(mesh_schema_compile(mesh_text("true"), &newer.options, &schema, NULL), MESH_E_INCOMPATIBLE);
    newer.options.size = 0;
    expect_int(mesh_schema_compile(mesh_text("true"), &newer.options, &schema, NULL), MESH_E_INCOMPATIBLE);
    newer.options.size = sizeof(newer.options);
    newer.options.flags = 0x80;
    expect_int(mesh_schema_compile(mesh_text("true"), &newer.options, &schema, NULL), MESH_E_INVALID_ARGUMENT);
}

SUITE(wire_schema_refusal, TEST(what_is_no_schema_is_refused), TEST(values_of_the_wrong_shape_are_refused),
      TEST(broken_patterns_are_refused), TEST(references_that_lead_nowhere_are_refused),
      TEST(references_that_never_go_into_the_value_are_refused), TEST(identities_are_checked),
      TEST(other_dialects_are_refused), TEST(too_large_schemas_are_refused), TEST(too_long_chains_are_refused),
      TEST(too_long_ids_are_refused), TEST(references_that_go_too_far_together_are_refused),
      TEST(options_are_read_by_their_size))
