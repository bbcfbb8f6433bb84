/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of serving, for the files that change routes: serve.c, child.c. */
#ifndef SERVE_SERVE_INTERNAL_H
#define SERVE_SERVE_INTERNAL_H

#include "base/map.h"
#include "serve/route.h"
#include "serve/serve.h"

struct serve {
    struct core *core;
    struct deadlines *deadlines;

    /* Guarded by move, which is held while routes change: registering, swapping, leaving. Never while waiting for the
     * server's answer to an announcement, or for anything of an agent's to return. */
    pthread_mutex_t move;
    struct map routes; /* agent name to struct route */
};

static inline struct serve *serve_of(const struct service *service)
{
    return service->client->core->serve;
}

/* All under the move lock. */

/* The route of a name, made if there is none; NULL: no memory. */
struct route *serve_enter_route(struct serve *serve, const char *name, mesh_error *err);

/* Forget what was got ready for an agent. */
void serve_undo_route(struct serve *serve, struct route *route, struct agent *agent);

/* Take all agents of a service off their routes. */
void serve_close_routes(struct serve *serve, const struct service *service);

/* Whose agent serves a name; NULL: nobody's. Refuse to serve it too. */
struct service *serve_owner(const struct serve *serve, const char *name);
mesh_status serve_refuse_taken(const struct service *owner, const char *name, mesh_error *err);

mesh_status serve_refuse_stopped(mesh_error *err);

/* Not under it. Wait until the mesh has been told. While no server answers, a client that keeps trying leaves it for
 * later. */
mesh_status serve_settle(const struct core *core, mesh_error *err);

#endif
