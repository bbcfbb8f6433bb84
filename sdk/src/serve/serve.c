/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/serve_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "client/observe.h"
#include "client/sized.h"
#include "serve/gate.h"
#include "serve/hold.h"
#include "serve/presence.h"

struct serve *serve_new(struct core *core)
{
    struct serve *serve = calloc(1, sizeof(*serve));
    if (!serve)
        return NULL;
    serve->core = core;
    pthread_mutex_init(&serve->move, NULL);
    map_init(&serve->routes);
    serve->deadlines = deadlines_new();
    if (!serve->deadlines) {
        serve_free(serve);
        return NULL;
    }
    return serve;
}

void serve_free(struct serve *serve)
{
    if (!serve)
        return;
    deadlines_free(serve->deadlines);
    map_clear(&serve->routes, NULL);
    pthread_mutex_destroy(&serve->move);
    free(serve);
}

struct deadlines *serve_deadlines(struct serve *serve)
{
    return serve->deadlines;
}

struct route *serve_route(struct serve *serve, const char *name)
{
    return map_get(&serve->routes, name);
}

pthread_mutex_t *serve_move_lock(struct serve *serve)
{
    return &serve->move;
}

/* ---- moves; all under the move lock ---- */

static void drop_route(struct serve *serve, const char *name)
{
    route_close(map_remove(&serve->routes, name));
}

/* Forget what was got ready for an agent. */
void serve_undo_route(struct serve *serve, struct route *route, struct agent *agent)
{
    route_undo(route, agent);
    if (!route_target(route))
        drop_route(serve, agent->contract->name);
}

/* The route of a name, made if there is none. */
struct route *serve_enter_route(struct serve *serve, const char *name, mesh_error *err)
{
    struct route *route = map_get(&serve->routes, name);
    if (route)
        return route;
    route = route_new(serve->core);
    if (route && map_put(&serve->routes, name, route))
        return route;
    route_close(route);
    mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a route");
    return NULL;
}

/* Begin to serve a name that has no route. */
static mesh_status open_route(struct serve *serve, struct agent *agent, mesh_error *err)
{
    struct route *route = serve_enter_route(serve, agent->contract->name, err);
    if (!route)
        return MESH_E_NO_MEMORY;
    mesh_status status = route_prepare(route, agent, err);
    if (status == MESH_OK)
        route_commit(route, agent);
    else
        serve_undo_route(serve, route, agent);
    return status;
}

static void close_route(struct serve *serve, const char *name)
{
    observe_presence(serve->core, name, OBSERVE_DEREGISTERED);
    drop_route(serve, name);
}

struct service *serve_owner(const struct serve *serve, const char *name)
{
    const struct route *route = map_get(&serve->routes, name);
    return route && route_target(route) ? route_target(route)->service : NULL;
}

void serve_close_routes(struct serve *serve, const struct service *service)
{
    for (const struct agent *agent = service->agents; agent; agent = agent->next)
        if (serve_owner(serve, agent->contract->name) == service)
            close_route(serve, agent->contract->name);
}

struct route *serve_route_of(const struct agent *agent)
{
    struct route *route = map_get(&serve_of(agent->service)->routes, agent->contract->name);
    return route && route_target(route) == agent ? route : NULL;
}

static void end_gates(const struct service *service)
{
    for (const struct agent *agent = service->agents; agent; agent = agent->next)
        gate_end(agent->gate);
}

void serve_told(struct serve *serve)
{
    const char *name;
    void *route;
    pthread_mutex_lock(&serve->move);
    for (size_t at = 0; map_next(&serve->routes, &at, &name, &route);)
        if (route_target(route) && presence_is_told(serve->core->presence, name))
            route_perform(route);
    pthread_mutex_unlock(&serve->move);
}

mesh_status serve_refuse_taken(const struct service *owner, const char *name, mesh_error *err)
{
    char details[512] = "";
    const char *whose = owner->client->name ? owner->client->name : "the program itself";
    mesh_error_set(err, MESH_E_EXISTS, "agent '%s' is served already, by %s", name, whose);
    snprintf(details, sizeof(details), "{\"agent\": \"%.128s\", \"owner\": \"%.128s\"}", name, whose);
    mesh_error_set_context(err, name, NULL, details);
    return MESH_E_EXISTS;
}

/* ---- programs: one agent at a time ---- */

static mesh_status join(struct service *service, struct agent *agent, mesh_error *err)
{
    struct serve *serve = serve_of(service);
    const char *name = agent->contract->name;
    const struct service *owner = serve_owner(serve, name);
    if (owner)
        return serve_refuse_taken(owner, name, err);
    mesh_status status = open_route(serve, agent, err);
    if (status != MESH_OK)
        return status;
    status = presence_set(serve->core->presence, agent->contract, err);
    if (status != MESH_OK)
        drop_route(serve, name);
    return status;
}

/* Wait until the mesh has been told. While no server answers, a client that keeps trying leaves it for later. */
mesh_status serve_settle(const struct core *core, mesh_error *err)
{
    mesh_error failure = MESH_ERROR_INIT;
    mesh_status status = presence_settle(core->presence, &failure);
    serve_told(core->serve);
    bool later = status == MESH_E_CONNECTION_FAILED && (core->options.flags & MESH_CLIENT_KEEP_TRYING);
    if (!later)
        mesh_error_move(err, &failure);
    mesh_error_clear(&failure);
    return later ? MESH_OK : status;
}

/* One contract that the server cannot take would keep all others from being announced. */
static mesh_status check_size(const struct core *core, const struct agent *agent, mesh_error *err)
{
    auto_buf struct buf document;
    buf_init(&document, link_max_payload(core->link));
    contract_write(&document, agent->contract);
    mesh_status status = buf_error(&document, err);
    if (status == MESH_E_TOO_LARGE)
        mesh_error_set(err, status, "agent '%s': its contract is larger than the %zu bytes that the server takes",
                       agent->contract->name, link_max_payload(core->link));
    return status;
}

mesh_status serve_refuse_stopped(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
}

mesh_status mesh_agent_read(const mesh_agent *agent, mesh_agent *ret_agent, mesh_error *err)
{
    if (!agent)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent is NULL");
    if (agent->size == 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "size of a mesh_agent is 0: begin with .size = "
                              "sizeof(mesh_agent)");
    return sized_read(ret_agent, sizeof(*ret_agent), agent, sizeof(*ret_agent), "mesh_agent", err);
}

/* The agent has been marked as leaving, and has no route. Finish what it has in hand, tell the mesh, and free it,
 * unless a swap has put it back. *ret_quiet: no handler runs any more. */
static mesh_status take_off(struct service *service, struct agent *agent, bool *ret_quiet, mesh_error *err)
{
    struct serve *serve = serve_of(service);
    const char *name = agent->contract->name;
    *ret_quiet = service_drain(service, agent, clock_deadline(serve->core->options.drain_timeout_ms));
    if (!*ret_quiet)
        service_give_up(service, agent, MESH_STOP_DRAIN);
    pthread_mutex_lock(&serve->move);
    if (!serve_owner(serve, name)) /* nobody has taken the name over meanwhile */
        presence_unset(serve->core->presence, name);
    pthread_mutex_unlock(&serve->move);
    mesh_status status = serve_settle(serve->core, err);

    pthread_mutex_lock(&serve->move);
    agent->is_leaving = false;
    if (*ret_quiet && serve_owner(serve, name) != service)
        service_remove(service, agent);
    pthread_mutex_unlock(&serve->move);
    return status;
}

/* Mark an agent as leaving, off its route. False: somebody else does it, or registers it just now. Under the move lock.
 */
static bool begin_leaving(struct agent *agent, bool is_told)
{
    struct serve *serve = serve_of(agent->service);
    const char *name = agent->contract->name;
    if (agent->is_leaving || agent->is_joining)
        return false;
    agent->is_leaving = true;
    gate_end(agent->gate);
    if (serve_route_of(agent) && is_told)
        observe_presence(serve->core, name, OBSERVE_DEREGISTERED);
    if (serve_route_of(agent))
        drop_route(serve, name);
    return true;
}

/* Undo a registration, unless somebody else does. */
static void take_back(struct service *service, const char *name, struct agent *agent)
{
    struct serve *serve = serve_of(service);
    bool quiet;
    pthread_mutex_lock(&serve->move);
    if (service_find(service, name) != agent) {
        pthread_mutex_unlock(&serve->move);
        return;
    }
    agent->is_joining = false;
    bool is_ours = begin_leaving(agent, false);
    pthread_mutex_unlock(&serve->move);
    if (is_ours)
        take_off(service, agent, &quiet, NULL);
}

/* The first half: the agent is known here and its gate has decided. */
static mesh_status admit(struct service *service, const mesh_agent *spec, void *state, struct agent **ret_agent,
                         mesh_error *err)
{
    struct serve *serve = serve_of(service);
    pthread_mutex_lock(&serve->move);
    mesh_status status =
        service->has_left ? serve_refuse_stopped(err) : service_add(service, spec, state, ret_agent, err);
    if (status == MESH_OK) {
        (*ret_agent)->is_joining = true;
        hold_follow(*ret_agent);
        status = check_size(serve->core, *ret_agent, err);
    }
    pthread_mutex_unlock(&serve->move);
    return status == MESH_OK && (*ret_agent)->gate ? gate_begin((*ret_agent)->gate, err) : status;
}

/* The second: it is served, unless its service is staged, or a swap has done so meanwhile. */
static mesh_status bring_in(struct service *service, struct agent *agent, bool *ret_joined, mesh_error *err)
{
    struct serve *serve = serve_of(service);
    mesh_status status = MESH_OK;
    pthread_mutex_lock(&serve->move);
    *ret_joined = !service->is_staged && !agent->is_leaving;
    if (service->has_left)
        status = serve_refuse_stopped(err);
    else if (*ret_joined && !serve_route_of(agent))
        status = join(service, agent, err);
    agent->is_joining = status != MESH_OK; /* else until it has been taken back */
    pthread_mutex_unlock(&serve->move);
    return status;
}

mesh_status mesh_register(mesh_client *client, const mesh_agent *agent, void *state, mesh_error *err)
{
    if (!client)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "client is NULL");
    mesh_agent spec;
    struct agent *added = NULL;
    bool joined = false;
    mesh_status status = mesh_agent_read(agent, &spec, err);
    if (status == MESH_OK)
        status = admit(client->service, &spec, state, &added, err);
    if (status == MESH_OK)
        status = bring_in(client->service, added, &joined, err);
    if (status == MESH_OK && joined) {
        status = serve_settle(client->core, err);
        if (status != MESH_OK)
            mesh_error_prefix(err, status, "register agent '%s'", spec.name);
    }
    if (status != MESH_OK && added)
        take_back(client->service, spec.name, added);
    return status;
}

mesh_status mesh_unregister(mesh_client *client, const char *name, mesh_error *err)
{
    struct service *service = client->service;
    struct serve *serve = serve_of(service);
    bool quiet;
    pthread_mutex_lock(&serve->move);
    struct agent *agent = name ? service_find(service, name) : NULL;
    bool is_ours = agent && begin_leaving(agent, true);
    pthread_mutex_unlock(&serve->move);
    if (!is_ours)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "no agent '%s' is registered here", name ? name : "");

    mesh_status status = take_off(service, agent, &quiet, err);
    if (!quiet)
        return mesh_error_set(err, MESH_E_TIMEOUT,
                              "a handler of agent '%s' still runs after %u ms; its caller has been answered", name,
                              client->core->options.drain_timeout_ms);
    return status;
}

/* ---- the end ---- */

void serve_leave(struct service *service)
{
    struct serve *serve = serve_of(service);
    pthread_mutex_lock(&serve->move);
    serve_close_routes(serve, service);
    hold_give_up(service);
    end_gates(service);
    service->has_left = true;
    pthread_mutex_unlock(&serve->move);
}

mesh_status serve_retire(struct service *service, mesh_error *err)
{
    struct serve *serve = serve_of(service);
    bool any = false;
    pthread_mutex_lock(&serve->move);
    for (const struct agent *agent = service->agents; agent; agent = agent->next) {
        if (serve_owner(serve, agent->contract->name))
            continue;
        presence_unset(serve->core->presence, agent->contract->name);
        any = true;
    }
    pthread_mutex_unlock(&serve->move);
    return any ? presence_settle(serve->core->presence, err) : MESH_OK;
}

/* ---- gates ---- */

/* Its requests are not taken any more. Finish those in hand, then end the rest. */
static void finish_closing(struct agent *agent)
{
    struct service *service = agent->service;
    struct serve *serve = serve_of(service);
    uint64_t deadline = clock_deadline(gate_drain_timeout_ms(agent->gate));
    worker_blocks(true);
    if (!service_drain_requests(service, agent, deadline))
        service_give_up(service, agent, MESH_STOP_GATE);
    pthread_mutex_lock(&serve->move);
    struct route *route = serve_route_of(agent);
    if (route)
        route_silence(route);
    pthread_mutex_unlock(&serve->move);
    if (!service_drain_activity(service, agent, deadline))
        service_give_up(service, agent, MESH_STOP_GATE);
    worker_blocks(false);
    if (route)
        observe_presence(serve->core, agent->contract->name, OBSERVE_DEACTIVATED);
}

/* Under the move lock. */
static bool open_gate(struct route *route, struct agent *agent)
{
    mesh_error err = MESH_ERROR_INIT;
    const struct core *core = agent->service->client->core;
    mesh_status status = route_prepare(route, agent, &err);
    if (status == MESH_OK) {
        route_commit(route, agent);
        if (presence_is_told(core->presence, agent->contract->name))
            route_perform(route);
    } else {
        route_undo(route, agent);
        route_silence(route);
        gate_set(agent->gate, false);
        client_tell(agent->service->client, MESH_LOG_ERROR, status, agent->contract->name,
                    "its gate has opened, but it stays offline: %s", mesh_error_text(&err));
    }
    mesh_error_clear(&err);
    return status == MESH_OK;
}

void serve_gate(struct agent *agent, bool is_open)
{
    struct serve *serve = serve_of(agent->service);
    pthread_mutex_lock(&serve->move);
    struct route *route = gate_set(agent->gate, is_open) ? serve_route_of(agent) : NULL;
    bool opened = route && is_open && open_gate(route, agent);
    if (route && !is_open)
        route_refuse(route);
    hold_follow(agent);
    pthread_mutex_unlock(&serve->move);
    if (opened)
        observe_presence(serve->core, agent->contract->name, OBSERVE_ACTIVATED);
    if (route && !is_open)
        finish_closing(agent);
}
