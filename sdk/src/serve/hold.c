/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/hold.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "serve/request.h"
#include "serve/route.h"
#include "serve/serve.h"
#include "serve/source.h"

enum { DESCRIPTION_MAX = 4096 };

/* ---- under the move lock ---- */

static void hold_agent(struct agent *agent, bool is_held)
{
    struct workers *workers = &agent->service->workers;
    struct route *route = serve_route(agent->service->client->core->serve, agent->contract->name);
    pthread_mutex_lock(&workers->lock);
    lane_hold_locked(&agent->requests, is_held);
    for (struct source **source = agent->sources; *source; source++)
        source_hold_locked(*source, is_held);
    pthread_mutex_unlock(&workers->lock);
    if (route && route_target(route) == agent)
        route_hold(route, is_held);
}

static void hold(struct service *service, bool is_held)
{
    service->is_held = is_held;
    for (struct agent *agent = service->agents; agent; agent = agent->next)
        hold_agent(agent, is_held);
    pthread_mutex_lock(&service->workers.lock);
    lane_hold_locked(&service->callbacks, is_held);
    pthread_mutex_unlock(&service->workers.lock);
}

void hold_end(struct service *service)
{
    if (service->is_held)
        hold(service, false);
}

/* ---- moving what waits ---- */

static mesh_request *pop_request(struct agent *agent)
{
    struct service *service = agent->service;
    pthread_mutex_lock(&service->workers.lock);
    struct job *job = lane_pop_locked(&agent->requests);
    if (job)
        service->counters.requests--; /* it counts where it is served */
    pthread_mutex_unlock(&service->workers.lock);
    return job ? container_of(job, mesh_request, job) : NULL;
}

/* There is no room where it goes. */
static void refuse(const struct agent *agent, const struct link_message *message, const mesh_error *failure)
{
    struct asked asked;
    if (asked_read(&asked, agent->service->client->core, agent->contract->name, message))
        reply_fault(&asked, failure);
    asked_clear(&asked);
}

static void move_request(mesh_request *request, struct agent *to)
{
    struct link_message message;
    mesh_error err = MESH_ERROR_INIT;
    service_finished(request->service, request);
    request_dissolve(request, &message);
    if (service_submit(to, &message, &err) != MESH_OK) {
        refuse(to, &message, &err);
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

void hold_move(struct service *from, struct service *to)
{
    if (!from->is_held)
        return;
    for (struct agent *agent = from->agents; agent; agent = agent->next) {
        struct agent *next = service_find(to, agent->contract->name);
        if (!next)
            continue;
        for (mesh_request *request; (request = pop_request(agent));)
            move_request(request, next);
        move_messages(agent, next);
    }
}

/* ---- from outside ---- */

/* Under the workers' lock: nothing runs, and every request that is there waits. */
static bool is_quiet(const struct service *service)
{
    uint32_t waiting = 0;
    for (const struct agent *agent = service->agents; agent; agent = agent->next) {
        if (agent->requests.running > 0 || agent->emitting > 0)
            return false;
        for (struct source **source = agent->sources; *source; source++)
            if (source_runs(*source))
                return false;
        waiting += agent->requests.queued;
    }
    return service->callbacks.running == 0 && service->live_count == waiting;
}

static bool wait_until_quiet(struct service *service, uint64_t deadline)
{
    pthread_mutex_lock(&service->workers.lock);
    while (!is_quiet(service) && workers_wait(&service->workers, deadline))
        ;
    bool quiet = is_quiet(service);
    pthread_mutex_unlock(&service->workers.lock);
    return quiet;
}

static void set_hold(struct service *service, bool is_held)
{
    pthread_mutex_t *move = serve_move_lock(service->client->core->serve);
    pthread_mutex_lock(move);
    if (is_held)
        hold(service, true);
    else
        hold_end(service);
    pthread_mutex_unlock(move);
}

mesh_status mesh_child_hold(mesh_client *child, uint32_t timeout_ms, mesh_error *err)
{
    struct service *service = child->service;
    set_hold(service, true);
    if (wait_until_quiet(service, clock_deadline(timeout_ms)))
        return MESH_OK;
    auto_buf struct buf what;
    buf_init(&what, DESCRIPTION_MAX);
    service_describe(service, &what);
    set_hold(service, false);
    return mesh_error_set(err, MESH_E_TIMEOUT, "still in hand after %u ms: %s", (unsigned)timeout_ms, buf_text(&what));
}

void mesh_child_release(mesh_client *child)
{
    set_hold(child->service, false);
}
