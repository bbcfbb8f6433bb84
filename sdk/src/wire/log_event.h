/* SPDX-License-Identifier: Apache-2.0 */
/* A log event, written and read (protocol 12.1). */
#ifndef WIRE_LOG_EVENT_H
#define WIRE_LOG_EVENT_H

#include <cjson/cJSON.h>

#include <agentmesh/error.h>

#include "base/buf.h"
#include "base/clock.h"

/* Its time being now. level: MESH_LOG_DEBUG to MESH_LOG_ERROR. request_id and message: NULL for none. data: a JSON
 * object as text; NULL, and whatever is no object, for {}. */
void log_event_write(struct buf *out, int level, const char *agent, const char *event, const char *request_id,
                     const char *message, const char *data);

/* As a reader understands it. The strings are lent from the event itself, which must stay where it is. */
struct log_event {
    const char *timestamp, *agent, *event, *request_id, *message;
    const char *data; /* an object */
    int32_t level;

    cJSON *tree;
    struct buf text;              /* of data */
    char stamp[CLOCK_STAMP_SIZE]; /* in the place of a timestamp that is missing */
};

/*
 * Read leniently: what is missing or has another type is "", data {}, the timestamp now; agent stands in where none is
 * named. MESH_E_DATA: no JSON object, or a level that there is not; MESH_E_NO_MEMORY. End with log_event_clear().
 */
mesh_status log_event_read(struct log_event *ret_event, mesh_bytes body, const char *agent);
void log_event_clear(struct log_event *event); /* again is fine */

#endif
