/* SPDX-License-Identifier: Apache-2.0 */
#include "client/observe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "client/levels.h"
#include "wire/log_event.h"
#include "wire/subject.h"

enum { EVENT_MAX = 256 << 10, DATA_MAX = 64 << 10 };

void observe_event(const struct core *core, int level, const char *agent, const char *event, const char *request_id,
                   const char *message, const char *data)
{
    if (!levels_allow(core->levels, agent, level))
        return;
    auto_free char *subject = subject_for_logs(agent);
    auto_buf struct buf body;
    buf_init(&body, EVENT_MAX);
    log_event_write(&body, level, agent, event, request_id, message, data);
    if (!subject || buf_failed(&body))
        return;
    const struct header header = { HEADER_INSTANCE_ID, core->instance_id };
    const struct link_outgoing outgoing = {
        .subject = subject, .headers = &header, .header_count = 1, .body = buf_bytes(&body)
    };
    link_publish(core->link, &outgoing, NULL);
}

void observe_presence(const struct core *core, const char *agent, enum observe_change change)
{
    static const struct {
        const char *event, *message;
    } words[] = {
        [OBSERVE_REGISTERED] = { "agent_registered", "registered" },
        [OBSERVE_DEREGISTERED] = { "agent_deregistered", "deregistered" },
        [OBSERVE_ACTIVATED] = { "agent_activated", "came online (lifecycle gate opened)" },
        [OBSERVE_DEACTIVATED] = { "agent_deactivated", "went offline (lifecycle gate closed)" },
    };
    auto_buf struct buf message;
    buf_init(&message, EVENT_MAX);
    buf_printf(&message, "Agent '%s' %s", agent, words[change].message);
    observe_event(core, MESH_LOG_INFO, agent, words[change].event, NULL, buf_text(&message), NULL);
}

/* ---- requests ---- */

void observe_received(const struct core *core, const char *agent, const char *request_id)
{
    observe_event(core, MESH_LOG_DEBUG, agent, "request_received", request_id, NULL, NULL);
}

void observe_completed(const struct core *core, const char *agent, const char *request_id, uint64_t began_ms)
{
    char message[64], data[64];
    if (!levels_allow(core->levels, agent, MESH_LOG_DEBUG))
        return;
    uint64_t duration_ms = clock_ms() - began_ms;
    snprintf(message, sizeof(message), "Request completed in %" PRIu64 "ms", duration_ms);
    snprintf(data, sizeof(data), "{\"duration_ms\":%" PRIu64 "}", duration_ms);
    observe_event(core, MESH_LOG_DEBUG, agent, "request_completed", request_id, message, data);
}

void observe_failed(const struct core *core, const char *agent, const char *request_id, const mesh_error *failure)
{
    if (!levels_allow(core->levels, agent, MESH_LOG_WARN))
        return;
    bool is_input = strcmp(mesh_error_code(failure), mesh_status_code(MESH_E_INVALID_INPUT)) == 0;
    auto_buf struct buf data;
    buf_init(&data, DATA_MAX);
    json_put_string(&data, "{\"code\":", mesh_error_code(failure));
    buf_putc(&data, '}');
    observe_event(core, MESH_LOG_WARN, agent, is_input ? "validation_error" : "request_failed", request_id,
                  mesh_error_message(failure), buf_failed(&data) ? NULL : buf_text(&data));
}

void observe_usage(const struct core *core, const char *agent, const char *request_id, const struct usage *usage)
{
    if (!usage->is_reported || !levels_allow(core->levels, agent, MESH_LOG_INFO))
        return;
    auto_buf struct buf data;
    buf_init(&data, DATA_MAX);
    usage_write(&data, usage);
    observe_event(core, MESH_LOG_INFO, agent, "usage_reported", request_id, NULL, buf_text(&data));
}
