/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/request.h"

enum { IDLE_MS = 10000 };

static _Thread_local struct service *current; /* of a worker */

/* ---- agents ---- */

static mesh_status apply_limits(struct agent *agent, const mesh_agent *spec, const mesh_agent_limits *limits,
                                mesh_error *err)
{
    const mesh_client_options *defaults = &agent->service->client->core->options;
    uint32_t own = spec->concurrency ? spec->concurrency : 1;
    uint32_t most = spec->concurrency_limit > own ? spec->concurrency_limit : own;
    uint32_t default_timeout_ms = spec->stream ? defaults->chunk_timeout_ms : defaults->handler_timeout_ms;

    agent->concurrency = limits && limits->concurrency ? limits->concurrency : own;
    agent->queue_max = limits && limits->queue ? limits->queue : defaults->queue;
    agent->timeout_ms = spec->timeout_ms ? spec->timeout_ms : default_timeout_ms;
    if (limits && limits->timeout_ms)
        agent->timeout_ms = limits->timeout_ms;
    if (agent->concurrency > most)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s' can run at most %u requests at once, says its "
                              "author, but concurrency = %u is asked of it", spec->name, most, agent->concurrency);
    return MESH_OK;
}

static struct agent *free_agent(struct agent *agent)
{
    if (agent) {
        contract_free(agent->contract);
        free(agent);
    }
    return NULL;
}

static mesh_status new_agent(struct service *service, const mesh_agent *spec, void *state, struct agent **ret_agent,
                             mesh_error *err)
{
    struct agent *agent = calloc(1, sizeof(*agent));
    if (!agent)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for an agent");
    agent->service = service;
    agent->handler = spec->stream ? spec->stream : spec->call;
    agent->state = state;
    agent->last = &agent->first;
    mesh_status status = contract_from_agent(spec, &agent->contract, err);
    if (status == MESH_OK)
        status = apply_limits(agent, spec, client_limits(service->client, spec->name), err);
    if (status != MESH_OK) {
        free_agent(agent);
        return status;
    }
    *ret_agent = agent;
    return MESH_OK;
}

struct agent *service_find(struct service *service, const char *name)
{
    pthread_mutex_lock(&service->lock);
    struct agent *agent = service->agents;
    while (agent && strcmp(agent->contract->name, name) != 0)
        agent = agent->next;
    pthread_mutex_unlock(&service->lock);
    return agent;
}

mesh_status service_add(struct service *service, const mesh_agent *spec, void *state, struct agent **ret_agent,
                        mesh_error *err)
{
    struct agent *agent = NULL;
    mesh_status status = new_agent(service, spec, state, &agent, err);
    if (status != MESH_OK)
        return status;
    if (service_find(service, spec->name)) {
        free_agent(agent);
        return mesh_error_set(err, MESH_E_EXISTS, "agent '%s' is registered twice", spec->name);
    }
    pthread_mutex_lock(&service->lock);
    *service->last_agent = agent;
    service->last_agent = &agent->next;
    pthread_mutex_unlock(&service->lock);
    *ret_agent = agent;
    return MESH_OK;
}

void service_remove(struct service *service, struct agent *agent)
{
    pthread_mutex_lock(&service->lock);
    struct agent **at = &service->agents;
    while (*at != agent)
        at = &(*at)->next;
    *at = agent->next;
    if (service->last_agent == &agent->next)
        service->last_agent = at;
    pthread_mutex_unlock(&service->lock);
    free_agent(agent);
}

/* ---- workers ---- */

static void push_ready(struct service *service, struct agent *agent)
{
    if (agent->is_ready || agent->queued == 0 || agent->running >= agent->concurrency)
        return;
    agent->is_ready = true;
    agent->next_ready = NULL;
    *service->last_ready = agent;
    service->last_ready = &agent->next_ready;
    service->ready++;
}

static struct agent *pop_ready(struct service *service)
{
    struct agent *agent = service->first_ready;
    service->first_ready = agent->next_ready;
    if (!service->first_ready)
        service->last_ready = &service->first_ready;
    service->ready--;
    agent->is_ready = false;
    return agent;
}

static mesh_request *pop_request(struct service *service, struct agent *agent)
{
    mesh_request *request = agent->first;
    agent->first = request->next;
    if (!agent->first)
        agent->last = &agent->first;
    agent->queued--;
    service->queued--;
    return request;
}

static void make_live(struct service *service, mesh_request *request)
{
    request->live_at = &service->live;
    request->live_next = service->live;
    if (service->live)
        service->live->live_at = &request->live_next;
    service->live = request;
    service->live_count++;
}

static void *worker_main(void *closure);

/* Threads of ours leave all signals to the program. */
static bool start_worker(struct service *service)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, worker_main, service) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        service->threads++;
        atomic_fetch_add(&service->client->core->workers, 1);
    }
    return started;
}

/* See that somebody takes what is ready. False: there is no worker, and none can be had. */
static bool call_worker(struct service *service)
{
    if (service->ready == 0)
        return true;
    if (service->ready <= service->idle) {
        pthread_cond_signal(&service->work);
        return true;
    }
    const struct core *core = service->client->core;
    bool may_start = service->threads - service->blocked < service->max_workers &&
                     core->workers < core->options.workers_total;
    if (may_start && start_worker(service))
        return true;
    pthread_cond_signal(&service->work);
    return service->threads > 0;
}

/* Wait for a ready agent; NULL: it is time to end. */
static struct agent *next_agent(struct service *service)
{
    uint64_t until = clock_deadline(IDLE_MS);
    while (service->ready == 0) {
        if (service->closing)
            return NULL;
        service->idle++;
        bool woken = clock_cond_wait(&service->work, &service->lock, until);
        service->idle--;
        if (!woken && service->ready == 0)
            return NULL;
    }
    return pop_ready(service);
}

static void run_next(struct service *service, struct agent *agent)
{
    mesh_request *request = pop_request(service, agent);
    make_live(service, request);
    agent->running++;
    service->running++;
    push_ready(service, agent); /* it may run more than one */
    call_worker(service);
    pthread_mutex_unlock(&service->lock);

    request_run(request);

    pthread_mutex_lock(&service->lock);
    agent->running--;
    service->running--;
    push_ready(service, agent);
    pthread_cond_broadcast(&service->quiet);
}

/* Each worker that ends joins the one before it, so that at most one is left to be joined at the end. */
static void worker_exit(struct service *service)
{
    pthread_t before = service->exited;
    bool join = service->has_exited && !service->abandoned;
    service->threads--;
    atomic_fetch_sub(&service->client->core->workers, 1);
    if (service->abandoned) {
        pthread_detach(pthread_self());
    } else {
        service->exited = pthread_self();
        service->has_exited = true;
    }
    pthread_cond_broadcast(&service->quiet);
    pthread_mutex_unlock(&service->lock);
    if (join)
        pthread_join(before, NULL);
}

static void name_thread(const struct service *service)
{
    char name[16];
    snprintf(name, sizeof(name), "%s", service->client->name ? service->client->name : "mesh");
    pthread_setname_np(pthread_self(), name);
}

static void *worker_main(void *closure)
{
    struct service *service = closure;
    current = service;
    name_thread(service);
    pthread_mutex_lock(&service->lock);
    for (struct agent *agent; (agent = next_agent(service));)
        run_next(service, agent);
    worker_exit(service);
    return NULL;
}

void worker_blocks(bool blocks)
{
    struct service *service = current;
    if (!service)
        return;
    pthread_mutex_lock(&service->lock);
    service->blocked += blocks ? 1 : -1;
    call_worker(service);
    pthread_mutex_unlock(&service->lock);
}

/* ---- requests ---- */

/* An overload is told at once, then at most once a second, with how many it was. */
static void tell_overload(struct agent *agent)
{
    pthread_mutex_lock(&agent->service->lock);
    agent->service->counters.overloaded++;
    agent->refused++;
    uint32_t refused = agent->refused;
    bool tell = clock_ms() - agent->refused_at_ms >= 1000;
    if (tell) {
        agent->refused_at_ms = clock_ms();
        agent->refused = 0;
    }
    pthread_mutex_unlock(&agent->service->lock);
    if (tell)
        client_tell(agent->service->client, MESH_LOG_WARN, MESH_E_OVERLOADED, agent->contract->name,
                    "queue is full (%u): %u requests refused", agent->queue_max, refused);
}

static mesh_status refuse_overload(struct agent *agent, mesh_error *err)
{
    tell_overload(agent);
    return mesh_error_set(err, MESH_E_OVERLOADED, "Agent '%s' is overloaded: %u requests wait for it already",
                          agent->contract->name, agent->queue_max);
}

/* Those that it may run at once do not wait. */
static bool is_full(const struct agent *agent)
{
    return agent->queued >= (uint64_t)agent->queue_max + agent->concurrency - agent->running;
}

/* False: nobody will ever take it. */
static bool push_request(struct service *service, struct agent *agent, mesh_request *request)
{
    if (service->closing)
        return false;
    request->next = NULL;
    *agent->last = request;
    agent->last = &request->next;
    agent->queued++;
    service->queued++;
    push_ready(service, agent);
    if (call_worker(service))
        return true;
    pop_request(service, agent); /* there is no worker at all, so this is the only request that waits */
    pop_ready(service);
    return false;
}

mesh_status service_submit(struct agent *agent, struct link_message *message, mesh_error *err)
{
    struct service *service = agent->service;
    pthread_mutex_lock(&service->lock);
    bool full = is_full(agent);
    service->counters.requests++;
    pthread_mutex_unlock(&service->lock);
    if (full)
        return refuse_overload(agent, err);

    mesh_request *request = request_new(agent, message);
    if (!request)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    pthread_mutex_lock(&service->lock);
    bool taken = push_request(service, agent, request), closed = service->closing;
    pthread_mutex_unlock(&service->lock);
    if (taken)
        return MESH_OK;
    request_dissolve(request, message);
    if (closed)
        return mesh_error_set(err, MESH_E_NOT_AVAILABLE, "Agent '%s' has left the mesh", agent->contract->name);
    return mesh_error_set(err, MESH_E_OVERLOADED, "Agent '%s' is overloaded: no thread can be started to serve it",
                          agent->contract->name);
}

void service_finished(struct service *service, mesh_request *request)
{
    pthread_mutex_lock(&service->lock);
    if (request->live_at) {
        *request->live_at = request->live_next;
        if (request->live_next)
            request->live_next->live_at = request->live_at;
        service->live_count--;
    }
    pthread_cond_broadcast(&service->quiet);
    pthread_mutex_unlock(&service->lock);
}

void service_count(struct service *service, enum service_count what)
{
    pthread_mutex_lock(&service->lock);
    service->counters.errors += what == COUNT_ERROR;
    service->counters.timeouts += what == COUNT_TIMEOUT;
    service->counters.late += what == COUNT_LATE;
    pthread_mutex_unlock(&service->lock);
}

void service_counters(struct service *service, mesh_counters *ret_counters)
{
    pthread_mutex_lock(&service->lock);
    *ret_counters = service->counters;
    ret_counters->running = service->running;
    ret_counters->queued = service->queued;
    ret_counters->held = service->live_count > service->running ? service->live_count - service->running : 0;
    ret_counters->workers = service->threads;
    pthread_mutex_unlock(&service->lock);
}

/* ---- the end ---- */

static uint32_t live_of(const struct service *service, const struct agent *agent)
{
    uint32_t count = 0;
    for (const mesh_request *request = service->live; request; request = request->live_next)
        count += request->agent == agent;
    return count;
}

static bool is_idle(const struct service *service, const struct agent *agent)
{
    if (agent)
        return agent->queued == 0 && agent->running == 0 && live_of(service, agent) == 0;
    return service->queued == 0 && service->running == 0 && service->live_count == 0;
}

static bool is_quiet(const struct service *service, const struct agent *agent)
{
    return service->leaving == 0 && is_idle(service, agent);
}

bool service_is_idle(struct service *service)
{
    pthread_mutex_lock(&service->lock);
    bool idle = is_idle(service, NULL);
    pthread_mutex_unlock(&service->lock);
    return idle;
}

bool service_drain(struct service *service, const struct agent *agent, uint64_t deadline)
{
    pthread_mutex_lock(&service->lock);
    while (!is_quiet(service, agent) && clock_cond_wait(&service->quiet, &service->lock, deadline))
        ;
    bool quiet = is_quiet(service, agent);
    pthread_mutex_unlock(&service->lock);
    return quiet;
}

void service_leaving(struct service *service)
{
    pthread_mutex_lock(&service->lock);
    service->leaving++;
    pthread_mutex_unlock(&service->lock);
}

void service_left(struct service *service)
{
    pthread_mutex_lock(&service->lock);
    service->leaving--;
    pthread_cond_broadcast(&service->quiet);
    pthread_mutex_unlock(&service->lock);
}

/* The next request to be answered in place of its handler: from the queues, given; of the live ones, a reference. */
static mesh_request *next_to_give_up(struct service *service, const struct agent *only, bool *was_queued)
{
    for (struct agent *agent = service->agents; agent; agent = agent->next) {
        if ((only && agent != only) || agent->queued == 0)
            continue;
        *was_queued = true;
        return pop_request(service, agent);
    }
    *was_queued = false;
    for (mesh_request *request = service->live; request; request = request->live_next)
        if ((!only || request->agent == only) && request->stop == MESH_STOP_NONE && request_try_ref(request))
            return request;
    return NULL;
}

/* Agents whose queues were emptied must not stand in the list of ready ones. */
static void rebuild_ready(struct service *service)
{
    service->first_ready = NULL;
    service->last_ready = &service->first_ready;
    service->ready = 0;
    for (struct agent *agent = service->agents; agent; agent = agent->next) {
        agent->is_ready = false;
        push_ready(service, agent);
    }
}

void service_give_up(struct service *service, const struct agent *agent)
{
    for (;;) {
        bool was_queued;
        pthread_mutex_lock(&service->lock);
        mesh_request *request = next_to_give_up(service, agent, &was_queued);
        rebuild_ready(service);
        pthread_mutex_unlock(&service->lock);
        if (!request)
            return;
        request_end(request, MESH_STOP_DRAIN, MESH_E_NOT_AVAILABLE, "it is leaving the mesh");
        mesh_request_unref(request);
    }
}

bool service_describe(struct service *service, struct buf *out)
{
    bool any = false;
    pthread_mutex_lock(&service->lock);
    for (const struct agent *agent = service->agents; agent; agent = agent->next) {
        uint32_t live = live_of(service, agent);
        if (live == 0 && agent->queued == 0)
            continue;
        uint32_t running = agent->running < live ? agent->running : live;
        buf_printf(out, "%sagent '%s': %u running, %u kept by reference, %u waiting", any ? "; " : "",
                   agent->contract->name, running, live - running, agent->queued);
        any = true;
    }
    if (service->leaving > 0)
        buf_printf(out, "%ssubscriptions that the server has not ended yet: %u", any ? "; " : "", service->leaving);
    any |= service->leaving > 0;
    pthread_mutex_unlock(&service->lock);
    return any;
}

bool service_close(struct service *service, uint64_t deadline)
{
    pthread_mutex_lock(&service->lock);
    service->closing = true;
    pthread_cond_broadcast(&service->work);
    while (service->threads > 0 && clock_cond_wait(&service->quiet, &service->lock, deadline))
        ;
    service->abandoned = service->threads > 0;
    bool join = service->has_exited;
    pthread_t exited = service->exited;
    service->has_exited = false;
    pthread_mutex_unlock(&service->lock);
    if (join)
        pthread_join(exited, NULL);
    return !service->abandoned;
}

/* ---- life ---- */

struct service *service_new(mesh_client *client, uint32_t max_workers, bool is_staged)
{
    struct service *service = calloc(1, sizeof(*service));
    if (!service)
        return NULL;
    service->client = client;
    service->max_workers = max_workers;
    service->is_staged = is_staged;
    service->last_agent = &service->agents;
    service->last_ready = &service->first_ready;
    pthread_mutex_init(&service->lock, NULL);
    if (!clock_cond_init(&service->work) || !clock_cond_init(&service->quiet)) {
        free(service);
        return NULL;
    }
    return service;
}

void service_free(struct service *service)
{
    if (!service)
        return;
    for (struct agent *agent = service->agents, *next; agent; agent = next) {
        next = agent->next;
        free_agent(agent);
    }
    pthread_cond_destroy(&service->work);
    pthread_cond_destroy(&service->quiet);
    pthread_mutex_destroy(&service->lock);
    free(service);
}
