/* SPDX-License-Identifier: Apache-2.0 */
/* Log events on the mesh (protocol 12.1), at the default level: info and above. */
#ifndef CLIENT_OBSERVE_H
#define CLIENT_OBSERVE_H

#include "client/client.h"

/* Publish an event to mesh.logs.{agent}. Never fails anything. message and data as log_event_write() has them. */
void observe_event(const struct core *core, int level, const char *agent, const char *event, const char *request_id,
                   const char *message, const char *data);

/* The event agent_{what}, "Agent '{agent}' {what}": registered, deregistered. */
void observe_presence(const struct core *core, const char *agent, const char *what);

#endif
