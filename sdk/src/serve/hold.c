/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/hold.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "serve/gate.h"
#include "serve/request.h"
#include "serve/route.h"
#include "serve/serve.h"
#include "serve/source.h"

enum { DESCRIPTION_MAX = 4096 };

/* ---- holding ---- */

/* Who serves the name of an agent now; NULL: nobody. */
static struct agent *agent_of_route(const struct agent *agent)
{
    struct route *route = serve_route(agent->service->client->core->serve, agent->contract->name);
    return route ? route_target(route) : NULL;
}

/* One that is not active has only what its gate waits for. */
static void hold_lanes(struct agent *agent, bool is_held)
{
    struct workers *workers = &agent->service->workers;
    bool begins_nothing = is_held && agent_is_active(agent);
    pthread_mutex_lock(&workers->lock);
    lane_hold_locked(&agent->requests, begins_nothing);
    for (struct source **source = agent->sources; *source; source++)
        source_hold_locked(*source, begins_nothing);
    if (agent->gate)
        gate_hold_locked(agent->gate, is_held);
    pthread_mutex_unlock(&workers->lock);
}

static void hold_agent(struct agent *agent, bool is_held)
{
    hold_lanes(agent, is_held);
    struct route *route = serve_route_of(agent);
    if (route)
        route_hold(route, is_held);
}

static void hold_callbacks(struct service *service, bool is_held)
{
    pthread_mutex_lock(&service->workers.lock);
    lane_hold_locked(&service->callbacks, is_held);
    pthread_mutex_unlock(&service->workers.lock);
}

/* Callbacks go on until all else is at rest: a request in hand may wait for one. */
static void hold(struct service *service, bool is_held)
{
    service->is_held = is_held;
    for (struct agent *agent = service->agents; agent; agent = agent->next)
        hold_agent(agent, is_held);
    if (!is_held)
        hold_callbacks(service, false);
}

void hold_follow(struct agent *agent)
{
    if (agent->service->is_held)
        hold_lanes(agent, true);
}

/* ---- moving what waits ---- */

static void move_request(mesh_request *request, struct agent *to)
{
    struct link_message message;
    mesh_error err = MESH_ERROR_INIT;
    request_dissolve(request, &message);
    if (service_submit(to, &message, &err) != MESH_OK) {
        reply_refuse(to->service->client->core, to->contract->name, &message, &err);
        link_message_clear(&message);
    }
    mesh_error_clear(&err);
}

static void move_messages(struct agent *from, struct agent *to)
{
    for (struct source **old = from->sources; *old; old++)
        for (struct source **next = to->sources; *next && !source_move(*old, *next); next++)
            ;
}

static void move_all(struct agent *from, struct agent *to)
{
    for (mesh_request *request; to->handler && (request = service_take_out(from));)
        move_request(request, to);
    move_messages(from, to);
}

void hold_move(struct service *from, struct service *to)
{
    for (struct agent *agent = from->agents; from->is_held && agent; agent = agent->next) {
        struct agent *next = service_find(to, agent->contract->name);
        if (next)
            move_all(agent, next);
    }
}

/* What came here after the move: subscriptions take their time to end. */
static void move_rest(const struct service *service)
{
    for (struct agent *agent = service->agents; agent; agent = agent->next) {
        struct agent *target = agent_of_route(agent);
        if (target && target != agent)
            move_all(agent, target);
    }
}

void hold_end(struct service *service)
{
    if (!service->is_held)
        return;
    move_rest(service);
    hold(service, false);
}

void hold_give_up(struct service *service)
{
    if (!service->is_held)
        return;
    move_rest(service);
    service_give_up_waiting(service, NULL, MESH_STOP_DRAIN);
    hold(service, false);
}

/* ---- from outside ---- */

static bool is_at_rest(const struct agent *agent)
{
    if (agent->requests.running > 0 || agent->emitting > 0 || (agent->gate && gate_runs(agent->gate)))
        return false;
    for (struct source **source = agent->sources; *source; source++)
        if (source_runs(*source))
            return false;
    return true;
}

/* Under the workers' lock: nothing runs, and every request that is there waits. */
static bool agents_are_at_rest(const struct service *service)
{
    uint32_t waiting = 0;
    for (const struct agent *agent = service->agents; agent; agent = agent->next) {
        if (!is_at_rest(agent))
            return false;
        waiting += agent->requests.queued;
    }
    return service->live_count == waiting;
}

/* Under the workers' lock. */
static bool comes_to_rest(struct service *service)
{
    if (!agents_are_at_rest(service))
        return false;
    lane_hold_locked(&service->callbacks, true);
    return service->callbacks.running == 0;
}

static bool wait_until_at_rest(struct service *service, uint64_t deadline)
{
    bool at_rest;
    pthread_mutex_lock(&service->workers.lock);
    do
        at_rest = comes_to_rest(service);
    while (!at_rest && workers_wait(&service->workers, deadline));
    pthread_mutex_unlock(&service->workers.lock);
    return at_rest;
}

/* False: it has been stopped. */
static bool set_hold(struct service *service, bool is_held)
{
    pthread_mutex_t *move = serve_move_lock(service->client->core->serve);
    pthread_mutex_lock(move);
    bool has_left = service->has_left;
    if (!is_held)
        hold_end(service);
    else if (!has_left)
        hold(service, true);
    pthread_mutex_unlock(move);
    return !has_left;
}

mesh_status mesh_child_hold(mesh_client *child, uint32_t timeout_ms, mesh_error *err)
{
    struct service *service = child->service;
    if (!set_hold(service, true))
        return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
    if (wait_until_at_rest(service, clock_deadline(timeout_ms)))
        return MESH_OK;
    auto_buf struct buf what;
    buf_init(&what, DESCRIPTION_MAX);
    service_describe(service, &what);
    set_hold(service, false);
    return mesh_error_set(err, MESH_E_TIMEOUT, "still in hand after %u ms: %s", (unsigned)timeout_ms, buf_text(&what));
}

mesh_status mesh_child_end_calls(mesh_client *child, uint32_t timeout_ms, mesh_error *err)
{
    struct service *service = child->service;
    client_end_calls(child);
    hold_callbacks(service, false);
    if (lane_drain(&service->callbacks, clock_deadline(timeout_ms)))
        return MESH_OK;
    return mesh_error_set(err, MESH_E_TIMEOUT, "a callback still runs after %u ms", (unsigned)timeout_ms);
}

void mesh_child_release(mesh_client *child)
{
    set_hold(child->service, false);
}
