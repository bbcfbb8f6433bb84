/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a log event, and as each part of one. */
#include "wire/log_event.h"

#include <string.h>

#include <agentmesh/client.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "fuzz.h"

static void write_event(const char *text)
{
    auto_buf struct buf body = { .max = SIZE_MAX };
    struct log_event event;

    log_event_write(&body, MESH_LOG_WARN, text, text, text, text, text);
    must(json_check(buf_bytes(&body), NULL) == MESH_OK);
    must(log_event_read(&event, buf_bytes(&body), "agent") == MESH_OK);
    must(event.level == MESH_LOG_WARN && event.data[0] == '{' && event.timestamp[0] == '2');
    log_event_clear(&event);
}

static void read_event(mesh_bytes body)
{
    struct log_event event;

    if (log_event_read(&event, body, "agent") != MESH_OK)
        return;
    must(event.level >= MESH_LOG_DEBUG && event.level <= MESH_LOG_ERROR);
    must(event.timestamp[0] && event.agent[0] && event.event && event.request_id && event.message);
    must(event.data[0] == '{' && json_check(mesh_text(event.data), NULL) == MESH_OK);
    log_event_clear(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = strndup((const char *)data, size);

    read_event(mesh_bytes_of(data, size));
    write_event(text);
    return 0;
}
