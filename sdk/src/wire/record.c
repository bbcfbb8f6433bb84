/* SPDX-License-Identifier: Apache-2.0 */
/* Instance records, death notices and log events. */
#include "wire/record.h"

#include <string.h>

#include <agentmesh/client.h>

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

/* A text that is an object as it is, anything else as {}: a reader must find an object here. */
static void put_object(struct buf *out, mesh_bytes text)
{
    auto_json cJSON *tree = NULL;

    if (json_parse_part(text, &tree, NULL) == MESH_OK && cJSON_IsObject(tree))
        json_print(out, tree);
    else
        buf_puts(out, "{}");
}

void death_details(struct buf *out, mesh_bytes body)
{
    put_object(out, body);
}

static const char *name_of_level(int level)
{
    return level >= MESH_LOG_ERROR  ? "error"
           : level >= MESH_LOG_WARN ? "warn"
           : level >= MESH_LOG_INFO ? "info"
                                    : "debug";
}

void log_event_write(struct buf *out, int level, const char *agent, const char *event, const char *request_id,
                     const char *message, const char *data)
{
    put_now(out, "{\"timestamp\":");
    json_put_string(out, ",\"level\":", name_of_level(level));
    json_put_string(out, ",\"agent\":", agent);
    json_put_string(out, ",\"event\":", event);
    json_put_string(out, ",\"request_id\":", request_id ? request_id : "");
    json_put_string(out, ",\"message\":", message ? message : "");
    buf_puts(out, ",\"data\":");
    put_object(out, mesh_text(data));
    buf_putc(out, '}');
}
