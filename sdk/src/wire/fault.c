/* SPDX-License-Identifier: Apache-2.0 */
/* The error envelope. */
#include "wire/fault.h"

#include <string.h>

#include "base/json.h"

/* {"code": "kv_key_exists"}, then whatever else the details hold. */
static void put_moved_code(struct buf *out, const mesh_error *error)
{
    auto_json cJSON *details = NULL;
    const cJSON *member;

    if (json_parse(mesh_text(mesh_error_details(error)), &details, NULL) == MESH_E_NO_MEMORY)
        out->failed = true;
    json_put_string(out, "{\"code\":", mesh_error_code(error));
    cJSON_ArrayForEach(member, details)
    {
        if (strcmp(member->string, "code") == 0)
            continue;
        buf_putc(out, ',');
        json_put_string(out, "", member->string);
        buf_putc(out, ':');
        json_print(out, member);
    }
    buf_putc(out, '}');
}

static const char *first_told(const char *text, const char *fallback)
{
    return *text ? text : fallback ? fallback : "";
}

void fault_write(struct buf *out, const mesh_error *error, const char *agent, const char *request_id)
{
    /* Python's reader breaks on this code, so that it never stands in a reply. */
    bool moves_code = strcmp(mesh_error_code(error), mesh_status_code(MESH_E_KV_KEY_EXISTS)) == 0;

    json_put_string(out, "{\"code\":", moves_code ? mesh_status_code(MESH_E_HANDLER_ERROR) : mesh_error_code(error));
    json_put_string(out, ",\"message\":", mesh_error_message(error));
    json_put_string(out, ",\"agent\":", first_told(mesh_error_agent(error), agent));
    json_put_string(out, ",\"request_id\":", first_told(mesh_error_request_id(error), request_id));
    buf_puts(out, ",\"details\":");
    if (moves_code)
        put_moved_code(out, error);
    else
        buf_puts(out, mesh_error_details(error));
    buf_putc(out, '}');
}

mesh_status fault_read(mesh_bytes body, const char *agent, const char *request_id, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    auto_buf struct buf details = { .max = body.len + 2 };

    json_parse(body, &tree, NULL);
    const cJSON *item = json_get(tree, "details");
    if (cJSON_IsObject(item))
        json_print(&details, item);

    mesh_status status = mesh_error_set_code(err, json_string(tree, "code", NULL),
                                             json_string(tree, "message", mesh_status_text(MESH_E_MESH)),
                                             buf_failed(&details) ? NULL : buf_text(&details));
    mesh_error_set_context(err, first_told(json_string(tree, "agent", ""), agent),
                           request_id ? request_id : json_string(tree, "request_id", ""), NULL);
    return status;
}
