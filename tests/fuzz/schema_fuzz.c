/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a schema, up to the first line's end, and as a value for it. */
#include "wire/schema.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "fuzz.h"

/* What a caller is sent: JSON, with something in it, each with what the protocol asks for. */
static void must_tell_violations(const mesh_error *err)
{
    auto_json cJSON *details = NULL;
    must(json_parse(mesh_text(mesh_error_details(err)), &details, NULL) == MESH_OK);
    const cJSON *violations = json_get(details, "errors"), *violation;
    must(cJSON_IsArray(violations) && violations->child);
    must(cJSON_GetArraySize(violations) <= VIOLATIONS_MAX);
    cJSON_ArrayForEach(violation, violations)
    {
        must(json_string(violation, "type", NULL) && json_string(violation, "msg", NULL));
        must(cJSON_IsArray(json_get(violation, "loc")));
    }
}

static void must_be_steady(const mesh_schema *schema, mesh_bytes instance)
{
    mesh_error first = MESH_ERROR_INIT, second = MESH_ERROR_INIT;
    auto_json cJSON *tree = NULL;
    mesh_status status = mesh_schema_check(schema, instance, &first);
    must(status == MESH_OK || status == MESH_E_INVALID_INPUT);
    must(mesh_schema_check(schema, instance, &second) == status);
    must(strcmp(mesh_error_details(&first), mesh_error_details(&second)) == 0);
    if (status != MESH_OK)
        must_tell_violations(&first);
    if (json_parse(instance, &tree, NULL) == MESH_OK)
        must(schema_fits(schema, tree, NULL) == (status == MESH_OK));
    mesh_error_clear(&first);
    mesh_error_clear(&second);
}

static void check(mesh_bytes text, mesh_bytes instance, uint32_t flags)
{
    auto_schema mesh_schema *schema = NULL;
    mesh_schema_options options = MESH_SCHEMA_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    options.flags = flags;
    mesh_status status = mesh_schema_compile(text, &options, &schema, &err);
    if (status == MESH_OK)
        must_be_steady(schema, instance);
    else
        must((status == MESH_E_INVALID_JSON || status == MESH_E_INVALID_ARGUMENT) && *mesh_error_text(&err));
    mesh_error_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - data) : size;
    mesh_bytes schema = mesh_bytes_of(data, len);
    mesh_bytes instance = mesh_bytes_of(end ? end + 1 : data, end ? size - len - 1 : 0);
    check(schema, instance, 0);
    check(schema, instance, MESH_SCHEMA_ASSERT_FORMAT);
    return 0;
}
