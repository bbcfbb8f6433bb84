/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/input.h"

#include "base/cleanup.h"
#include "base/json.h"

/* Details that are larger than this are left out: the answer must fit into a message. */
enum { DETAILS_MAX = 512 << 10, INPUT_SHOWN_MAX = 1024 };

/* violations: in the form that readers of details.errors know, with ", " between them. */
static mesh_status refuse(const struct contract *contract, const char *violations, mesh_error *err)
{
    auto_buf struct buf details;
    buf_init(&details, DETAILS_MAX);
    buf_printf(&details, "{\"errors\": [%s]}", violations);
    mesh_error_set(err, MESH_E_INVALID_INPUT, "Input failed validation for agent '%s'", contract->name);
    mesh_error_set_context(err, contract->name, NULL, buf_failed(&details) ? NULL : buf_text(&details));
    return MESH_E_INVALID_INPUT;
}

static mesh_status refuse_not_json(const struct contract *contract, mesh_bytes body, const char *reason,
                                   mesh_error *err)
{
    auto_buf struct buf violation, text;
    buf_init(&violation, DETAILS_MAX);
    buf_init(&text, DETAILS_MAX);
    buf_printf(&text, "Invalid JSON: %s", reason);
    buf_puts(&violation, "{\"type\": \"json_invalid\", \"loc\": [], \"msg\": ");
    json_quote(&violation, buf_text(&text), text.len);
    buf_puts(&violation, ", \"ctx\": {\"error\": ");
    json_quote(&violation, reason, strlen(reason));
    buf_puts(&violation, "}, \"input\": ");
    json_quote(&violation, body.data, body.len < INPUT_SHOWN_MAX ? body.len : INPUT_SHOWN_MAX);
    buf_puts(&violation, "}");
    return refuse(contract, buf_text(&violation), err);
}

static mesh_status check(const struct contract *contract, const mesh_schema *schema, const cJSON *tree, mesh_error *err)
{
    auto_buf struct buf violations;
    buf_init(&violations, DETAILS_MAX);
    if (!schema || schema_fits(schema, tree, &violations))
        return MESH_OK;
    return refuse(contract, buf_failed(&violations) ? "" : buf_text(&violations), err);
}

static mesh_status parse(const struct contract *contract, mesh_bytes body, cJSON **ret_tree, mesh_error *err)
{
    mesh_error reason = MESH_ERROR_INIT;
    mesh_status status = json_parse(body, ret_tree, &reason);
    if (status == MESH_E_INVALID_JSON)
        status = refuse_not_json(contract, body, mesh_error_message(&reason), err);
    else if (status != MESH_OK)
        mesh_error_move(err, &reason);
    mesh_error_clear(&reason);
    return status;
}

mesh_status input_read(const struct contract *contract, const mesh_schema *schema, mesh_bytes body, cJSON **ret_tree,
                       mesh_error *err)
{
    *ret_tree = NULL;
    if (!contract->has_input)
        return MESH_OK;
    if (body.len == 0)
        return refuse(contract, "{\"type\": \"missing\", \"loc\": [], \"msg\": \"Field required\", \"input\": null}",
                      err);
    auto_json cJSON *tree = NULL;
    mesh_status status = parse(contract, body, &tree, err);
    if (status == MESH_OK)
        status = check(contract, schema, tree, err);
    if (status == MESH_OK)
        *ret_tree = take(&tree);
    return status;
}
