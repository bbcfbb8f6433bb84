/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/card.h"

#include <string.h>

#include "base/json.h"

static bool is_left_out(const char *name, const char *url)
{
    return strcmp(name, "x-agentmesh") == 0 || (url && strcmp(name, "url") == 0);
}

static void put_member(struct buf *out, bool is_first, const cJSON *member)
{
    json_put_string(out, is_first ? "" : ",", member->string);
    buf_putc(out, ':');
    json_print(out, member);
}

mesh_status card_write(struct buf *out, mesh_bytes document, const char *url, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    const cJSON *member;
    bool is_first = true;
    mesh_status status = json_parse(document, &tree, err);

    if (status == MESH_E_NO_MEMORY)
        return status;
    if (!cJSON_IsObject(tree))
        return mesh_error_set(err, MESH_E_DATA, "a card is made of a contract, and this is none: no JSON object");
    buf_putc(out, '{');
    cJSON_ArrayForEach(member, tree)
    {
        if (is_left_out(member->string, url))
            continue;
        put_member(out, is_first, member);
        is_first = false;
    }
    if (url)
        json_put_string(out, is_first ? "\"url\":" : ",\"url\":", url);
    buf_putc(out, '}');
    return buf_error(out, err);
}
