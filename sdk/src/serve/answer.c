/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler reads of its request, and how it answers. */
#include <agentmesh/cjson.h>

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "client/sized.h"
#include "serve/output.h"
#include "serve/request.h"

enum { TEXT_MAX = 64 << 20, PROBE_EVERY = 64, PROBE_MS = 250 };

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

/* ---- texts as JSON ---- */

void answer_drop_quotes(mesh_request *request)
{
    quotes_drop(&request->quotes);
}

const char *mesh_quote_bytes(mesh_request *request, mesh_bytes text)
{
    return quotes_add(&request->quotes, text);
}

const char *mesh_quote(mesh_request *request, const char *text)
{
    return mesh_quote_bytes(request, mesh_text(text));
}

const char *mesh_quotef(mesh_request *request, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *quote = quotes_addv(&request->quotes, format, args);
    va_end(args);
    return quote;
}

/* ---- answers ---- */

static mesh_status explain_answered(const mesh_request *request, mesh_error *err)
{
    int32_t stop = request->stop;
    if (stop == MESH_STOP_CALLER_GONE)
        return mesh_error_set(err, MESH_E_CALLER_GONE, "nobody reads this stream any more");
    return mesh_error_set(err, MESH_E_ANSWERED, "the request %s",
                          stop == MESH_STOP_NONE ? "has been answered already"
                                                 : "is over: its caller has been answered");
}

static mesh_status refuse_answered(mesh_request *request, mesh_error *err)
{
    service_count(request->service, COUNT_LATE);
    return explain_answered(request, err);
}

static mesh_status check_output(mesh_request *request, mesh_bytes output, bool is_chunk, mesh_error *err)
{
    if (request->agent->contract->streaming != is_chunk)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s' %s", request->agent->contract->name,
                              is_chunk ? "does not stream: use mesh_request_answer()"
                                       : "streams: use mesh_request_chunk()");
    if (request->quotes.failed)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a text in the answer");
    mesh_status status = json_check(output, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "the answer is not JSON");
    return output_check(request, output, err);
}

mesh_status mesh_request_answer(mesh_request *request, mesh_bytes output, mesh_error *err)
{
    mesh_status status = check_output(request, output, false, err);
    if (status != MESH_OK)
        return status;
    pthread_mutex_lock(&request->lock);
    bool open = !request->done;
    if (open)
        status = reply_answer(&request->asked, output, &request->usage, err);
    if (open && status == MESH_OK)
        request->done = true;
    pthread_mutex_unlock(&request->lock);
    if (open && status == MESH_OK)
        request_tell_answered(request);
    answer_drop_quotes(request);
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
    answer_drop_quotes(request);
    return open ? status : refuse_answered(request, err);
}

typedef mesh_status (*send_output)(mesh_request *request, mesh_bytes output, mesh_error *err);

static mesh_status send_formatted(mesh_request *request, send_output send, mesh_error *err, const char *format,
                                  va_list args)
{
    auto_buf struct buf output;
    buf_init(&output, TEXT_MAX);
    quote_print(&output, format, args);
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

mesh_status mesh_request_report(mesh_request *request, const mesh_usage *usage, mesh_error *err)
{
    mesh_usage step;
    if (!usage)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "usage is NULL");
    mesh_status status = sized_read(&step, sizeof(step), usage, sizeof(step), "mesh_usage", err);
    if (status != MESH_OK)
        return status;
    pthread_mutex_lock(&request->lock);
    bool open = !request->done;
    if (open)
        status = usage_add(&request->usage, &step, err);
    pthread_mutex_unlock(&request->lock);
    return open ? status : explain_answered(request, err);
}

mesh_status mesh_request_fail(mesh_request *request, const mesh_error *failure, mesh_error *err)
{
    if (!failure || failure->status == MESH_OK)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "failure is empty");
    return request_fail(request, failure) ? MESH_OK : refuse_answered(request, err);
}
