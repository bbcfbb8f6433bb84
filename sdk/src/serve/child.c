/* SPDX-License-Identifier: Apache-2.0 */
/* A child as its host sees it: moved onto the mesh or in the place of another, looked at, counted. */
#include <string.h>

#include "serve/hold.h"
#include "serve/presence.h"
#include "serve/serve_internal.h"

/* ---- moving, under the move lock ---- */

static mesh_status check_clashes(const struct serve *serve, const struct service *old, const struct service *next,
                                 mesh_error *err)
{
    for (const struct agent *agent = next->agents; agent; agent = agent->next) {
        const struct service *owner = serve_owner(serve, agent->contract->name);
        if (owner && owner != old && owner != next)
            return serve_refuse_taken(owner, agent->contract->name, err);
    }
    return MESH_OK;
}

/* A route and an announcement for each name. Those that have a route keep it, and who answers on it. */
static mesh_status prepare(struct serve *serve, const struct service *next, mesh_error *err)
{
    mesh_status status = MESH_OK;
    for (struct agent *agent = next->agents; agent && status == MESH_OK; agent = agent->next) {
        struct route *route = serve_enter_route(serve, agent->contract->name, err);
        status = route ? route_prepare(route, agent, err) : MESH_E_NO_MEMORY;
        if (status == MESH_OK)
            status = presence_set(serve->core->presence, agent->contract, err);
    }
    return status;
}

/* Undo that: the names that were routed before are announced as who answers on them says. */
static void undo_prepare(struct serve *serve, const struct service *next)
{
    for (struct agent *agent = next->agents; agent; agent = agent->next) {
        struct route *route = map_get(&serve->routes, agent->contract->name);
        if (!route)
            continue;
        const struct agent *target = route_target(route);
        if (target)
            presence_set(serve->core->presence, target->contract, NULL);
        else
            presence_unset(serve->core->presence, agent->contract->name);
        serve_undo_route(serve, route, agent);
    }
}

static void retarget(struct serve *serve, const struct service *next)
{
    for (struct agent *agent = next->agents; agent; agent = agent->next)
        route_commit(map_get(&serve->routes, agent->contract->name), agent);
}

static mesh_status swap(struct serve *serve, struct service *old, struct service *next, mesh_error *err)
{
    if (next && next->has_left)
        return serve_refuse_stopped(err);
    if (next && next->is_staged) {
        mesh_status status = check_clashes(serve, old, next, err);
        if (status != MESH_OK)
            return status;
        status = prepare(serve, next, err);
        if (status != MESH_OK) {
            undo_prepare(serve, next);
            return status;
        }
        if (old) /* what waited longer comes first */
            hold_move(old, next);
        retarget(serve, next); /* from here on nothing can fail */
        next->is_staged = false;
        if (old)
            hold_move(old, next);
    }
    if (old) {
        serve_close_routes(serve, old);
        old->is_staged = true;
    }
    return MESH_OK;
}

mesh_status mesh_child_swap(mesh_client *old, mesh_client *next, mesh_error *err)
{
    if (!old && !next)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "neither an old nor a new child is given");
    struct core *core = (next ? next : old)->core;
    pthread_mutex_lock(&core->serve->move);
    mesh_status status = swap(core->serve, old ? old->service : NULL, next ? next->service : NULL, err);
    pthread_mutex_unlock(&core->serve->move);
    return status == MESH_OK && next ? serve_settle(core, err) : status;
}

static mesh_agent_stats stats_of(const struct agent *agent)
{
    mesh_agent_stats stats = { .size = sizeof(stats), .name = agent->contract->name, .active = agent_is_active(agent) };
    pthread_mutex_lock(&agent->service->workers.lock);
    stats.requests = agent->ended;
    stats.errors = agent->failed;
    stats.p50_us = pace_within_us(&agent->pace, 0.5);
    stats.p99_us = pace_within_us(&agent->pace, 0.99);
    stats.running = agent->requests.running;
    stats.queued = agent->requests.queued;
    pthread_mutex_unlock(&agent->service->workers.lock);
    return stats;
}

void mesh_child_agents(mesh_client *child, mesh_agent_visitor visit, void *data)
{
    struct service *service = child->service;
    struct serve *serve = serve_of(service);
    pthread_mutex_lock(&serve->move);
    for (const struct agent *agent = service->agents; agent; agent = agent->next) {
        const mesh_agent_stats stats = stats_of(agent);
        if (visit(data, &stats) != 0)
            break;
    }
    pthread_mutex_unlock(&serve->move);
}

void mesh_child_counters(mesh_client *child, mesh_counters *counters)
{
    size_t size = counters->size < sizeof(*counters) ? counters->size : sizeof(*counters);
    mesh_counters now;
    service_counters(child->service, &now);
    now.size = counters->size;
    memcpy(counters, &now, size);
}
