/* SPDX-License-Identifier: Apache-2.0 */
/* Log events followed as they come (protocol 12.4). */
#include <agentmesh/observe.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/call.h"
#include "client/listener.h"
#include "client/message.h"
#include "wire/level.h"
#include "wire/log_event.h"
#include "wire/subject.h"

struct mesh_tail {
    /* Read-only after opening. */
    int32_t level;

    struct listener listener; /* its feed holds what is wanted */

    /* The reader's. */
    mesh_message *message; /* both: what the last event lends from */
    struct log_event event;
    mesh_log_event last;
};

/* ---- [link] ---- */

/* Where an event does not say whose it is. */
static const char *agent_of(const char *subject)
{
    static const char prefix[] = "mesh.logs.";
    return strncmp(subject, prefix, sizeof(prefix) - 1) == 0 ? subject + sizeof(prefix) - 1 : "";
}

/* What is left out is left out here, so that the descriptor never tells of nothing. */
static bool is_wanted(const struct mesh_tail *tail, const struct link_message *message)
{
    struct log_event event;
    if (log_event_read(&event, link_message_body(message), agent_of(link_message_subject(message))) != MESH_OK)
        return false;
    bool is_wanted = event.level >= tail->level;
    log_event_clear(&event);
    return is_wanted;
}

static void on_event(void *closure, struct link_message *message)
{
    struct mesh_tail *tail = closure;
    if (is_wanted(tail, message))
        messages_push(&tail->listener.feed, message);
}

/* ---- life ---- */

/* Once no callback runs any more. */
static void free_tail(void *closure)
{
    struct mesh_tail *tail = closure;
    listener_clear(&tail->listener);
    message_free(tail->message);
    log_event_clear(&tail->event);
    free(tail);
}

mesh_tail *mesh_tail_close(mesh_tail *tail)
{
    if (tail)
        listener_close(&tail->listener, free_tail, tail);
    return NULL;
}

static mesh_status check(const mesh_client *client, const char *agent, int32_t level, mesh_error *err)
{
    if (!client)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "client is NULL");
    if (agent && !name_is_valid(agent))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not an agent name", agent);
    if (!level_of_number(level) || level == MESH_LOG_OFF)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "%d is no level of an event: take one of MESH_LOG_DEBUG to "
                              "MESH_LOG_ERROR",
                              (int)level);
    return MESH_OK;
}

static mesh_status explain(const mesh_tail *tail, mesh_status status, uint32_t timeout_ms, mesh_error *err)
{
    switch (status) {
    case MESH_E_TIMEOUT:
        return mesh_error_set(err, status, "no log event within %u ms", timeout_ms);
    case MESH_E_STOPPED:
        return mesh_error_set(err, status, "log events are followed no longer: the client has been stopped");
    case MESH_E_TOO_LARGE:
        return mesh_error_set(err, status, "log events came faster than they were read, and %d MiB of them waited",
                              FEED_MAX >> 20);
    case MESH_E_CONNECTION_DENIED:
        return call_error_deaf(tail->listener.subject, NULL, NULL, err);
    default:
        return mesh_error_set(err, status, "no memory for a log event");
    }
}

static mesh_status new_tail(mesh_client *client, const char *agent, int32_t level, mesh_tail **ret_tail,
                            mesh_error *err)
{
    mesh_tail *tail = calloc(1, sizeof(*tail));
    if (!tail)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to follow log events");
    *ret_tail = tail;
    tail->level = level;
    return listener_init(&tail->listener, client, subject_for_logs(agent ? agent : ">"), err);
}

mesh_status mesh_tail_open(mesh_client *client, const char *agent, int32_t level, mesh_tail **ret_tail, mesh_error *err)
{
    mesh_tail *tail = NULL;
    mesh_status status = check(client, agent, level, err);
    if (status == MESH_OK)
        status = new_tail(client, agent, level, &tail, err);
    if (status == MESH_OK)
        status = listener_open(&tail->listener, on_event, tail, err);
    if (status != MESH_OK) {
        mesh_tail_close(tail);
        return mesh_error_prefix(err, status, "follow log events");
    }
    *ret_tail = tail;
    return MESH_OK;
}

/* ---- reading ---- */

/* The message is taken. False: no memory. */
static bool understand(mesh_tail *tail, mesh_message *message)
{
    message_free(tail->message);
    tail->message = message;
    log_event_clear(&tail->event);
    const char *agent = agent_of(mesh_message_subject(message));
    if (log_event_read(&tail->event, mesh_message_body(message), agent) != MESH_OK)
        return false;
    const struct log_event *event = &tail->event;
    tail->last = (mesh_log_event){
        .size = sizeof(tail->last),
        .timestamp = event->timestamp,
        .agent = event->agent,
        .event = event->event,
        .request_id = event->request_id,
        .message = event->message,
        .data = event->data,
        .level = event->level,
    };
    return true;
}

mesh_status mesh_tail_next(mesh_tail *tail, uint32_t timeout_ms, const mesh_log_event **ret_event, mesh_error *err)
{
    struct feed_item *item;
    mesh_status status = feed_next(&tail->listener.feed, clock_deadline_or_never(timeout_ms), &item);
    if (status == MESH_OK && !understand(tail, message_of_item(item)))
        status = MESH_E_NO_MEMORY;
    if (status != MESH_OK)
        return explain(tail, status, timeout_ms, err);
    *ret_event = &tail->last;
    return MESH_OK;
}

int mesh_tail_fd(mesh_tail *tail)
{
    return feed_fd(&tail->listener.feed);
}
