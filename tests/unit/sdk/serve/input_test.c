/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of requests: what reaches a handler, and in which form, and what is refused in which words. */
#include "serve/input.h"

#include <string.h>

#include "base/json.h"
#include "golden.h"
#include "suite.h"
#include "torture.h"

static struct contract order = { .name = (char *)"fleet.order", .has_input = true };
static struct contract trigger = { .name = (char *)"clock" };

static const char schema_text[] =
    MESH_JSON({"type": "object", "properties": {"weight": {"type": "integer", "minimum": 1}}, "required": ["stops"]});

static mesh_schema *schema_of(const char *text)
{
    mesh_schema *schema = NULL;

    expect_int(mesh_schema_compile(mesh_text(text), NULL, &schema, NULL), MESH_OK);
    return schema;
}

static void expect_refused(const mesh_schema *schema, const char *body, const char *details)
{
    mesh_error err = MESH_ERROR_INIT;
    cJSON *tree = NULL;

    expect_int(input_read(&order, schema, mesh_text(body), &tree, &err), MESH_E_INVALID_INPUT);
    expect_str(mesh_error_message(&err), "Input failed validation for agent 'fleet.order'");
    expect_str(mesh_error_agent(&err), "fleet.order");
    expect_json(mesh_error_details(&err), details);
    expect_true(tree == NULL);
    mesh_error_clear(&err);
}

static void a_body_that_fits_becomes_a_tree(void)
{
    auto_schema mesh_schema *schema = schema_of(schema_text);
    auto_json cJSON *tree = NULL;

    expect_int(input_read(&order, schema, mesh_text("{\"stops\": 7, \"weight\": 2.0, \"more\": 1}"), &tree, NULL),
               MESH_OK);
    expect_int(json_int(tree, "stops", 0), 7);
}

static void a_body_that_does_not_fit_is_refused_with_every_violation(void)
{
    auto_schema mesh_schema *schema = schema_of(schema_text);

    expect_refused(schema, "{\"weight\": 0}",
                   "{\"errors\": [{\"type\": \"greater_than_equal\", \"loc\": [\"weight\"], \"msg\": "
                   "\"Input should be greater than or equal to 1\", \"input\": 0, \"ctx\": {\"ge\": 1}}, "
                   "{\"type\": \"missing\", \"loc\": [\"stops\"], \"msg\": \"Field required\", "
                   "\"input\": {\"weight\": 0}}]}");
}

static void an_empty_body_is_missing(void)
{
    expect_refused(
        NULL, "", "{\"errors\": [{\"type\": \"missing\", \"loc\": [], \"msg\": \"Field required\", \"input\": null}]}");
}

static void what_is_no_json_is_refused_with_its_place(void)
{
    expect_refused(NULL, "{\"a\": tru}",
                   "{\"errors\": [{\"type\": \"json_invalid\", \"loc\": [], \"msg\": \"Invalid JSON: at "
                   "byte 6: a value was expected\", \"ctx\": {\"error\": \"at byte 6: a value was "
                   "expected\"}, \"input\": \"{\\\"a\\\": tru}\"}]}");
}

static void null_is_a_value_like_others(void)
{
    auto_schema mesh_schema *schema = schema_of("{\"type\": \"null\"}");
    auto_json cJSON *tree = NULL;

    expect_int(input_read(&order, schema, mesh_text("null"), &tree, NULL), MESH_OK);
    expect_true(cJSON_IsNull(tree));
    expect_refused(schema, "0",
                   "{\"errors\": [{\"type\": \"none_required\", \"loc\": [], \"msg\": \"Input should be null\", "
                   "\"input\": 0}]}");
}

static void bodies_for_a_trigger_are_not_read(void)
{
    cJSON *tree = NULL;

    expect_int(input_read(&trigger, NULL, mesh_text("not JSON"), &tree, NULL), MESH_OK);
    expect_int(input_read(&trigger, NULL, mesh_text(""), &tree, NULL), MESH_OK);
    expect_true(tree == NULL);
}

/* ---- without memory ---- */

static const char *body_without_memory;
static const mesh_schema *schema_without_memory;

/* A refusal has all its details or none; success is a refusal that has them. */
static bool refuse_it(void)
{
    mesh_error err = MESH_ERROR_INIT;
    cJSON *tree = NULL;
    mesh_status status = input_read(&order, schema_without_memory, mesh_text(body_without_memory), &tree, &err);
    const char *details = mesh_error_details(&err);
    bool has_details = status == MESH_E_INVALID_INPUT && strcmp(details, "{}") != 0;

    if (status != MESH_E_NO_MEMORY)
        expect_int(status, MESH_E_INVALID_INPUT);
    expect_true(tree == NULL);
    expect_true(strstr(details, "[]}") == NULL);
    if (has_details)
        expect_contains(details, "\"loc\": [");
    mesh_error_clear(&err);
    return has_details;
}

static void a_refusal_has_all_its_details_or_none(void)
{
    auto_schema mesh_schema *schema = schema_of(schema_text);
    schema_without_memory = schema;
    static const char *const bodies[] = { "{\"weight\": 0}", "{\"a\": tru}", "" };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        body_without_memory = bodies[i];
        torture(refuse_it);
    }
}

SUITE(serve_input, TEST(a_body_that_fits_becomes_a_tree),
      TEST(a_body_that_does_not_fit_is_refused_with_every_violation), TEST(an_empty_body_is_missing),
      TEST(what_is_no_json_is_refused_with_its_place), TEST(null_is_a_value_like_others),
      TEST(bodies_for_a_trigger_are_not_read), TEST(a_refusal_has_all_its_details_or_none))
