/* SPDX-License-Identifier: Apache-2.0 */
/* A route: the standing subscription of one agent name, and the agent that answers now. */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include "base/map.h"
#include "serve/service.h"

struct route;

/* Subscribe in the agent's queue group and hand what comes to it. */
mesh_status route_open(struct core *core, struct agent *agent, struct route **ret_route, mesh_error *err);

/* From now on another agent answers. After this the old one is given nothing more. */
void route_retarget(struct route *route, struct agent *agent);
struct agent *route_target(const struct route *route); /* under the move lock of serve.c */

/* Leave the queue group. What was received is still handed over; the service of the target counts as leaving until it is.
 * NULL is fine. */
void route_close(struct route *route);

#endif
