/* SPDX-License-Identifier: Apache-2.0 */
#include "client/observe.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "wire/record.h"
#include "wire/subject.h"

enum { EVENT_MAX = 256 << 10 };

void observe_event(const struct core *core, int level, const char *agent, const char *event, const char *request_id,
                   const char *message, const char *data)
{
    auto_free char *subject = subject_for_logs(agent);
    auto_buf struct buf body;
    buf_init(&body, EVENT_MAX);
    log_event_write(&body, level, agent, event, request_id, message, data);
    if (!subject || buf_failed(&body))
        return;
    const struct header header = { HEADER_INSTANCE_ID, core->instance_id };
    const struct link_outgoing outgoing = { .subject = subject, .headers = &header, .header_count = 1,
                                            .body = buf_bytes(&body) };
    link_publish(core->link, &outgoing, NULL);
}

void observe_presence(const struct core *core, const char *agent, const char *what)
{
    char event[32];
    auto_free char *message = NULL;
    snprintf(event, sizeof(event), "agent_%s", what);
    if (asprintf(&message, "Agent '%s' %s", agent, what) >= 0)
        observe_event(core, MESH_LOG_INFO, agent, event, "", message, NULL);
}
