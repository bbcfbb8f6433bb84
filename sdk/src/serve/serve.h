/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serving: which agent answers for each name of this process. A route is the standing subscription of a name; its
 * target is an agent of some service and can be swapped without the subscription being touched.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "client/client.h"
#include "serve/deadline.h"
#include "serve/service.h"

struct route;

struct serve *serve_new(struct core *core); /* NULL: no memory */
void serve_free(struct serve *serve);       /* after the link has been closed; NULL is fine */

struct deadlines *serve_deadlines(struct serve *serve);

/* The server has been told of agents: their publishers and tasks may begin. Not from under a lock. */
void serve_told(struct serve *serve);

/* [worker] The gate of an agent says so now: bring it online, or take it off until nothing of it runs. Blocks. */
void serve_gate(struct agent *agent, bool is_open);

/* Under the move lock: what this process does under a name; NULL: nothing. The same for the name of an agent, if it is
 * done by that. */
struct route *serve_route(struct serve *serve, const char *name);
struct route *serve_route_of(const struct agent *agent);
pthread_mutex_t *serve_move_lock(struct serve *serve);

/* Take all agents of a service off the routes, for good; they finish what they have. */
void serve_leave(struct service *service);

/* Announce that the agents of a service that nobody routes any more are gone. Blocks until told. */
mesh_status serve_retire(struct service *service, mesh_error *err);

#endif
