/* SPDX-License-Identifier: Apache-2.0 */
/* Compiling and checking where memory ends; and checking what fits, which needs none. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "suite.h"
#include "torture.h"
#include "wire/schema.h"

static const char order[] =
    "{\"$id\": \"http://x.example/order\", \"type\": \"object\", \"title\": \"Order\", \"properties\": {"
    "\"id\": {\"type\": \"integer\", \"exclusiveMinimum\": 0, \"multipleOf\": 1},"
    "\"who\": {\"anyOf\": [{\"$ref\": \"#/$defs/name\"}, {\"type\": \"null\"}]},"
    "\"kind\": {\"enum\": [\"a\", {\"b\": [1, 2.5]}]},"
    "\"tags\": {\"type\": \"array\", \"uniqueItems\": true, \"contains\": {\"const\": \"x\"}},"
    "\"more\": {\"$ref\": \"#/own/0\"}},"
    "\"patternProperties\": {\"^x-\": {\"minLength\": 1}}, \"required\": [\"id\"], \"unevaluatedProperties\": false,"
    "\"dependentRequired\": {\"tags\": [\"id\"]}, \"dependentSchemas\": {\"who\": {\"maxProperties\": 9}},"
    "\"if\": {\"$ref\": \"#named\"}, \"then\": true, \"own\": [{\"$dynamicRef\": \"#any\"}],"
    "\"$defs\": {\"name\": {\"type\": \"string\", \"pattern\": \"^[A-Z]\"}, \"n\": {\"$anchor\": \"named\"}, "
    "\"d\": {\"$dynamicAnchor\": \"any\", \"type\": \"object\"}}}";

static const char good[] =
    "{\"id\": 1, \"who\": \"Jane\", \"kind\": {\"b\": [1.0, 2.5]}, \"tags\": [\"x\", \"y\", [1]], "
    "\"more\": {}, \"x-a\": \"b\"}";
static const char bad[] = "{\"who\": 1, \"kind\": 2, \"tags\": [1, 1], \"more\": 3, \"x-a\": \"\", \"y\": 1}";

static bool compile_order(void)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_schema mesh_schema *schema = NULL;
    mesh_status status = mesh_schema_compile(mesh_text(order), NULL, &schema, &err);

    expect_true(status == MESH_OK || status == MESH_E_NO_MEMORY);
    expect_true((status == MESH_OK) == (schema != NULL));
    mesh_error_clear(&err);
    return status == MESH_OK;
}

static void compiling_survives(void)
{
    torture(compile_order);
}

static bool compile_with_metaschema(void)
{
    auto_schema mesh_schema *schema = NULL;

    return mesh_schema_compile(mesh_text("{\"$ref\": \"https://json-schema.org/draft/2020-12/schema\"}"), NULL, &schema,
                               NULL) == MESH_OK;
}

static void the_metaschema_survives(void)
{
    torture(compile_with_metaschema);
}

static bool refuse_schema(void)
{
    auto_schema mesh_schema *schema = NULL;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status =
        mesh_schema_compile(mesh_text("{\"properties\": {\"a\": {\"$ref\": \"#b\"}}}"), NULL, &schema, &err);

    mesh_error_clear(&err);
    expect_true(status == MESH_E_INVALID_ARGUMENT || status == MESH_E_NO_MEMORY);
    return status == MESH_E_INVALID_ARGUMENT;
}

static void refusing_survives(void)
{
    torture(refuse_schema);
}

static mesh_schema *shared;

static bool refuse_instance(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = mesh_schema_check(shared, mesh_text(bad), &err);

    expect_true(status == MESH_E_INVALID_INPUT || status == MESH_E_NO_MEMORY);
    mesh_error_clear(&err);
    return status == MESH_E_INVALID_INPUT;
}

static void telling_violations_survives(void)
{
    expect_int(mesh_schema_compile(mesh_text(order), NULL, &shared, NULL), MESH_OK);
    torture(refuse_instance);
    shared = mesh_schema_free(shared);
}

static cJSON *tree;
static int runs;

/* One allocation of its own for torture() to fail; there must be no other. */
static bool check_good(void)
{
    auto_free void *own = malloc(1);

    runs++;
    return own && schema_fits(shared, tree, NULL);
}

static void what_fits_needs_no_memory(void)
{
    expect_int(mesh_schema_compile(mesh_text(order), NULL, &shared, NULL), MESH_OK);
    expect_int(json_parse(mesh_text(good), &tree, NULL), MESH_OK);
    expect_true(schema_fits(shared, tree, NULL));
    torture(check_good);
    expect_int(runs, 2);
    cJSON_Delete(tree);
    shared = mesh_schema_free(shared);
}

SUITE(wire_schema_no_memory, TEST(compiling_survives), TEST(the_metaschema_survives), TEST(refusing_survives),
      TEST(telling_violations_survives), TEST(what_fits_needs_no_memory))
