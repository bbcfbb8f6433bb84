/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/input.h"

#include "base/cleanup.h"
#include "base/json.h"

/* Details that are larger than this are left out: the answer must fit into a message. */
enum { DETAILS_MAX = 512 << 10 };

static mesh_status refuse(const struct contract *contract, const struct buf *violations, mesh_error *err)
{
    mesh_error_set(err, MESH_E_INVALID_INPUT, "Input failed validation for agent '%s'", contract->name);
    schema_set_details(err, contract->name, violations);
    return MESH_E_INVALID_INPUT;
}

static mesh_status refuse_empty(const struct contract *contract, mesh_error *err)
{
    auto_buf struct buf violations = { .max = DETAILS_MAX };
    buf_puts(&violations, "{\"type\": \"missing\", \"loc\": [], \"msg\": \"Field required\", \"input\": null}");
    return refuse(contract, &violations, err);
}

static mesh_status refuse_not_json(const struct contract *contract, mesh_bytes body, const mesh_error *reason,
                                   mesh_error *err)
{
    auto_buf struct buf violations = { .max = DETAILS_MAX };
    schema_put_not_json(&violations, body, reason);
    return refuse(contract, &violations, err);
}

static mesh_status check(const struct contract *contract, const mesh_schema *schema, const cJSON *tree, mesh_error *err)
{
    auto_buf struct buf violations = { .max = DETAILS_MAX };
    return !schema || schema_fits(schema, tree, &violations) ? MESH_OK : refuse(contract, &violations, err);
}

static mesh_status parse(const struct contract *contract, mesh_bytes body, cJSON **ret_tree, mesh_error *err)
{
    mesh_error reason = MESH_ERROR_INIT;
    mesh_status status = json_parse(body, ret_tree, &reason);
    if (status == MESH_E_INVALID_JSON)
        status = refuse_not_json(contract, body, &reason, err);
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
        return refuse_empty(contract, err);
    auto_json cJSON *tree = NULL;
    mesh_status status = parse(contract, body, &tree, err);
    if (status == MESH_OK)
        status = check(contract, schema, tree, err);
    if (status == MESH_OK)
        *ret_tree = take(&tree);
    return status;
}
