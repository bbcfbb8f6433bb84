/* SPDX-License-Identifier: Apache-2.0 */
/* A value that fits a schema. */
#include "author/sample.h"

#include <string.h>

#include <agentmesh/schema.h>

#include "base/json.h"

static void put(struct buf *out, const cJSON *schema);

static bool names(const cJSON *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, name) == 0)
            return true;
    }
    return false;
}

/* What is required; where nothing is, the first property, so that there is something to see. */
static void put_object(struct buf *out, const cJSON *schema)
{
    const cJSON *required = json_get(schema, "required"), *properties = json_get(schema, "properties"), *property;
    bool is_first = true;
    buf_putc(out, '{');
    cJSON_ArrayForEach(property, properties)
    {
        bool is_wanted = cJSON_GetArraySize(required) > 0 ? names(required, property->string) : is_first;
        if (!is_wanted)
            continue;
        json_put_string(out, is_first ? "" : ", ", property->string);
        buf_puts(out, ": ");
        put(out, property);
        is_first = false;
    }
    buf_putc(out, '}');
}

static void put_number(struct buf *out, const cJSON *schema)
{
    const cJSON *minimum = json_get(schema, "minimum");
    if (cJSON_IsNumber(minimum))
        json_print(out, minimum);
    else
        buf_putc(out, '1');
}

static void put_array(struct buf *out, const cJSON *schema)
{
    buf_putc(out, '[');
    if (json_int(schema, "minItems", 0) > 0)
        put(out, json_get(schema, "items"));
    buf_putc(out, ']');
}

static void put_of_type(struct buf *out, const cJSON *schema)
{
    const char *type = json_string(schema, "type", json_get(schema, "properties") ? "object" : "any");
    static const struct {
        const char *type, *text;
        void (*put)(struct buf *out, const cJSON *schema);
    } types[] = {
        { "object", NULL, put_object },      { "array", NULL, put_array }, { "integer", NULL, put_number },
        { "number", NULL, put_number },      { "null", "null", NULL },     { "boolean", "true", NULL },
        { "string", "\"some text\"", NULL },
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].type, type) != 0)
            continue;
        if (types[i].put)
            types[i].put(out, schema);
        else
            buf_puts(out, types[i].text);
        return;
    }
    buf_puts(out, "{}");
}

static void put(struct buf *out, const cJSON *schema)
{
    const cJSON *given = json_get(schema, "const");
    if (!given)
        given = cJSON_GetArrayItem(json_get(schema, "examples"), 0);
    if (!given)
        given = json_get(schema, "default");
    if (!given)
        given = cJSON_GetArrayItem(json_get(schema, "enum"), 0);
    if (given)
        json_print(out, given);
    else
        put_of_type(out, schema);
}

bool sample_write(struct buf *out, const char *schema)
{
    auto_json cJSON *tree = NULL;
    mesh_schema *compiled = NULL;
    size_t before = out->len;
    if (json_parse(mesh_text(schema), &tree, NULL) != MESH_OK ||
        mesh_schema_compile(mesh_text(schema), NULL, &compiled, NULL) != MESH_OK)
        return false;
    put(out, tree);
    bool fits = !buf_failed(out) && mesh_schema_check(compiled, mesh_text(buf_text(out) + before), NULL) == MESH_OK;
    mesh_schema_free(compiled);
    return fits;
}
