/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A route: what this process does under one agent name, and the agent for which it does so now: its requests are taken
 * in, its sources listened to, its publisher or task run. All of it under the move lock of serve.c.
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include "serve/service.h"

struct route;

struct route *route_new(struct core *core); /* NULL: no memory */

/* Get all ready that an agent needs to be active here, if its gate is open; then let it be the one, which cannot fail,
 * or undo what was got ready. Between the two requests may come to it where nobody else takes them. */
mesh_status route_prepare(struct route *route, struct agent *agent, mesh_error *err);
void route_commit(struct route *route, struct agent *agent);
void route_undo(struct route *route, struct agent *agent);

/* Who it is for; NULL before the first commit. */
struct agent *route_target(const struct route *route);

/* The catalog has it: let its publisher or task begin, if it has not and its gate is open. */
void route_perform(struct route *route);

/* Its gate has closed: take no more requests; then, when those in hand are done, end the rest. */
void route_refuse(struct route *route);
void route_silence(struct route *route);

/* Stop its publisher or task without a word to its listeners, until it is not held any more, or another agent is the
 * one. */
void route_hold(struct route *route, bool is_held);

/* End all. What was received is still handed over; the services concerned count as leaving until it is. NULL is fine.
 */
void route_close(struct route *route);

#endif
