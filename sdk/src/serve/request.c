/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/request.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <agentmesh/cjson.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "serve/deadline.h"
#include "serve/input.h"
#include "serve/serve.h"

enum { TEXT_MAX = 64 << 20, PROBE_EVERY = 64, PROBE_MS = 250 };

static _Thread_local mesh_request *current; /* what the worker handles */

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
    request->serial = atomic_fetch_add(&last_serial, 1) + 1;
    request->references = 1;
    request->agent = agent;
    request->service = agent->service;
    request->message = *message;
    request->stop_fd = -1;
    message->handle = NULL;
    return request;
}

struct quote {
    struct quote *next;
    char text[];
};

static void drop_quotes(mesh_request *request)
{
    for (struct quote *quote = request->quotes, *next; quote; quote = next) {
        next = quote->next;
        free(quote);
    }
    request->quotes = NULL;
    request->quote_failed = false;
}

static void clear_request(mesh_request *request)
{
    drop_quotes(request);
    cJSON_Delete(request->tree);
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
static bool fail(mesh_request *request, const mesh_error *failure)
{
    pthread_mutex_lock(&request->lock);
    bool open = !request->done;
    request->done = true;
    pthread_mutex_unlock(&request->lock);
    if (open) {
        reply_fault(&request->asked, failure);
        service_count(request->service, COUNT_ERROR);
    }
    return open;
}

void request_end(mesh_request *request, int32_t stop, mesh_status status, const char *text)
{
    mesh_error failure = MESH_ERROR_INIT;
    const char *agent = request->agent->contract->name;
    mesh_error_set(&failure, status, "Agent '%s' gave no answer: %s", agent, text);
    if (read_asked(request) && fail(request, &failure) && stop == MESH_STOP_DEADLINE)
        service_count(request->service, COUNT_TIMEOUT);
    raise_stop(request, stop);
    inbox_stop_request(core_of(request)->inbox, request);
    mesh_error_clear(&failure);
}

/* Protocol: a responder without output schema that returns nothing answers {}; a stream ends. */
static mesh_status end_unanswered(mesh_request *request, mesh_error *err)
{
    const struct contract *contract = request->agent->contract;
    if (request->result == MESH_OK && contract->streaming)
        return reply_end(&request->asked, request->sequence, err);
    if (request->result == MESH_OK && !contract->output_schema)
        return reply_answer(&request->asked, mesh_text("{}"), err);
    return mesh_error_set(err, MESH_E_HANDLER_ERROR, "Agent '%s' ended the request without an answer", contract->name);
}

/* The last reference is gone. */
static void finish(mesh_request *request)
{
    struct service *service = request->service;
    if (!request->done) {
        mesh_error err = MESH_ERROR_INIT;
        if (end_unanswered(request, &err) != MESH_OK)
            fail(request, &err);
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
        return mesh_error_set(err, MESH_E_INVALID_INPUT, "a stream needs an X-Mesh-Request-Id that can be part of a "
                              "subject");
    return MESH_OK;
}

static mesh_status prepare(mesh_request *request, mesh_error *err)
{
    const struct contract *contract = request->agent->contract;
    if (!read_asked(request))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    mesh_status status = check_verb(request, err);
    if (status == MESH_OK)
        status = input_read(contract, link_message_body(&request->message), &request->tree, err);
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
    current = request;
    mesh_status status = agent->handler(request, agent->state, err);
    current = NULL;
    if (status == MESH_E_END)
        return MESH_OK;
    if (status != MESH_OK && err->status == MESH_OK)
        mesh_error_set_text(err, status, mesh_status_text(status));
    return status;
}

/* A failure after the answer has nobody to go to but the operator. */
static void tell_late(mesh_request *request, const mesh_error *err)
{
    service_count(request->service, COUNT_LATE);
    if (err->status != MESH_E_CALLER_GONE && err->status != MESH_E_ANSWERED)
        client_tell(request->service->client, MESH_LOG_WARN, err->status, request->agent->contract->name,
                    "a handler failed after its request had been answered: %s", mesh_error_text(err));
}

void request_run(mesh_request *request)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = prepare(request, &err);
    if (status == MESH_OK)
        status = handle(request, &err);

    pthread_mutex_lock(&request->lock);
    request->result = status;
    pthread_mutex_unlock(&request->lock);
    if (status != MESH_OK && !fail(request, &err))
        tell_late(request, &err);
    mesh_error_clear(&err);
    mesh_request_unref(request);
}

/* ---- what handlers read ---- */

const char *mesh_request_agent(const mesh_request *request)
{
    return request->agent->contract->name;
}

const char *mesh_request_id(const mesh_request *request)
{
    return request->asked.id;
}

mesh_client *mesh_request_client(const mesh_request *request)
{
    return request->service->client;
}

mesh_bytes mesh_request_input(const mesh_request *request)
{
    return link_message_body(&request->message);
}

const cJSON *mesh_request_tree(const mesh_request *request)
{
    return request->tree;
}

const char *mesh_request_string(const mesh_request *request, const char *name, const char *fallback)
{
    return json_string(request->tree, name, fallback);
}

double mesh_request_number(const mesh_request *request, const char *name, double fallback)
{
    const cJSON *member = json_get(request->tree, name);
    return cJSON_IsNumber(member) ? member->valuedouble : fallback;
}

int64_t mesh_request_int(const mesh_request *request, const char *name, int64_t fallback)
{
    return json_int(request->tree, name, fallback);
}

int mesh_request_bool(const mesh_request *request, const char *name, int fallback)
{
    return json_bool(request->tree, name, fallback != 0);
}

/* ---- quoting ---- */

static const char *keep_quote(mesh_request *request, struct buf *quoted)
{
    struct quote *quote = buf_failed(quoted) ? NULL : malloc(sizeof(*quote) + quoted->len + 1);
    if (!quote) {
        request->quote_failed = true;
        return "";
    }
    memcpy(quote->text, buf_text(quoted), quoted->len + 1);
    quote->next = request->quotes;
    request->quotes = quote;
    return quote->text;
}

const char *mesh_quote_bytes(mesh_request *request, mesh_bytes text)
{
    auto_buf struct buf quoted;
    buf_init(&quoted, TEXT_MAX);
    json_quote(&quoted, text.data, text.len);
    return keep_quote(request, &quoted);
}

const char *mesh_quote(mesh_request *request, const char *text)
{
    return mesh_quote_bytes(request, mesh_text(text));
}

const char *mesh_quotef(mesh_request *request, const char *format, ...)
{
    auto_buf struct buf text;
    buf_init(&text, TEXT_MAX);
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (buf_failed(&text))
        request->quote_failed = true;
    return mesh_quote_bytes(request, buf_bytes(&text));
}

/* ---- what handlers answer ---- */

static mesh_status refuse_answered(mesh_request *request, mesh_error *err)
{
    int32_t stop = request->stop;
    service_count(request->service, COUNT_LATE);
    if (stop == MESH_STOP_CALLER_GONE)
        return mesh_error_set(err, MESH_E_CALLER_GONE, "nobody reads this stream any more");
    return mesh_error_set(err, MESH_E_ANSWERED, "the request %s",
                          stop == MESH_STOP_NONE ? "has been answered already" : "is over: its caller has been answered");
}

static mesh_status check_output(mesh_request *request, mesh_bytes output, bool is_chunk, mesh_error *err)
{
    if (request->agent->contract->streaming != is_chunk)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s' %s", request->agent->contract->name,
                              is_chunk ? "does not stream: use mesh_request_answer()"
                                       : "streams: use mesh_request_chunk()");
    if (request->quote_failed)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a text in the answer");
    mesh_status status = json_check(output, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "the answer is not JSON");
}

mesh_status mesh_request_answer(mesh_request *request, mesh_bytes output, mesh_error *err)
{
    mesh_status status = check_output(request, output, false, err);
    if (status != MESH_OK)
        return status;
    pthread_mutex_lock(&request->lock);
    bool open = !request->done;
    if (open)
        status = reply_answer(&request->asked, output, err);
    if (open && status == MESH_OK)
        request->done = true;
    pthread_mutex_unlock(&request->lock);
    drop_quotes(request);
    return open ? status : refuse_answered(request, err);
}

/* Now and then a chunk has a reply subject: where nobody subscribes, the server says so. */
static const char *probe_for(mesh_request *request)
{
    uint64_t now = clock_ms();
    if (!request->probe.settle || (request->sequence % PROBE_EVERY != 0 && now - request->probed_ms < PROBE_MS))
        return NULL;
    request->probed_ms = now;
    return request->probe_subject;
}

mesh_status mesh_request_chunk(mesh_request *request, mesh_bytes chunk, mesh_error *err)
{
    mesh_status status = check_output(request, chunk, true, err);
    if (status != MESH_OK)
        return status;
    pthread_mutex_lock(&request->lock);
    if (request->stop == MESH_STOP_CALLER_GONE)
        request->done = true;
    bool open = !request->done;
    if (open)
        status = reply_chunk(&request->asked, request->sequence, chunk, probe_for(request), err);
    if (open && status == MESH_OK) {
        request->sequence++;
        request->due = clock_deadline(request->agent->timeout_ms);
    }
    pthread_mutex_unlock(&request->lock);
    drop_quotes(request);
    return open ? status : refuse_answered(request, err);
}

typedef mesh_status (*send_output)(mesh_request *request, mesh_bytes output, mesh_error *err);

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* In other locales 1.5 prints as 1,5, which in JSON is two numbers. */
static void print_in_c_locale(struct buf *out, const char *format, va_list args)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    locale_t before = uselocale(c_locale);
    buf_vprintf(out, format, args);
    uselocale(before);
}

static mesh_status send_formatted(mesh_request *request, send_output send, mesh_error *err, const char *format,
                                  va_list args)
{
    auto_buf struct buf output;
    buf_init(&output, TEXT_MAX);
    print_in_c_locale(&output, format, args);
    mesh_status status = buf_error(&output, err);
    return status == MESH_OK ? send(request, buf_bytes(&output), err) : status;
}

mesh_status mesh_request_answerf(mesh_request *request, mesh_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    mesh_status status = send_formatted(request, mesh_request_answer, err, format, args);
    va_end(args);
    return status;
}

mesh_status mesh_request_chunkf(mesh_request *request, mesh_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    mesh_status status = send_formatted(request, mesh_request_chunk, err, format, args);
    va_end(args);
    return status;
}

static mesh_status send_tree(mesh_request *request, send_output send, const cJSON *tree, mesh_error *err)
{
    auto_buf struct buf output;
    buf_init(&output, TEXT_MAX);
    json_print(&output, tree);
    mesh_status status = buf_error(&output, err);
    return status == MESH_OK ? send(request, buf_bytes(&output), err) : status;
}

mesh_status mesh_request_answer_tree(mesh_request *request, const cJSON *output, mesh_error *err)
{
    return send_tree(request, mesh_request_answer, output, err);
}

mesh_status mesh_request_chunk_tree(mesh_request *request, const cJSON *chunk, mesh_error *err)
{
    return send_tree(request, mesh_request_chunk, chunk, err);
}

mesh_status mesh_request_fail(mesh_request *request, const mesh_error *failure, mesh_error *err)
{
    if (!failure || failure->status == MESH_OK)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "failure is empty");
    return fail(request, failure) ? MESH_OK : refuse_answered(request, err);
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
