/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/tool.h"

#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "wire/tool_strict.h"

mesh_status tool_name(char name[TOOL_NAME_SIZE], const char *agent, mesh_error *err)
{
    size_t len = strlen(agent);

    if (len >= TOOL_NAME_SIZE)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent '%s' cannot be a tool: its name has %zu characters, a tool's at most %d", agent,
                              len, TOOL_NAME_SIZE - 1);
    for (size_t i = 0; i <= len; i++)
        name[i] = agent[i] == '.' ? '_' : agent[i];
    return MESH_OK;
}

bool tool_takes_object(const struct contract *contract)
{
    auto_json cJSON *schema = NULL;

    if (!contract->input_schema || json_parse(mesh_text(contract->input_schema), &schema, NULL) != MESH_OK)
        return true;
    const cJSON *type = json_get(schema, "type");
    return cJSON_IsObject(schema) && (!cJSON_IsString(type) || strcmp(type->valuestring, "object") == 0);
}

mesh_status tool_check_form(int32_t form, uint32_t flags, mesh_error *err)
{
    if (form < MESH_TOOL_NEUTRAL || form > MESH_TOOL_ANTHROPIC)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "%d is no form of a tool: take one of MESH_TOOL_NEUTRAL to "
                              "MESH_TOOL_ANTHROPIC",
                              (int)form);
    if (flags & ~(uint32_t)(MESH_TOOL_STRICT | MESH_TOOL_STREAMING))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "flags has a bit that libagentmesh does not know");
    if ((flags & MESH_TOOL_STRICT) && form != MESH_TOOL_OPENAI_CHAT && form != MESH_TOOL_OPENAI_RESPONSES)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "only the forms of OpenAI have a strict variant");
    return MESH_OK;
}

/* ---- parts ---- */

static mesh_status parse_schema(const char *schema, cJSON **ret_tree, mesh_error *err)
{
    mesh_status status = json_parse(mesh_text(schema), ret_tree, err);

    return status == MESH_OK || status == MESH_E_NO_MEMORY ? status : mesh_error_prefix(err, MESH_E_DATA, "schema");
}

/* "Returns: a, b." on a line of its own, where the answer is an object whose properties are known. */
static mesh_status append_returns(struct buf *text, const char *output_schema, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    mesh_status status = output_schema ? parse_schema(output_schema, &tree, err) : MESH_OK;
    const cJSON *properties = json_get(tree, "properties"), *property;

    if (status != MESH_OK || !cJSON_IsObject(properties) || !properties->child)
        return status;
    const char *before = "\nReturns: ";
    cJSON_ArrayForEach(property, properties)
    {
        buf_puts(text, before);
        buf_puts(text, property->string);
        before = ", ";
    }
    buf_putc(text, '.');
    return MESH_OK;
}

/* "name" and "description", as members. */
static mesh_status put_head(struct buf *out, const struct contract *contract, mesh_error *err)
{
    char name[TOOL_NAME_SIZE];
    auto_buf struct buf description = { .max = SIZE_MAX };
    mesh_status status = tool_name(name, contract->name, err);

    buf_puts(&description, contract->description);
    if (status == MESH_OK)
        status = append_returns(&description, contract->output_schema, err);
    if (status == MESH_OK)
        status = buf_error(&description, err);
    if (status != MESH_OK)
        return status;
    json_put_string(out, "\"name\":", name);
    json_put_string(out, ",\"description\":", buf_text(&description));
    return MESH_OK;
}

static mesh_status put_strict_schema(struct buf *out, const char *schema, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    mesh_status status = parse_schema(schema, &tree, err);

    if (status != MESH_OK)
        return status;
    if (!tool_strict(tree))
        return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    json_print(out, tree);
    return MESH_OK;
}

/* What strict mode puts around a schema may make it deeper than readers go. */
static mesh_status check_depth(const struct buf *out, const struct contract *contract, mesh_error *err)
{
    if (buf_failed(out) || json_check(buf_bytes(out), NULL) == MESH_OK)
        return buf_error(out, err);
    return mesh_error_set(err, MESH_E_TOO_LARGE, "agent '%s' cannot be a tool: its schema is nested too deeply",
                          contract->name);
}

/* Nothing given: no arguments. What allows nothing is said as an object, which all forms want. */
static mesh_status put_schema(struct buf *out, const struct contract *contract, bool is_strict, mesh_error *err)
{
    const char *schema = contract->input_schema ? contract->input_schema : "{\"type\":\"object\",\"properties\":{}}";

    if (strcmp(schema, "false") == 0)
        schema = "{\"not\":{}}";
    if (is_strict)
        return put_strict_schema(out, schema, err);
    buf_puts(out, schema);
    return MESH_OK;
}

/* ---- forms ---- */

/* What stands around head and schema. */
static const struct form {
    const char *open, *schema, *close;
} forms[] = {
    [MESH_TOOL_NEUTRAL] = { "{", ",\"input_schema\":", "}" },
    [MESH_TOOL_OPENAI_CHAT] = { "{\"type\":\"function\",\"function\":{", ",\"parameters\":", "}}" },
    [MESH_TOOL_OPENAI_RESPONSES] = { "{\"type\":\"function\",", ",\"parameters\":", "}" },
    [MESH_TOOL_ANTHROPIC] = { "{", ",\"input_schema\":", "}" },
};

mesh_status tool_write(struct buf *out, const struct contract *contract, int32_t form, uint32_t flags, mesh_error *err)
{
    bool is_strict = flags & MESH_TOOL_STRICT;
    mesh_status status = tool_check_form(form, flags, err);

    if (status != MESH_OK)
        return status;
    if (!contract->invocable)
        return mesh_error_set(err, MESH_E_INVOCATION_MISMATCH, "Agent '%s' is not invocable and cannot be a tool",
                              contract->name);
    buf_puts(out, forms[form].open);
    status = put_head(out, contract, err);
    buf_puts(out, forms[form].schema);
    if (status == MESH_OK)
        status = put_schema(out, contract, is_strict, err);
    if (is_strict)
        buf_puts(out, ",\"strict\":true");
    buf_puts(out, forms[form].close);
    return status == MESH_OK ? check_depth(out, contract, err) : status;
}
