/* SPDX-License-Identifier: Apache-2.0 */
/* What calls and streams have in common: the plan of a request, and the errors that end both. */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include <agentmesh/call.h>

#include "base/id.h"
#include "client/client.h"
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

/* Each fills err and returns its status. notice may be empty; where: "during the request", "mid-stream". */
mesh_status call_error_died(const char *agent, const char *where, const struct link_message *notice, const char *id,
                            mesh_error *err);
mesh_status call_error_denied(const char *agent, const char *id, mesh_error *err);
mesh_status call_error_stopped(const mesh_client *client, const char *agent, const char *id, mesh_error *err);

#endif
