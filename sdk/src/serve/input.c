/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/input.h"

#include "base/json.h"

enum { DETAILS_MAX = 4 << 20, INPUT_SHOWN_MAX = 1024 };

/* message and the one violation found, in the form that readers of details.errors know. */
static mesh_status refuse(const struct contract *contract, const char *violation, mesh_error *err)
{
    auto_buf struct buf details;
    buf_init(&details, DETAILS_MAX);
    buf_printf(&details, "{\"errors\": [%s]}", violation);
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

mesh_status input_read(const struct contract *contract, mesh_bytes body, cJSON **ret_tree, mesh_error *err)
{
    *ret_tree = NULL;
    if (!contract->has_input)
        return MESH_OK;
    if (body.len == 0)
        return refuse(contract, "{\"type\": \"missing\", \"loc\": [], \"msg\": \"Field required\", \"input\": null}", err);

    mesh_error reason = MESH_ERROR_INIT;
    mesh_status status = json_parse(body, ret_tree, &reason);
    if (status == MESH_E_INVALID_JSON)
        status = refuse_not_json(contract, body, mesh_error_message(&reason), err);
    else if (status != MESH_OK)
        mesh_error_move(err, &reason);
    mesh_error_clear(&reason);
    return status;
}
