/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "serve/gate.h"
#include "serve/request.h"
#include "serve/source.h"

/* ---- agents ---- */

static mesh_status apply_limits(struct agent *agent, const mesh_agent *spec, const mesh_agent_limits *limits,
                                mesh_error *err)
{
    const mesh_client_options *defaults = &agent->service->client->core->options;
    uint32_t own = spec->concurrency ? spec->concurrency : 1;
    uint32_t most = spec->concurrency_limit > own ? spec->concurrency_limit : own;
    uint32_t default_timeout_ms = spec->stream ? defaults->chunk_timeout_ms : defaults->handler_timeout_ms;

    agent->requests.width = limits && limits->concurrency ? limits->concurrency : own;
    agent->requests.max = limits && limits->queue ? limits->queue : defaults->queue;
    agent->timeout_ms = spec->timeout_ms ? spec->timeout_ms : default_timeout_ms;
    if (limits && limits->timeout_ms)
        agent->timeout_ms = limits->timeout_ms;
    if (agent->requests.width > most)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent '%s' can run at most %u requests at once, says its "
                              "author, but concurrency = %u is asked of it",
                              spec->name, most, agent->requests.width);
    return MESH_OK;
}

static struct agent *free_agent(struct agent *agent)
{
    if (!agent)
        return NULL;
    gate_free(agent->gate);
    for (struct source **source = agent->sources; source && *source; source++)
        source_free(*source);
    free(agent->sources);
    lane_close(&agent->requests, MESH_E_STOPPED);
    schemas_clear(&agent->schemas);
    contract_free(agent->contract);
    free(agent);
    return NULL;
}

static mesh_status add_sources(struct agent *agent, const mesh_source *const *specs, mesh_error *err)
{
    size_t count = 0;
    while (specs && specs[count])
        count++;
    mesh_status status = MESH_OK;
    agent->sources = calloc(count + 1, sizeof(struct source *));
    if (!agent->sources)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for an agent");
    for (size_t i = 0; i < count && status == MESH_OK; i++)
        status = source_new(agent, specs[i], &agent->sources[i], err);
    return status;
}

static bool checks_output(const struct service *service, const mesh_agent_limits *limits)
{
    if (limits && limits->check_output)
        return limits->check_output == MESH_YES;
    return service->client->core->options.flags & MESH_CLIENT_CHECK_OUTPUT;
}

static mesh_status fill_agent(struct agent *agent, const mesh_agent *spec, mesh_error *err)
{
    const mesh_agent_limits *limits = client_limits(agent->service->client, spec->name);
    mesh_status status = contract_from_agent(spec, &agent->contract, err);
    if (status == MESH_OK)
        status = schemas_compile(&agent->schemas, agent->contract, spec->message_schema,
                                 checks_output(agent->service, limits), err);
    if (status == MESH_OK)
        status = apply_limits(agent, spec, limits, err);
    if (status != MESH_OK)
        return status;
    lane_open(&agent->requests, &agent->service->workers);
    status = add_sources(agent, spec->sources, err);
    const mesh_gate operators = { .size = sizeof(operators),
                                  .key = limits ? limits->gate_key : NULL,
                                  .subject = limits ? limits->gate_subject : NULL };
    const mesh_gate *gate = operators.key || operators.subject ? &operators : spec->active_when;
    if (status == MESH_OK && gate)
        status = gate_new(agent, gate, &agent->gate, err);
    return status;
}

static mesh_status new_agent(struct service *service, const mesh_agent *spec, void *state, struct agent **ret_agent,
                             mesh_error *err)
{
    struct agent *agent = calloc(1, sizeof(*agent));
    if (!agent)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for an agent");
    agent->service = service;
    agent->handler = spec->stream ? spec->stream : spec->call;
    agent->publish = spec->publish;
    agent->run = spec->run;
    agent->on_message = spec->on_message;
    agent->every_ms = spec->every_ms;
    agent->state = state;
    mesh_status status = fill_agent(agent, spec, err);
    if (status != MESH_OK) {
        free_agent(agent);
        return status;
    }
    *ret_agent = agent;
    return MESH_OK;
}

bool agent_is_active(const struct agent *agent)
{
    return !agent->gate || gate_is_open(agent->gate);
}

struct agent *service_find(struct service *service, const char *name)
{
    pthread_mutex_lock(&service->workers.lock);
    struct agent *agent = service->agents;
    while (agent && strcmp(agent->contract->name, name) != 0)
        agent = agent->next;
    pthread_mutex_unlock(&service->workers.lock);
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
    pthread_mutex_lock(&service->workers.lock);
    *service->last_agent = agent;
    service->last_agent = &agent->next;
    pthread_mutex_unlock(&service->workers.lock);
    *ret_agent = agent;
    return MESH_OK;
}

void service_remove(struct service *service, struct agent *agent)
{
    pthread_mutex_lock(&service->workers.lock);
    struct agent **at = &service->agents;
    while (*at != agent)
        at = &(*at)->next;
    *at = agent->next;
    if (service->last_agent == &agent->next)
        service->last_agent = at;
    pthread_mutex_unlock(&service->workers.lock);
    free_agent(agent);
}

/* ---- requests ---- */

static void make_live(struct service *service, mesh_request *request)
{
    request->live_at = &service->live;
    request->live_next = service->live;
    if (service->live)
        service->live->live_at = &request->live_next;
    service->live = request;
    service->live_count++;
}

static mesh_status refuse_overload(struct agent *agent, mesh_error *err)
{
    struct service *service = agent->service;
    pthread_mutex_lock(&service->workers.lock);
    service->counters.overloaded++;
    pthread_mutex_unlock(&service->workers.lock);
    uint32_t refused = lane_refuse(&agent->requests);
    if (refused > 0)
        client_tell(service->client, MESH_LOG_WARN, MESH_E_OVERLOADED, agent->contract->name,
                    "queue is full (%u): %u requests refused", agent->requests.max, refused);
    return mesh_error_set(err, MESH_E_OVERLOADED, "Agent '%s' is overloaded: %u requests wait for it already",
                          agent->contract->name, agent->requests.max);
}

static mesh_status refuse(struct agent *agent, enum lane_verdict verdict, mesh_error *err)
{
    if (verdict == LANE_FULL)
        return refuse_overload(agent, err);
    if (verdict == LANE_CLOSED)
        return mesh_error_set(err, MESH_E_NOT_AVAILABLE, "Agent '%s' has left the mesh", agent->contract->name);
    return mesh_error_set(err, MESH_E_OVERLOADED, "Agent '%s' is overloaded: no thread can be started to serve it",
                          agent->contract->name);
}

mesh_status service_submit(struct agent *agent, struct link_message *message, mesh_error *err)
{
    struct service *service = agent->service;
    mesh_request *request = request_new(agent, message);
    if (!request)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    pthread_mutex_lock(&service->workers.lock);
    service->counters.requests++;
    bool is_stalled = agent->is_stalled;
    enum lane_verdict verdict = is_stalled ? LANE_FULL : lane_push_locked(&agent->requests, &request->job);
    if (verdict == LANE_TAKEN)
        make_live(service, request);
    pthread_mutex_unlock(&service->workers.lock);
    if (verdict == LANE_TAKEN)
        return MESH_OK;
    request_dissolve(request, message);
    if (is_stalled)
        return mesh_error_set(err, MESH_E_NOT_AVAILABLE, "Agent '%s' is stuck, and takes no requests until it is back",
                              agent->contract->name);
    return refuse(agent, verdict, err);
}

static void forget_live(struct service *service, mesh_request *request)
{
    if (request->live_at) {
        *request->live_at = request->live_next;
        if (request->live_next)
            request->live_next->live_at = request->live_at;
        service->live_count--;
    }
    pthread_cond_broadcast(&service->workers.quiet);
}

/* Under the workers' lock. One that was never begun is moved elsewhere, or dropped. */
static void note_end(const mesh_request *request)
{
    struct agent *agent = request->agent;
    if (request->began_ms == 0)
        return;
    agent->ended++;
    agent->failed += request->has_failed;
    pace_note(&agent->pace, (clock_ns() - request->arrived_ns) / 1000);
}

void service_finished(struct service *service, mesh_request *request)
{
    pthread_mutex_lock(&service->workers.lock);
    note_end(request);
    forget_live(service, request);
    pthread_mutex_unlock(&service->workers.lock);
}

mesh_request *service_take_out(struct agent *agent)
{
    struct service *service = agent->service;
    pthread_mutex_lock(&service->workers.lock);
    struct job *job = lane_pop_locked(&agent->requests);
    mesh_request *request = job ? container_of(job, mesh_request, job) : NULL;
    if (request) {
        forget_live(service, request);
        service->counters.requests--; /* it counts where it is served */
    }
    pthread_mutex_unlock(&service->workers.lock);
    return request;
}

void service_count(struct service *service, enum service_count what)
{
    pthread_mutex_lock(&service->workers.lock);
    service->counters.errors += what == COUNT_ERROR;
    service->counters.faults += what == COUNT_FAULT;
    service->counters.timeouts += what == COUNT_TIMEOUT;
    service->counters.late += what == COUNT_LATE;
    pthread_mutex_unlock(&service->workers.lock);
}

void service_counters(struct service *service, mesh_counters *ret_counters)
{
    pthread_mutex_lock(&service->workers.lock);
    *ret_counters = service->counters;
    for (const struct agent *agent = service->agents; agent; agent = agent->next) {
        ret_counters->running += agent->requests.running;
        ret_counters->queued += agent->requests.queued;
        ret_counters->stuck += agent->stuck > 0 ? (uint32_t)agent->stuck : 0;
    }
    uint32_t in_lanes = ret_counters->running + ret_counters->queued;
    ret_counters->held = service->live_count > in_lanes ? service->live_count - in_lanes : 0;
    ret_counters->workers = service->workers.threads;
    pthread_mutex_unlock(&service->workers.lock);
}

/* ---- the end ---- */

static uint32_t live_of(const struct service *service, const struct agent *agent)
{
    uint32_t count = 0;
    for (const mesh_request *request = service->live; request; request = request->live_next)
        count += request->agent == agent;
    return count;
}

static bool has_requests(const struct service *service, const struct agent *agent)
{
    return agent->requests.running > 0 || live_of(service, agent) > 0;
}

static bool has_activity(const struct service *service, const struct agent *agent)
{
    bool is_busy = agent->emitting > 0 || has_requests(service, agent);
    for (struct source *const *source = agent->sources; *source; source++)
        is_busy |= source_is_busy(*source);
    return is_busy;
}

static bool has_anything(const struct service *service, const struct agent *agent)
{
    if (agent)
        return has_activity(service, agent) || (agent->gate && gate_is_busy(agent->gate));
    /* Callbacks may go on for ever, each beginning what the next is told of: only the stop of the client ends that. */
    const struct workers *workers = &service->workers;
    const struct lane *callbacks = &service->callbacks;
    uint32_t uncounted = service->client->stopped ? 0 : callbacks->queued + callbacks->running;
    return workers->queued + workers->running != uncounted || workers->guests > 0 || service->live_count > 0;
}

bool service_is_idle(struct service *service)
{
    pthread_mutex_lock(&service->workers.lock);
    bool idle = !has_anything(service, NULL);
    pthread_mutex_unlock(&service->workers.lock);
    return idle;
}

typedef bool (*predicate)(const struct service *service, const struct agent *agent);

static bool drain(struct service *service, const struct agent *agent, predicate has_more, uint64_t deadline)
{
    pthread_mutex_lock(&service->workers.lock);
    bool quiet = false;
    do
        quiet = service->leaving == 0 && !has_more(service, agent);
    while (!quiet && workers_wait(&service->workers, deadline));
    pthread_mutex_unlock(&service->workers.lock);
    return quiet;
}

bool service_drain(struct service *service, const struct agent *agent, uint64_t deadline)
{
    return drain(service, agent, has_anything, deadline);
}

bool service_drain_requests(struct service *service, const struct agent *agent, uint64_t deadline)
{
    return drain(service, agent, has_requests, deadline);
}

bool service_drain_activity(struct service *service, const struct agent *agent, uint64_t deadline)
{
    return drain(service, agent, has_activity, deadline);
}

void service_leaving(struct service *service)
{
    pthread_mutex_lock(&service->workers.lock);
    service->leaving++;
    pthread_mutex_unlock(&service->workers.lock);
}

void service_left(struct service *service)
{
    pthread_mutex_lock(&service->workers.lock);
    service->leaving--;
    pthread_cond_broadcast(&service->workers.quiet);
    pthread_mutex_unlock(&service->workers.lock);
}

static struct job *pop_of(struct agent *agent)
{
    struct job *job = lane_pop_locked(&agent->requests);
    for (struct source **source = agent->sources; !job && *source; source++)
        job = source_pop_locked(*source);
    return job;
}

static struct job *pop_waiting(const struct service *service, const struct agent *only)
{
    struct job *job = NULL;
    for (struct agent *agent = service->agents; agent && !job; agent = agent->next)
        if (!only || agent == only)
            job = pop_of(agent);
    return job;
}

void service_give_up_stalled(struct agent *agent)
{
    struct workers *workers = &agent->service->workers;
    struct job *job;
    do {
        pthread_mutex_lock(&workers->lock);
        job = agent->is_stalled ? lane_pop_locked(&agent->requests) : NULL;
        pthread_mutex_unlock(&workers->lock);
        if (job)
            job->drop(job, MESH_E_TIMEOUT);
    } while (job);
}

/* A reference to a request that runs, or is kept, and has not been told to stop. */
static mesh_request *find_begun(const struct service *service, const struct agent *only)
{
    for (mesh_request *request = service->live; request; request = request->live_next)
        if ((!only || request->agent == only) && request->stop == MESH_STOP_NONE && request_try_ref(request))
            return request;
    return NULL;
}

/* Drop one that waits. False: none does; then *ret_begun, if asked for, is what find_begun() finds at that moment. */
static bool drop_waiting(struct service *service, const struct agent *agent, int32_t why, mesh_request **ret_begun)
{
    pthread_mutex_lock(&service->workers.lock);
    struct job *job = pop_waiting(service, agent);
    if (ret_begun)
        *ret_begun = job ? NULL : find_begun(service, agent);
    pthread_mutex_unlock(&service->workers.lock);
    if (job)
        job->drop(job, why == MESH_STOP_GATE ? MESH_E_NOT_AVAILABLE : MESH_E_STOPPED);
    return job;
}

void service_give_up_waiting(struct service *service, const struct agent *agent, int32_t why)
{
    while (drop_waiting(service, agent, why, NULL))
        ;
}

void service_give_up(struct service *service, const struct agent *agent, int32_t why)
{
    mesh_request *begun;
    while (drop_waiting(service, agent, why, &begun) || begun) {
        if (!begun)
            continue;
        request_give_up(begun, why);
        mesh_request_unref(begun);
    }
}

static bool describe_agent(const struct service *service, const struct agent *agent, const char *before,
                           struct buf *out)
{
    uint32_t live = live_of(service, agent);
    if (live == 0)
        return false;
    uint32_t begun = live - agent->requests.queued;
    uint32_t running = agent->requests.running < begun ? agent->requests.running : begun;
    buf_printf(out, "%sagent '%s': %u running, %u kept by reference, %u waiting", before, agent->contract->name,
               running, begun - running, agent->requests.queued);
    return true;
}

static bool describe_emitter(const struct agent *agent, const char *before, struct buf *out)
{
    if (agent->emitting == 0)
        return false;
    buf_printf(out, "%sthe %s of agent '%s' has not returned", before, agent->publish ? "publisher" : "task",
               agent->contract->name);
    return true;
}

static bool describe_lane(const struct lane *lane, const char *before, struct buf *out)
{
    if (!lane->title || lane->queued + lane->running == 0)
        return false;
    buf_printf(out, "%s%s: %u running, %u waiting", before, lane->title, lane->running, lane->queued);
    return true;
}

bool service_describe(struct service *service, struct buf *out)
{
    bool any = false;
    pthread_mutex_lock(&service->workers.lock);
    for (const struct agent *agent = service->agents; agent; agent = agent->next)
        any |= describe_agent(service, agent, any ? "; " : "", out);
    for (const struct agent *agent = service->agents; agent; agent = agent->next)
        any |= describe_emitter(agent, any ? "; " : "", out);
    for (const struct lane *lane = service->workers.lanes; lane; lane = lane->next)
        any |= describe_lane(lane, any ? "; " : "", out);
    if (service->leaving > 0)
        buf_printf(out, "%ssubscriptions that the server has not ended yet: %u", any ? "; " : "", service->leaving);
    any |= service->leaving > 0;
    pthread_mutex_unlock(&service->workers.lock);
    return any;
}

bool service_close(struct service *service, uint64_t deadline)
{
    return workers_close(&service->workers, deadline);
}

/* ---- life ---- */

struct service *service_new(mesh_client *client, uint32_t max_workers, bool is_staged)
{
    struct service *service = calloc(1, sizeof(*service));
    struct core *core = client->core;
    if (!service)
        return NULL;
    service->workers = (struct workers){ .name = client->name ? client->name : "mesh",
                                         .total = &core->workers,
                                         .max = max_workers,
                                         .total_max = core->options.workers_total,
                                         .is_manual = core->options.flags & MESH_CLIENT_DISPATCH };
    if (!workers_init(&service->workers)) {
        free(service);
        return NULL;
    }
    service->client = client;
    service->is_staged = is_staged;
    service->last_agent = &service->agents;
    service->callbacks = (struct lane){ .title = "callbacks", .width = UINT32_MAX, .max = UINT32_MAX, .is_owed = true };
    lane_open(&service->callbacks, &service->workers);
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
    lane_close(&service->callbacks, MESH_E_STOPPED);
    workers_clear(&service->workers);
    free(service);
}
