/* SPDX-License-Identifier: Apache-2.0 */
/* Instance records and death notices. */
#include "wire/record.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

static void put_now(struct buf *out, const char *name)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(stamp);
    json_put_string(out, name, stamp);
}

void instance_write(struct buf *out, const char *const *names, size_t count)
{
    buf_puts(out, "{\"agents\":[");
    for (size_t i = 0; i < count; i++)
        json_put_string(out, i > 0 ? "," : "", names[i]);
    buf_puts(out, "]}");
}

bool instance_read_into(struct map *set, mesh_bytes document)
{
    auto_json cJSON *tree = NULL;
    const cJSON *name;

    if (json_parse(document, &tree, NULL) == MESH_E_NO_MEMORY)
        return false;
    const cJSON *agents = json_get(tree, "agents");
    if (!cJSON_IsArray(agents))
        return true;
    cJSON_ArrayForEach(name, agents)
    {
        if (cJSON_IsString(name) && !map_put(set, name->valuestring, set))
            return false;
    }
    return true;
}

void death_write(struct buf *out, const char *agent, const char *reason, const char *instance_id)
{
    json_put_string(out, "{\"agent\":", agent);
    json_put_string(out, ",\"reason\":", reason);
    put_now(out, ",\"detected_at\":");
    json_put_string(out, ",\"instance_id\":", instance_id);
    buf_putc(out, '}');
}

bool death_read(mesh_bytes body, char **ret_reason, char **ret_instance_id)
{
    auto_json cJSON *tree = NULL;

    if (json_parse(body, &tree, NULL) == MESH_E_NO_MEMORY)
        return false;
    auto_free char *reason = strdup(json_string(tree, "reason", ""));
    auto_free char *instance_id = strdup(json_string(tree, "instance_id", ""));
    if (!reason || !instance_id)
        return false;
    *ret_reason = take(&reason);
    *ret_instance_id = take(&instance_id);
    return true;
}

/* A reader of details must find an object. */
void death_details(struct buf *out, mesh_bytes body)
{
    auto_json cJSON *tree = NULL;

    if (json_parse_part(body, &tree, NULL) == MESH_OK && cJSON_IsObject(tree))
        json_print(out, tree);
    else
        buf_puts(out, "{}");
}
