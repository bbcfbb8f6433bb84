/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that arrives in chunks. */
#include <agentmesh/stream.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "client/cache.h"
#include "client/call.h"
#include "client/inbox.h"
#include "serve/request.h"
#include "serve/service.h"
#include "wire/fault.h"
#include "wire/subject.h"

/* What may wait for a slow reader. */
enum { PENDING_MAX = 64 << 20 };

struct frame {
    struct link_message message;
    struct frame *next;
};

struct mesh_stream {
    /* Read-only after opening. */
    mesh_client *client;
    struct call_plan plan;
    char *agent, *subject;
    struct link_subscription *frames_in;

    /* The reader's. */
    struct link_message current; /* lent out as the chunk, or holds the usage */
    uint64_t expected_seq;
    mesh_status ended; /* MESH_OK while it goes on */
    mesh_error failure;

    /* In the inbox's table; settled under the inbox's lock. */
    struct wait wait;

    /* Guarded by lock. Where both locks meet, the inbox's is taken first: settling comes from there. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct frame *first, **last;
    size_t pending; /* bytes of the frames that wait */
    bool overflow;
    enum wait_outcome outcome;
    struct link_message notice;
};

/* ---- [link] ---- */

static void settle_stream(struct wait *wait, enum wait_outcome outcome, struct link_message *message)
{
    struct mesh_stream *stream = container_of(wait, struct mesh_stream, wait);
    pthread_mutex_lock(&stream->lock);
    if (stream->outcome == WAIT_OPEN) {
        stream->outcome = outcome;
        stream->notice = *message;
        message->handle = NULL;
        pthread_cond_signal(&stream->changed);
    }
    pthread_mutex_unlock(&stream->lock);
}

static void on_frame(void *closure, struct link_message *message)
{
    struct mesh_stream *stream = closure;
    size_t size = link_message_body(message).len + sizeof(struct frame);
    if (clock_left_ms(stream->plan.deadline) == 0)
        return; /* the reader has what came in time, and then the end */
    struct frame *frame = malloc(sizeof(*frame));

    pthread_mutex_lock(&stream->lock);
    if (!frame || stream->pending + size > PENDING_MAX)
        stream->overflow = true;
    if (!stream->overflow) {
        *frame = (struct frame){ .message = *message };
        message->handle = NULL;
        *stream->last = frame;
        stream->last = &frame->next;
        stream->pending += size;
        frame = NULL;
    }
    pthread_cond_signal(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    free(frame);
}

/* ---- life ---- */

static void drop_frames(struct mesh_stream *stream)
{
    for (struct frame *frame = stream->first, *next; frame; frame = next) {
        next = frame->next;
        link_message_clear(&frame->message);
        free(frame);
    }
}

/* Once no callback runs any more. */
static void free_stream(void *closure)
{
    struct mesh_stream *stream = closure;
    drop_frames(stream);
    link_message_clear(&stream->current);
    link_message_clear(&stream->notice);
    mesh_error_clear(&stream->failure);
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->lock);
    free(stream->agent);
    free(stream->subject);
    free(stream);
}

mesh_stream *mesh_stream_close(mesh_stream *stream)
{
    if (!stream)
        return NULL;
    inbox_leave(stream->client->core->inbox, &stream->wait);
    if (stream->frames_in)
        link_unsubscribe(stream->frames_in, free_stream);
    else
        free_stream(stream);
    return NULL;
}

static mesh_stream *new_stream(mesh_client *client, const char *agent, const struct call_plan *plan)
{
    mesh_stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return NULL;
    stream->client = client;
    stream->plan = *plan;
    stream->last = &stream->first;
    pthread_mutex_init(&stream->lock, NULL);
    stream->agent = strdup(agent);
    stream->subject = subject_for_stream(plan->id);
    if (!clock_cond_init(&stream->changed) || !stream->agent || !stream->subject)
        return mesh_stream_close(stream);
    stream->wait =
        (struct wait){ .settle = settle_stream, .client = client, .agent = stream->agent, .frames = stream->subject };
    return stream;
}

/* Subscribe before asking. The request has a reply subject, which no agent uses: by it the server tells that nobody
 * serves. */
static mesh_status ask(mesh_stream *stream, mesh_bytes input, mesh_error *err)
{
    struct core *core = stream->client->core;
    char reply[INBOX_SUBJECT_SIZE];
    auto_free char *subject = subject_for_agent(stream->agent);
    if (!subject)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    mesh_status status = link_subscribe(core->link, stream->subject, NULL, on_frame, stream, &stream->frames_in, err);
    if (status == MESH_OK)
        status = inbox_enter(core->inbox, &stream->wait, stream->plan.request, reply, err);
    if (status != MESH_OK)
        return status;
    const struct header headers[] = {
        { HEADER_REQUEST_ID, stream->plan.id },
        { HEADER_STREAM, "true" },
        { HEADER_INSTANCE_ID, core->instance_id },
    };
    const struct link_outgoing request = { .subject = subject, .reply = reply, .headers = headers, .header_count = 3,
                                           .body = input };
    return link_publish(core->link, &request, err);
}

mesh_status mesh_stream_open(mesh_client *client, const char *agent, mesh_bytes input,
                             const mesh_call_options *options, mesh_stream **ret_stream, mesh_error *err)
{
    struct call_plan plan;
    mesh_status status = call_plan_make(client, agent, options,
                                        client ? client->core->options.stream_timeout_ms : 0, &plan, err);
    if (status == MESH_OK)
        status = cache_preflight(client->core->cache, agent, VERB_STREAM, err);
    if (status == MESH_OK) {
        mesh_stream *stream = new_stream(client, agent, &plan);
        status = stream ? ask(stream, input, err) : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a stream");
        if (status == MESH_OK) {
            *ret_stream = stream;
            return MESH_OK;
        }
        mesh_stream_close(stream);
    }
    return mesh_error_prefix(err, status, "stream '%s'", agent ? agent : "");
}

/* ---- reading ---- */

/* Remember how it ended; the same comes again if asked again. */
static mesh_status end_with(mesh_stream *stream, mesh_status status, mesh_error *failure)
{
    stream->ended = status;
    mesh_error_move(&stream->failure, failure);
    inbox_leave(stream->client->core->inbox, &stream->wait);
    return status;
}

static mesh_status report_end(const mesh_stream *stream, mesh_error *err)
{
    if (stream->ended == MESH_E_END)
        return MESH_E_END;
    mesh_error_set_code(err, mesh_error_code(&stream->failure), mesh_error_message(&stream->failure),
                        mesh_error_details(&stream->failure));
    mesh_error_set_context(err, mesh_error_agent(&stream->failure), mesh_error_request_id(&stream->failure), NULL);
    if (err)
        err->status = stream->ended;
    return mesh_error_prefix(err, stream->ended, "stream '%s'", stream->agent);
}

/* Take the next frame, waiting until the deadline. False: none, see the outcome. Frames that came before an end by the
 * inbox are read first, but not after a stop. */
static bool next_frame(mesh_stream *stream, struct link_message *ret_message)
{
    pthread_mutex_lock(&stream->lock);
    while (!stream->first && !stream->overflow && stream->outcome == WAIT_OPEN &&
           clock_cond_wait(&stream->changed, &stream->lock, stream->plan.deadline))
        ;
    struct frame *frame = stream->outcome == WAIT_STOPPED ? NULL : stream->first;
    if (frame) {
        stream->first = frame->next;
        if (!stream->first)
            stream->last = &stream->first;
        stream->pending -= link_message_body(&frame->message).len + sizeof(*frame);
        *ret_message = frame->message;
    }
    pthread_mutex_unlock(&stream->lock);
    free(frame);
    return frame != NULL;
}

static mesh_status end_without_frame(mesh_stream *stream)
{
    mesh_error failure = MESH_ERROR_INIT;
    const char *id = stream->plan.id;
    pthread_mutex_lock(&stream->lock);
    enum wait_outcome outcome = stream->outcome;
    bool overflow = stream->overflow;
    pthread_mutex_unlock(&stream->lock);

    if (overflow) {
        mesh_error_set(&failure, MESH_E_TOO_LARGE, "chunks came faster than they were read: more than %d MiB waited",
                       PENDING_MAX >> 20);
    } else if (outcome == WAIT_NOBODY) {
        cache_nobody(stream->client->core->cache, stream->agent, id, &failure);
    } else if (outcome == WAIT_DIED) {
        call_error_died(stream->agent, "mid-stream", &stream->notice, id, &failure);
    } else if (outcome == WAIT_DENIED) {
        call_error_denied(stream->agent, id, &failure);
    } else if (outcome == WAIT_STOPPED) {
        call_error_stopped(stream->client, stream->agent, id, &failure);
    } else if (outcome == WAIT_MESSAGE) {
        /* A host that cannot answer on the stream subject answers on the reply subject. */
        fault_read(link_message_body(&stream->notice), stream->agent, id, &failure);
    } else {
        mesh_error_set(&failure, MESH_E_TIMEOUT, "the stream of agent '%s' did not end within %u ms", stream->agent,
                       stream->plan.timeout_ms);
    }
    mesh_error_set_context(&failure, stream->agent, id, NULL);
    return end_with(stream, failure.status, &failure);
}

static bool header_is(const struct link_message *message, const char *name, const char *value)
{
    const char *got = link_message_header(message, name);
    return got && strcmp(got, value) == 0;
}

/* A number of digits only; anything else, also nothing, counts as -1. */
static int64_t sequence_of(const struct link_message *message)
{
    const char *text = link_message_header(message, HEADER_STREAM_SEQ);
    if (!text || *text < '0' || *text > '9')
        return -1;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return errno || *end ? -1 : number;
}

static mesh_status end_out_of_order(mesh_stream *stream, int64_t got)
{
    mesh_error failure = MESH_ERROR_INIT;
    char details[96];
    char message[96];
    snprintf(message, sizeof(message), "Expected chunk seq %llu, got %lld", (unsigned long long)stream->expected_seq,
             (long long)got);
    snprintf(details, sizeof(details), "{\"expected_seq\": %llu, \"got_seq\": %lld}",
             (unsigned long long)stream->expected_seq, (long long)got);
    mesh_error_set_code(&failure, mesh_status_code(MESH_E_CHUNK_SEQUENCE), message, details);
    mesh_error_set_context(&failure, stream->agent, stream->plan.id, NULL);
    return end_with(stream, MESH_E_CHUNK_SEQUENCE, &failure);
}

/* Protocol 5.5, the right column of its table. */
static mesh_status read_frame(mesh_stream *stream, mesh_bytes *ret_chunk)
{
    const struct link_message *frame = &stream->current;
    mesh_error failure = MESH_ERROR_INIT;
    mesh_bytes body = link_message_body(frame);

    if (inbox_is_notice(frame)) {
        call_error_died(stream->agent, "mid-stream", frame, stream->plan.id, &failure);
        return end_with(stream, MESH_E_AGENT_DIED, &failure);
    }
    if (header_is(frame, HEADER_STATUS, STATUS_ERROR)) {
        mesh_status status = fault_read(body, stream->agent, stream->plan.id, &failure);
        return end_with(stream, status, &failure);
    }
    if (header_is(frame, HEADER_STREAM_END, "true"))
        return end_with(stream, MESH_E_END, NULL);

    int64_t got = sequence_of(frame);
    if (got < 0 || (uint64_t)got != stream->expected_seq)
        return end_out_of_order(stream, got);
    if (body.len > 0 && json_check(body, &failure) != MESH_OK) {
        mesh_error_prefix(&failure, MESH_E_INVALID_JSON, "chunk %lld is not JSON", (long long)got);
        return end_with(stream, MESH_E_INVALID_JSON, &failure);
    }
    stream->expected_seq++;
    *ret_chunk = body.len > 0 ? body : mesh_text("null");
    return MESH_OK;
}

mesh_status mesh_stream_next(mesh_stream *stream, mesh_bytes *ret_chunk, mesh_error *err)
{
    if (stream->ended != MESH_OK)
        return report_end(stream, err);
    link_message_clear(&stream->current);

    worker_blocks(true);
    bool got = next_frame(stream, &stream->current);
    worker_blocks(false);
    mesh_status status = got ? read_frame(stream, ret_chunk) : end_without_frame(stream);
    return status == MESH_OK ? MESH_OK : report_end(stream, err);
}

mesh_bytes mesh_stream_usage(const mesh_stream *stream)
{
    bool complete = stream->ended == MESH_E_END && stream->current.handle;
    return mesh_text(complete ? link_message_header(&stream->current, HEADER_USAGE) : NULL);
}
