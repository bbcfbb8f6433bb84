/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishers and tasks. A stage is the place where those of one agent name run, each on a thread of its own: never two
 * at the same time. Who takes it over from another publisher goes on with the next number, and the listeners are not
 * told of an end (protocol 6.1).
 */
#ifndef SERVE_EMITTER_H
#define SERVE_EMITTER_H

#include "serve/service.h"

struct stage;

struct stage *stage_new(struct core *core, const char *name); /* NULL: no memory */

/* From now on the stage belongs to this agent, or to none (NULL). Whoever has it is told to stop, for the reason
 * (MESH_STOP_), and the agent begins when that has returned, unless its service is held. An agent that has it already
 * goes on, one that is done begins anew. The agent stays where it is until something else is said. Under the move lock
 * of serve.c. */
void stage_give(struct stage *stage, struct agent *agent, int32_t why);

/* Tell whoever has it to stop, and let nobody begin, until it is not held any more or given to another agent. Listeners
 * are told of an end only if no publisher goes on. */
void stage_hold(struct stage *stage, bool is_held);

/* Let go; who has the stage still ends in order. NULL is fine. */
void stage_release(struct stage *stage);

#endif
