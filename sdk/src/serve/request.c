/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/request.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "client/observe.h"
#include "serve/deadline.h"
#include "serve/input.h"
#include "serve/serve.h"
#include "serve/stall.h"

/* What the worker handles. In the block that every thread has from its start: a signal handler may read it, and may
 * not allocate. */
static _Thread_local mesh_request *current __attribute__((tls_model("initial-exec")));

const char *mesh_running_agent(void)
{
    return current ? current->agent->contract->name : NULL;
}

mesh_request *request_current(void)
{
    return current;
}

/* ---- life ---- */

static struct core *core_of(const mesh_request *request)
{
    return request->service->client->core;
}

static void raise_stop(mesh_request *request, int32_t stop)
{
    int32_t none = MESH_STOP_NONE;
    atomic_compare_exchange_strong(&request->stop, &none, stop);
    pthread_mutex_lock(&request->lock);
    if (request->stop_fd >= 0)
        eventfd_write(request->stop_fd, 1);
    pthread_cond_broadcast(&request->changed);
    pthread_mutex_unlock(&request->lock);
}

/* [link, under the inbox's lock] A chunk that asked whether somebody reads came back: nobody does. */
static void settle_probe(struct wait *wait, enum wait_outcome outcome, struct link_message *message)
{
    mesh_request *request = container_of(wait, mesh_request, probe);
    (void)message;
    if (outcome == WAIT_NOBODY) {
        raise_stop(request, MESH_STOP_CALLER_GONE);
        inbox_stop_request_locked(core_of(request)->inbox, request);
    }
}

static void run(struct job *job);
static void drop(struct job *job, mesh_status why);

mesh_request *request_new(struct agent *agent, struct link_message *message)
{
    static _Atomic uint64_t last_serial;
    mesh_request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    if (!clock_cond_init(&request->changed)) {
        free(request);
        return NULL;
    }
    pthread_mutex_init(&request->lock, NULL);
    request->job = (struct job){ .run = run, .drop = drop };
    request->serial = atomic_fetch_add(&last_serial, 1) + 1;
    request->references = 1;
    request->arrived_ns = clock_ns();
    request->agent = agent;
    request->service = agent->service;
    request->message = *message;
    request->stop_fd = -1;
    message->handle = NULL;
    return request;
}

static void clear_request(mesh_request *request)
{
    answer_drop_quotes(request);
    cJSON_Delete(request->tree);
    usage_clear(&request->usage);
    asked_clear(&request->asked);
    link_message_clear(&request->message);
    if (request->stop_fd >= 0)
        close(request->stop_fd);
    pthread_cond_destroy(&request->changed);
    pthread_mutex_destroy(&request->lock);
}

void request_dissolve(mesh_request *request, struct link_message *message)
{
    *message = request->message;
    request->message.handle = NULL;
    clear_request(request);
    free(request);
}

bool request_try_ref(mesh_request *request)
{
    unsigned count = request->references;
    while (count > 0)
        if (atomic_compare_exchange_weak(&request->references, &count, count + 1))
            return true;
    return false;
}

mesh_request *mesh_request_ref(mesh_request *request)
{
    atomic_fetch_add(&request->references, 1);
    return request;
}

/* ---- the end ---- */

/* Who asked: read once, by the worker, or by whoever ends a request that no worker has begun. */
static bool read_asked(mesh_request *request)
{
    pthread_mutex_lock(&request->lock);
    bool ok = request->asked.core ||
              asked_read(&request->asked, core_of(request), request->agent->contract->name, &request->message);
    pthread_mutex_unlock(&request->lock);
    return ok;
}

/* Send an error unless something has been answered. What came before is on the wire, and nothing comes after. */
bool request_fail(mesh_request *request, const mesh_error *failure)
{
    pthread_mutex_lock(&request->lock);
    bool open = !request->done;
    request->done = true;
    pthread_mutex_unlock(&request->lock);
    if (open) {
        request->has_failed = true;
        reply_fault(&request->asked, failure);
        service_count(request->service, COUNT_ERROR);
        if (strcmp(mesh_error_code(failure), mesh_status_code(MESH_E_HANDLER_ERROR)) == 0)
            service_count(request->service, COUNT_FAULT);
    }
    return open;
}

void request_end(mesh_request *request, int32_t stop, mesh_status status, const char *text)
{
    mesh_error failure = MESH_ERROR_INIT;
    const char *agent = request->agent->contract->name;
    mesh_error_set(&failure, status, "Agent '%s' gave no answer: %s", agent, text);
    if (read_asked(request) && request_fail(request, &failure) && stop == MESH_STOP_DEADLINE)
        service_count(request->service, COUNT_TIMEOUT);
    raise_stop(request, stop);
    inbox_stop_request(core_of(request)->inbox, request);
    mesh_error_clear(&failure);
}

void request_tell_answered(const mesh_request *request)
{
    const struct asked *asked = &request->asked;
    observe_usage(asked->core, asked->agent, asked->id, &request->usage);
    observe_completed(asked->core, asked->agent, asked->id, request->began_ms);
}

void request_give_up(mesh_request *request, int32_t why)
{
    request_end(request, why, MESH_E_NOT_AVAILABLE,
                why == MESH_STOP_GATE ? "it has gone offline (lifecycle gate)" : "it is leaving the mesh");
}

/* Protocol: a responder without output schema that returns nothing answers {}; a stream ends. */
static mesh_status end_unanswered(mesh_request *request, mesh_error *err)
{
    const struct contract *contract = request->agent->contract;
    if (request->result == MESH_OK && contract->streaming)
        return reply_end(&request->asked, request->sequence, &request->usage, err);
    if (request->result == MESH_OK && !contract->output_schema)
        return reply_answer(&request->asked, mesh_text("{}"), &request->usage, err);
    return mesh_error_set(err, MESH_E_HANDLER_ERROR, "Agent '%s' ended the request without an answer", contract->name);
}

/* The last reference is gone. */
static void finish(mesh_request *request)
{
    struct service *service = request->service;
    if (!request->done) {
        mesh_error err = MESH_ERROR_INIT;
        if (end_unanswered(request, &err) == MESH_OK)
            request_tell_answered(request);
        else
            request_fail(request, &err);
        mesh_error_clear(&err);
    }
    deadlines_remove(serve_deadlines(core_of(request)->serve), request);
    if (request->probe.settle)
        inbox_leave(core_of(request)->inbox, &request->probe);
    clear_request(request);
    service_finished(service, request);
    free(request);
}

mesh_request *mesh_request_unref(mesh_request *request)
{
    if (request && atomic_fetch_sub(&request->references, 1) == 1)
        finish(request);
    return NULL;
}

/* ---- the handler ---- */

static mesh_status check_verb(const mesh_request *request, mesh_error *err)
{
    const struct contract *contract = request->agent->contract;
    if (request->asked.wants_stream && !contract->streaming)
        return mesh_error_set(err, MESH_E_INVOCATION_MISMATCH,
                              "Agent '%s' does not support streaming. Use call() instead", contract->name);
    if (!request->asked.wants_stream && contract->streaming)
        return mesh_error_set(err, MESH_E_INVOCATION_MISMATCH, "Agent '%s' is streaming-only. Use stream() instead",
                              contract->name);
    if (contract->streaming && !request->asked.stream_subject)
        return mesh_error_set(err, MESH_E_INVALID_INPUT,
                              "a stream needs an X-Mesh-Request-Id that can be part of a "
                              "subject");
    return MESH_OK;
}

static mesh_status prepare(mesh_request *request, mesh_error *err)
{
    const struct contract *contract = request->agent->contract;
    if (!read_asked(request))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    request->began_ms = clock_ms();
    observe_received(request->asked.core, contract->name, request->asked.id);
    mesh_status status = check_verb(request, err);
    if (status == MESH_OK)
        status = input_read(contract, request->agent->schemas.input, link_message_body(&request->message),
                            &request->tree, err);
    return status;
}

/* Before the handler runs: the inbox's lock is taken before a request's, never after. */
static void enter_probe(mesh_request *request)
{
    request->probe = (struct wait){ .settle = settle_probe, .client = request->service->client };
    if (inbox_enter(core_of(request)->inbox, &request->probe, NULL, request->probe_subject, NULL) != MESH_OK)
        request->probe.settle = NULL;
}

static mesh_status handle(mesh_request *request, mesh_error *err)
{
    struct agent *agent = request->agent;
    if (agent->contract->streaming)
        enter_probe(request);
    request->due = clock_deadline(agent->timeout_ms);
    deadlines_add(serve_deadlines(core_of(request)->serve), request);
    request->handler = HANDLER_RUNS;
    current = request;
    mesh_status status = agent->handler(request, agent->state, err);
    current = NULL;
    if (atomic_exchange(&request->handler, HANDLER_AWAY) == HANDLER_STUCK)
        stall_remove(agent);
    if (status == MESH_E_END)
        return MESH_OK;
    if (status != MESH_OK && err->status == MESH_OK)
        mesh_error_set_text(err, status, mesh_status_text(status));
    return status;
}

void request_check_stuck(mesh_request *request)
{
    int runs = HANDLER_RUNS;
    if (atomic_compare_exchange_strong(&request->handler, &runs, HANDLER_STUCK))
        stall_add(request->agent);
}

/* A failure after the answer has nobody to go to but the operator. */
static void tell_late(mesh_request *request, const mesh_error *err)
{
    service_count(request->service, COUNT_LATE);
    if (err->status != MESH_E_CALLER_GONE && err->status != MESH_E_ANSWERED && !request->is_refused)
        client_tell(request->service->client, MESH_LOG_WARN, err->status, request->agent->contract->name,
                    "a handler failed after its request had been answered: %s", mesh_error_text(err));
}

/* [worker] Check it and run the handler, to the end. */
static void run(struct job *job)
{
    mesh_request *request = container_of(job, mesh_request, job);
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = prepare(request, &err);
    if (status == MESH_OK)
        status = handle(request, &err);

    pthread_mutex_lock(&request->lock);
    request->result = status;
    pthread_mutex_unlock(&request->lock);
    if (status != MESH_OK && !request_fail(request, &err))
        tell_late(request, &err);
    mesh_error_clear(&err);
    mesh_request_unref(request);
}

/* No handler will see it. */
static void drop(struct job *job, mesh_status why)
{
    mesh_request *request = container_of(job, mesh_request, job);
    if (why == MESH_E_TIMEOUT)
        request_end(request, MESH_STOP_DRAIN, MESH_E_NOT_AVAILABLE, "it is stuck with those that came before");
    else
        request_give_up(request, why == MESH_E_NOT_AVAILABLE ? MESH_STOP_GATE : MESH_STOP_DRAIN);
    mesh_request_unref(request);
}

/* ---- the stop signal ---- */

int32_t mesh_request_stopped(const mesh_request *request)
{
    return request->stop;
}

int32_t mesh_request_wait(mesh_request *request, uint32_t timeout_ms)
{
    uint64_t deadline = clock_deadline(timeout_ms);
    worker_blocks(true);
    pthread_mutex_lock(&request->lock);
    while (request->stop == MESH_STOP_NONE && clock_cond_wait(&request->changed, &request->lock, deadline))
        ;
    pthread_mutex_unlock(&request->lock);
    worker_blocks(false);
    return request->stop;
}

int mesh_request_stop_fd(mesh_request *request)
{
    pthread_mutex_lock(&request->lock);
    if (request->stop_fd < 0)
        request->stop_fd = eventfd(request->stop != MESH_STOP_NONE, EFD_CLOEXEC | EFD_NONBLOCK);
    int fd = request->stop_fd;
    pthread_mutex_unlock(&request->lock);
    return fd;
}

uint32_t mesh_request_time_left_ms(const mesh_request *request)
{
    return clock_left_ms(request->due);
}
