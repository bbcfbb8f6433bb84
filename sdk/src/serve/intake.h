/* SPDX-License-Identifier: Apache-2.0 */
/* An intake: the standing subscription of one agent name, and the agent that answers now. */
#ifndef SERVE_INTAKE_H
#define SERVE_INTAKE_H

#include "base/map.h"
#include "serve/service.h"

struct intake;

/* Subscribe in the agent's queue group and hand what comes to it. */
mesh_status intake_open(struct core *core, struct agent *agent, struct intake **ret_intake, mesh_error *err);

/* From now on another agent answers. After this the old one is given nothing more. */
void intake_retarget(struct intake *intake, struct agent *agent);

/* Leave the queue group. What was received is still handed over; the service of the target counts as leaving until it
 * is. NULL is fine. */
void intake_close(struct intake *intake);

#endif
