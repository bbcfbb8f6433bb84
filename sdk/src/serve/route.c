/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "serve/emitter.h"
#include "serve/intake.h"
#include "serve/source.h"

struct route {
    struct core *core;
    struct agent *target;
    struct intake *intake;   /* NULL: no requests are taken */
    struct intake *prepared; /* one to take its place */
    struct stage *stage;     /* NULL: nothing has ever run here */
    struct agent *performer; /* whose the stage is */
};

struct route *route_new(struct core *core)
{
    struct route *route = calloc(1, sizeof(*route));
    if (route)
        route->core = core;
    return route;
}

struct agent *route_target(const struct route *route)
{
    return route->target;
}

/* ---- another target ---- */

static bool performs(const struct agent *agent)
{
    return agent->publish || agent->run;
}

/* Whether one of those who listen now can be gone on from. */
static bool can_succeed(const struct agent *before, const struct source *source)
{
    for (struct source **old = before ? before->sources : NULL; old && *old; old++)
        if (source_can_succeed(*old, source))
            return true;
    return false;
}

static mesh_status bind_sources(const struct agent *before, struct agent *agent, mesh_error *err)
{
    mesh_status status = MESH_OK;
    for (struct source **source = agent->sources; *source && status == MESH_OK; source++)
        if (!can_succeed(before, *source))
            status = source_bind(*source, err);
    return status;
}

static void succeed_sources(const struct agent *before, struct agent *agent)
{
    for (struct source **source = agent->sources; *source; source++)
        for (struct source **old = before->sources; *old; old++)
            source_succeed(*old, *source);
}

static void unbind_sources(const struct agent *agent)
{
    for (struct source **source = agent->sources; *source; source++)
        source_unbind(*source);
}

static bool takes_requests(const struct agent *agent)
{
    return agent->handler && agent_is_active(agent) && !agent->is_stalled;
}

mesh_status route_prepare(struct route *route, struct agent *agent, mesh_error *err)
{
    if (!agent_is_active(agent))
        return MESH_OK;
    if (performs(agent) && !route->stage) {
        route->stage = stage_new(route->core, agent->contract->name);
        if (!route->stage)
            return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a route");
    }
    mesh_status status = MESH_OK;
    if (takes_requests(agent) && !route->intake && !route->prepared)
        status = intake_open(route->core, agent, &route->prepared, err);
    if (status == MESH_OK)
        status = bind_sources(agent == route->target ? NULL : route->target, agent, err);
    return status;
}

void route_undo(struct route *route, struct agent *agent)
{
    intake_close(take(&route->prepared));
    if (agent != route->target)
        unbind_sources(agent);
}

static void commit_requests(struct route *route, struct agent *agent)
{
    if (!takes_requests(agent)) {
        intake_close(take(&route->prepared));
        route_refuse(route);
    } else if (route->intake) {
        intake_retarget(route->intake, agent);
    } else {
        route->intake = take(&route->prepared);
    }
}

static void give_stage(struct route *route, struct agent *agent, int32_t why)
{
    if (route->performer == agent)
        return;
    route->performer = agent;
    stage_give(route->stage, agent, why);
}

void route_commit(struct route *route, struct agent *agent)
{
    const struct agent *before = route->target;
    bool goes_on = performs(agent) && agent_is_active(agent) && route->performer;
    route->target = agent;
    commit_requests(route, agent);
    if (before && before != agent) {
        succeed_sources(before, agent);
        unbind_sources(before);
    }
    for (struct source **source = agent->sources; *source; source++)
        source_release(*source);
    if (before != agent)
        give_stage(route, goes_on ? agent : NULL, MESH_STOP_DRAIN);
}

/* ---- while it is the target ---- */

void route_perform(struct route *route)
{
    if (performs(route->target) && agent_is_active(route->target))
        give_stage(route, route->target, MESH_STOP_DRAIN);
}

void route_refuse(struct route *route)
{
    intake_close(take(&route->intake));
}

void route_silence(struct route *route)
{
    give_stage(route, NULL, MESH_STOP_GATE);
    unbind_sources(route->target);
}

void route_hold(struct route *route, bool is_held)
{
    if (route->stage)
        stage_hold(route->stage, is_held);
}

void route_close(struct route *route)
{
    if (!route)
        return;
    route_refuse(route);
    intake_close(take(&route->prepared));
    give_stage(route, NULL, MESH_STOP_DRAIN);
    stage_release(route->stage);
    if (route->target)
        unbind_sources(route->target);
    free(route);
}
