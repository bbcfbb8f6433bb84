/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "serve/reply.h"
#include "wire/subject.h"

struct route {
    /* Set while opening; read-only after. */
    struct core *core;
    char *name;
    struct link_subscription *requests;

    /* Guarded by lock. Taken before the lock of a service: a message is queued before the target can change. */
    pthread_mutex_t lock;
    struct agent *target;
};

static void refuse(const struct route *route, const struct link_message *message, const mesh_error *failure)
{
    struct asked asked;
    if (asked_read(&asked, route->core, route->name, message))
        reply_fault(&asked, failure);
    asked_clear(&asked);
}

/* [link] */
static void on_request(void *closure, struct link_message *message)
{
    struct route *route = closure;
    mesh_error err = MESH_ERROR_INIT;
    pthread_mutex_lock(&route->lock);
    mesh_status status = service_submit(route->target, message, &err);
    pthread_mutex_unlock(&route->lock);
    if (status != MESH_OK)
        refuse(route, message, &err);
    mesh_error_clear(&err);
}

static struct route *free_route(struct route *route)
{
    pthread_mutex_destroy(&route->lock);
    free(route->name);
    free(route);
    return NULL;
}

mesh_status route_open(struct core *core, struct agent *agent, struct route **ret_route, mesh_error *err)
{
    auto_free char *subject = subject_for_agent(agent->contract->name);
    auto_free char *group = subject_for_queue_group(agent->contract->name);
    struct route *route = calloc(1, sizeof(*route));
    if (route)
        route->name = strdup(agent->contract->name);
    if (!route || !route->name || !subject || !group) {
        free(route ? route->name : NULL);
        free(route);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a route");
    }
    route->core = core;
    route->target = agent;
    pthread_mutex_init(&route->lock, NULL);
    mesh_status status = link_subscribe(core->link, subject, group, on_request, route, &route->requests, err);
    if (status != MESH_OK) {
        free_route(route);
        return status;
    }
    *ret_route = route;
    return MESH_OK;
}

void route_retarget(struct route *route, struct agent *agent)
{
    pthread_mutex_lock(&route->lock);
    route->target = agent;
    pthread_mutex_unlock(&route->lock);
}

struct agent *route_target(const struct route *route)
{
    return route->target;
}

/* No callback runs any more. */
static void on_gone(void *closure)
{
    struct route *route = closure;
    struct service *service = route->target->service;
    free_route(route);
    service_left(service);
}

void route_close(struct route *route)
{
    if (!route)
        return;
    service_leaving(route->target->service);
    link_drain(route->requests, on_gone);
}
