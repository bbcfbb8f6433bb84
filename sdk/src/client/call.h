/* SPDX-License-Identifier: Apache-2.0 */
/* What calls, streams and sends have in common: the plan of a request, its sending, and the errors that end them. */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include <agentmesh/call.h>

#include "base/id.h"
#include "client/client.h"
#include "client/inbox.h"
#include "client/sized.h"
#include "wire/record.h"

/* Read from the caller's options. */
struct call_plan {
    char id[ID_SIZE];
    mesh_request *request; /* on whose behalf, or NULL; lent */
    uint32_t timeout_ms;
    uint64_t deadline;
};

mesh_status call_plan_make(mesh_client *client, const char *agent, const mesh_call_options *options,
                           uint32_t default_timeout_ms, struct call_plan *ret_plan, mesh_error *err);

/* Publish the request. extra: a header more, or NULL. */
mesh_status call_publish(mesh_client *client, const char *agent, mesh_bytes input, const struct call_plan *plan,
                         const char *reply, const struct header *extra, mesh_error *err);

/* Read a message as an answer. It is taken on success; an error that it carries is returned. */
mesh_status call_read_reply(struct link_message *message, const char *agent, const char *id, mesh_reply **ret_reply,
                            mesh_error *err);

/* The error for a wait that ended without an answer; frames: where it was awaited, for WAIT_DEAF. May block. */
mesh_status call_error_outcome(mesh_client *client, const char *agent, const struct call_plan *plan,
                               enum wait_outcome outcome, const struct link_message *notice, const char *frames,
                               mesh_error *err);

/* Fill err with what was remembered of a failure, which keeps its own. */
void call_error_repeat(const mesh_error *failure, mesh_error *err);

/* Each fills err and returns its status. notice may be empty; where: "during the request", "mid-stream". */
mesh_status call_error_died(const char *agent, const char *where, const struct link_message *notice, const char *id,
                            mesh_error *err);
mesh_status call_error_denied(const char *agent, const char *id, mesh_error *err);
mesh_status call_error_deaf(const char *subject, const char *agent, const char *id, mesh_error *err);
mesh_status call_error_stopped(const mesh_client *client, const char *agent, const char *id, mesh_error *err);

#endif
