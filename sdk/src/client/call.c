/* SPDX-License-Identifier: Apache-2.0 */
/* One request, one reply. */
#include <agentmesh/call.h>

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "client/cache.h"
#include "client/call.h"
#include "client/inbox.h"
#include "client/message.h"
#include "serve/request.h"
#include "serve/service.h"
#include "wire/fault.h"
#include "wire/subject.h"

struct mesh_reply {
    struct link_message message;
};

mesh_bytes mesh_reply_body(const mesh_reply *reply)
{
    mesh_bytes body = link_message_body(&reply->message);
    return body.len > 0 ? body : mesh_text("{}");
}

static const char *header_or_empty(const mesh_reply *reply, const char *name)
{
    const char *value = link_message_header(&reply->message, name);
    return value ? value : "";
}

const char *mesh_reply_agent(const mesh_reply *reply)
{
    return header_or_empty(reply, HEADER_SOURCE);
}

const char *mesh_reply_instance(const mesh_reply *reply)
{
    return header_or_empty(reply, HEADER_INSTANCE_ID);
}

mesh_bytes mesh_reply_usage(const mesh_reply *reply)
{
    return mesh_text(link_message_header(&reply->message, HEADER_USAGE));
}

mesh_reply *mesh_reply_free(mesh_reply *reply)
{
    if (reply) {
        link_message_clear(&reply->message);
        free(reply);
    }
    return NULL;
}

/* ---- what calls, streams and sends have in common ---- */

mesh_status call_plan_make(mesh_client *client, const char *agent, const mesh_call_options *options,
                           uint32_t default_timeout_ms, struct call_plan *ret_plan, mesh_error *err)
{
    if (!client || !agent)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "%s is NULL", client ? "agent" : "client");
    if (!name_is_valid(agent))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' is not an agent name: letters, digits, _ and -, in "
                              "parts joined by single dots",
                              agent);
    mesh_call_options given = MESH_CALL_OPTIONS_INIT;
    if (options) {
        mesh_status status = sized_read(&given, sizeof(given), options, sizeof(given), "mesh_call_options", err);
        if (status != MESH_OK)
            return status;
    }
    if (!given.request)
        given.request = request_current();
    uint32_t timeout_ms = given.timeout_ms ? given.timeout_ms : default_timeout_ms;
    if (given.request) {
        uint32_t left_ms = mesh_request_time_left_ms(given.request);
        if (!given.timeout_ms || timeout_ms > left_ms)
            timeout_ms = left_ms;
    }
    *ret_plan = (struct call_plan){ .request = given.request,
                                    .timeout_ms = timeout_ms,
                                    .deadline = clock_deadline(timeout_ms) };
    id_new(ret_plan->id);
    return MESH_OK;
}

mesh_status call_error_died(const char *agent, const char *where, const struct link_message *notice, const char *id,
                            mesh_error *err)
{
    auto_buf struct buf details;
    buf_init(&details, 64 << 10);
    if (notice->handle)
        death_details(&details, link_message_body(notice));
    mesh_error_set(err, MESH_E_AGENT_DIED, "Agent '%s' left the mesh %s", agent, where);
    mesh_error_set_context(err, agent, id, buf_failed(&details) ? NULL : buf_text(&details));
    return MESH_E_AGENT_DIED;
}

mesh_status call_error_denied(const char *agent, const char *id, mesh_error *err)
{
    mesh_error_set(err, MESH_E_CONNECTION_DENIED,
                   "the server does not let this client send to agent '%s': give it "
                   "credentials that may publish to mesh.agent.%s",
                   agent, agent);
    mesh_error_set_context(err, agent, id, NULL);
    return MESH_E_CONNECTION_DENIED;
}

mesh_status call_error_deaf(const char *subject, const char *agent, const char *id, mesh_error *err)
{
    mesh_error_set(err, MESH_E_CONNECTION_DENIED,
                   "the server does not let this client listen on '%s': give it "
                   "credentials that may subscribe to it",
                   subject);
    mesh_error_set_context(err, agent, id, NULL);
    return MESH_E_CONNECTION_DENIED;
}

mesh_status call_error_stopped(const mesh_client *client, const char *agent, const char *id, mesh_error *err)
{
    mesh_error_set(err, MESH_E_STOPPED, "call to agent '%s' given up: %s", agent,
                   client->stopped ? "the client has been stopped" : "the request it was made for has ended");
    mesh_error_set_context(err, agent, id, NULL);
    return MESH_E_STOPPED;
}

mesh_status call_publish(mesh_client *client, const char *agent, mesh_bytes input, const struct call_plan *plan,
                         const char *reply, const struct header *extra, mesh_error *err)
{
    auto_free char *subject = subject_for_agent(agent);
    if (!subject)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    struct header headers[3] = {
        { HEADER_REQUEST_ID, plan->id },
        { HEADER_INSTANCE_ID, client->core->instance_id },
    };
    if (extra)
        headers[2] = *extra;
    const struct link_outgoing request = {
        .subject = subject, .reply = reply, .headers = headers, .header_count = extra ? 3 : 2, .body = input
    };
    return link_publish(client->core->link, &request, err);
}

mesh_status call_read_reply(struct link_message *message, const char *agent, const char *id, mesh_reply **ret_reply,
                            mesh_error *err)
{
    mesh_bytes body = link_message_body(message);
    if (message_is_error(message))
        return fault_read(body, agent, id, err);
    if (body.len > 0 && json_check(body, err) != MESH_OK)
        return mesh_error_prefix(err, MESH_E_INVALID_JSON, "the answer is not JSON");
    mesh_reply *reply = calloc(1, sizeof(*reply));
    if (!reply)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a reply");
    reply->message = *message;
    message->handle = NULL;
    *ret_reply = reply;
    return MESH_OK;
}

mesh_status call_error_outcome(mesh_client *client, const char *agent, const struct call_plan *plan,
                               enum wait_outcome outcome, const struct link_message *notice, const char *frames,
                               mesh_error *err)
{
    switch (outcome) {
    case WAIT_NOBODY:
        return cache_nobody(client->core->cache, agent, plan->id, err);
    case WAIT_DIED:
        return call_error_died(agent, "during the request", notice, plan->id, err);
    case WAIT_DENIED:
        return call_error_denied(agent, plan->id, err);
    case WAIT_DEAF:
        return call_error_deaf(frames, agent, plan->id, err);
    case WAIT_STOPPED:
        return call_error_stopped(client, agent, plan->id, err);
    case WAIT_MESSAGE:
    case WAIT_LATE:
    case WAIT_OPEN:
        break;
    }
    mesh_error_set(err, MESH_E_TIMEOUT, "no reply from agent '%s' within %u ms", agent, plan->timeout_ms);
    mesh_error_set_context(err, agent, plan->id, NULL);
    return MESH_E_TIMEOUT;
}

void call_error_repeat(const mesh_error *failure, mesh_error *err)
{
    mesh_error_set_code(err, mesh_error_code(failure), mesh_error_message(failure), mesh_error_details(failure));
    mesh_error_set_context(err, mesh_error_agent(failure), mesh_error_request_id(failure), NULL);
    if (err)
        err->status = failure->status;
}

/* ---- the call ---- */

/* A caller that waits. */
struct pending {
    struct wait wait;
    struct link_message message;
    enum wait_outcome outcome; /* guarded by the inbox's lock */
    pthread_cond_t settled;
};

static void settle_pending(struct wait *wait, enum wait_outcome outcome, struct link_message *message)
{
    struct pending *pending = container_of(wait, struct pending, wait);
    pending->outcome = outcome;
    pending->message = *message;
    message->handle = NULL;
    pthread_cond_signal(&pending->settled);
}

static enum wait_outcome await(struct inbox *inbox, struct pending *pending, uint64_t deadline)
{
    pthread_mutex_lock(inbox_lock(inbox));
    while (pending->outcome == WAIT_OPEN && clock_cond_wait(&pending->settled, inbox_lock(inbox), deadline))
        ;
    pthread_mutex_unlock(inbox_lock(inbox));
    inbox_leave(inbox, &pending->wait);
    return pending->outcome;
}

static mesh_status conclude(mesh_client *client, struct pending *pending, const char *agent,
                            const struct call_plan *plan, mesh_reply **ret_reply, mesh_error *err)
{
    if (pending->outcome == WAIT_MESSAGE)
        return call_read_reply(&pending->message, agent, plan->id, ret_reply, err);
    return call_error_outcome(client, agent, plan, pending->outcome, &pending->message, NULL, err);
}

static mesh_status exchange(mesh_client *client, const char *agent, mesh_bytes input, const struct call_plan *plan,
                            mesh_reply **ret_reply, mesh_error *err)
{
    struct inbox *inbox = client->core->inbox;
    char reply[INBOX_SUBJECT_SIZE];
    struct pending pending = { .wait = { .settle = settle_pending, .client = client, .agent = agent } };
    if (!clock_cond_init(&pending.settled))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    mesh_status status = inbox_enter(inbox, &pending.wait, plan->request, reply, err);
    if (status == MESH_OK) {
        status = call_publish(client, agent, input, plan, reply, NULL, err);
        if (status == MESH_OK) {
            worker_blocks(true);
            await(inbox, &pending, plan->deadline);
            worker_blocks(false);
            status = conclude(client, &pending, agent, plan, ret_reply, err);
        } else {
            inbox_leave(inbox, &pending.wait);
        }
    }
    link_message_clear(&pending.message);
    pthread_cond_destroy(&pending.settled);
    return status;
}

mesh_status mesh_call(mesh_client *client, const char *agent, mesh_bytes input, const mesh_call_options *options,
                      mesh_reply **ret_reply, mesh_error *err)
{
    struct call_plan plan;
    mesh_status status =
        call_plan_make(client, agent, options, client ? client->core->options.call_timeout_ms : 0, &plan, err);
    if (status == MESH_OK)
        status = cache_preflight(client->core->cache, agent, VERB_CALL, err);
    if (status == MESH_OK)
        status = exchange(client, agent, input, &plan, ret_reply, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "call '%s'", agent ? agent : "");
}
