/* SPDX-License-Identifier: Apache-2.0 */
/* Log events on the mesh, from the level up that is set for their agent (protocol 12.1). They never fail anything. */
#ifndef CLIENT_OBSERVE_H
#define CLIENT_OBSERVE_H

#include "client/client.h"
#include "wire/usage.h"

/* Publish an event to mesh.logs.{agent}. level: MESH_LOG_. request_id, message and data as log_event_write() has them.
 */
void observe_event(const struct core *core, int level, const char *agent, const char *event, const char *request_id,
                   const char *message, const char *data);

/* agent_registered, agent_deregistered; agent_activated, agent_deactivated: its gate opened, closed. */
enum observe_change { OBSERVE_REGISTERED, OBSERVE_DEREGISTERED, OBSERVE_ACTIVATED, OBSERVE_DEACTIVATED };
void observe_presence(const struct core *core, const char *agent, enum observe_change change);

/* A request has come; was answered, or its stream ended, so long after began_ms (clock_ms()); failed. */
void observe_received(const struct core *core, const char *agent, const char *request_id);
void observe_completed(const struct core *core, const char *agent, const char *request_id, uint64_t began_ms);
void observe_failed(const struct core *core, const char *agent, const char *request_id, const mesh_error *failure);

/* What it has used; nothing if nothing was reported. */
void observe_usage(const struct core *core, const char *agent, const char *request_id, const struct usage *usage);

#endif
