/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/log_event.h"

#include <stdint.h>

#include <agentmesh/client.h>

#include "base/json.h"
#include "wire/level.h"

/* ---- writing ---- */

static const char *name_of(int level)
{
    return level >= MESH_LOG_ERROR  ? "error"
           : level >= MESH_LOG_WARN ? "warn"
           : level >= MESH_LOG_INFO ? "info"
                                    : "debug";
}

/* A text that is an object as it is, anything else as {}: a reader must find an object here. */
static void put_data(struct buf *out, const char *data)
{
    auto_json cJSON *tree = NULL;

    if (data && json_parse_part(mesh_text(data), &tree, NULL) == MESH_OK && cJSON_IsObject(tree))
        json_print(out, tree);
    else
        buf_puts(out, "{}");
}

void log_event_write(struct buf *out, int level, const char *agent, const char *event, const char *request_id,
                     const char *message, const char *data)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(stamp);
    json_put_string(out, "{\"timestamp\":", stamp);
    json_put_string(out, ",\"level\":", name_of(level));
    json_put_string(out, ",\"agent\":", agent);
    json_put_string(out, ",\"event\":", event);
    json_put_string(out, ",\"request_id\":", request_id ? request_id : "");
    json_put_string(out, ",\"message\":", message ? message : "");
    buf_puts(out, ",\"data\":");
    put_data(out, data);
    buf_putc(out, '}');
}

/* ---- reading ---- */

void log_event_clear(struct log_event *event)
{
    cJSON_Delete(event->tree);
    buf_clear(&event->text);
    event->tree = NULL;
}

static const char *text_or(const char *text, const char *otherwise)
{
    return *text ? text : otherwise;
}

static void read_words(struct log_event *event, const char *agent)
{
    clock_stamp(event->stamp);
    event->timestamp = text_or(json_string(event->tree, "timestamp", ""), event->stamp);
    event->agent = text_or(json_string(event->tree, "agent", ""), agent);
    event->event = json_string(event->tree, "event", "");
    event->request_id = json_string(event->tree, "request_id", "");
    event->message = json_string(event->tree, "message", "");
}

static bool read_data(struct log_event *event)
{
    const cJSON *data = json_get(event->tree, "data");

    if (cJSON_IsObject(data))
        json_print(&event->text, data);
    else
        buf_puts(&event->text, "{}");
    event->data = buf_text(&event->text);
    return !buf_failed(&event->text);
}

mesh_status log_event_read(struct log_event *ret_event, mesh_bytes body, const char *agent)
{
    *ret_event = (struct log_event){ .text = { .max = SIZE_MAX } };
    if (json_parse(body, &ret_event->tree, NULL) == MESH_E_NO_MEMORY)
        return MESH_E_NO_MEMORY;
    const struct level *level = level_of_name(json_string(ret_event->tree, "level", NULL));
    if (!level || level->number == MESH_LOG_OFF) {
        log_event_clear(ret_event);
        return MESH_E_DATA;
    }
    ret_event->level = level->number;
    read_words(ret_event, agent);
    if (read_data(ret_event))
        return MESH_OK;
    log_event_clear(ret_event);
    return MESH_E_NO_MEMORY;
}
