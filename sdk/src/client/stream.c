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
#include "client/feed.h"
#include "client/inbox.h"
#include "client/message.h"
#include "wire/fault.h"
#include "wire/subject.h"

struct mesh_stream {
    /* Read-only after opening. */
    mesh_client *client;
    struct call_plan plan;
    char *agent, *subject;
    struct link_subscription *frames_in;

    /* The reader's. */
    mesh_message *current; /* lent out as the chunk, or holds the usage */
    uint64_t expected_seq;
    mesh_status ended; /* MESH_OK while it goes on */
    mesh_error failure;

    /* Its frames, which the settled wait ends. */
    struct feed feed;

    /* In the inbox's table; settled, and what it was settled with, under the inbox's lock. */
    struct wait wait;
    enum wait_outcome outcome;
    struct link_message notice;
};

/* ---- [link] ---- */

static void settle_stream(struct wait *wait, enum wait_outcome outcome, struct link_message *message)
{
    struct mesh_stream *stream = container_of(wait, struct mesh_stream, wait);
    stream->outcome = outcome;
    stream->notice = *message;
    message->handle = NULL;
    feed_end(&stream->feed, outcome == WAIT_STOPPED ? MESH_E_STOPPED : MESH_E_MESH);
}

static void on_frame(void *closure, struct link_message *message)
{
    struct mesh_stream *stream = closure;
    /* After its time the reader has what came in time, and then the end. */
    if (clock_left_ms(stream->plan.deadline) > 0)
        messages_push(&stream->feed, message);
}

/* ---- life ---- */

/* Once no callback runs any more. */
static void free_stream(void *closure)
{
    struct mesh_stream *stream = closure;
    messages_free(feed_clear(&stream->feed));
    message_free(stream->current);
    link_message_clear(&stream->notice);
    mesh_error_clear(&stream->failure);
    free(stream->agent);
    free(stream->subject);
    free(stream);
}

mesh_stream *mesh_stream_close(mesh_stream *stream)
{
    if (!stream)
        return NULL;
    inbox_leave(stream->client->core->inbox, &stream->wait);
    feed_leave(&stream->feed);
    if (stream->frames_in)
        link_unsubscribe(stream->frames_in, free_stream);
    else
        free_stream(stream);
    return NULL;
}

static mesh_status new_stream(mesh_client *client, const char *agent, const struct call_plan *plan,
                              mesh_stream **ret_stream, mesh_error *err)
{
    mesh_stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a stream");
    *ret_stream = stream;
    stream->client = client;
    stream->plan = *plan;
    stream->agent = strdup(agent);
    stream->subject = subject_for_stream(plan->id);
    if (!stream->agent || !stream->subject)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a stream");
    stream->wait =
        (struct wait){ .settle = settle_stream, .client = client, .agent = stream->agent, .frames = stream->subject };
    return feed_init(&stream->feed, client, err);
}

/* Enter before subscribing, for the server may refuse that at once; subscribe before asking. The request has a reply
 * subject, which no agent uses: by it the server tells that nobody serves. */
static mesh_status ask(mesh_stream *stream, mesh_bytes input, mesh_error *err)
{
    struct core *core = stream->client->core;
    char reply[INBOX_SUBJECT_SIZE];
    auto_free char *subject = subject_for_agent(stream->agent);
    if (!subject)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    mesh_status status = inbox_enter(core->inbox, &stream->wait, stream->plan.request, reply, err);
    if (status == MESH_OK)
        status = link_subscribe(core->link, stream->subject, NULL, on_frame, stream, &stream->frames_in, err);
    if (status != MESH_OK)
        return status;
    const struct header headers[] = {
        { HEADER_REQUEST_ID, stream->plan.id },
        { HEADER_STREAM, "true" },
        { HEADER_INSTANCE_ID, core->instance_id },
    };
    const struct link_outgoing request = {
        .subject = subject, .reply = reply, .headers = headers, .header_count = 3, .body = input
    };
    return link_publish(core->link, &request, err);
}

mesh_status mesh_stream_open(mesh_client *client, const char *agent, mesh_bytes input, const mesh_call_options *options,
                             mesh_stream **ret_stream, mesh_error *err)
{
    struct call_plan plan;
    mesh_stream *stream = NULL;
    mesh_status status =
        call_plan_make(client, agent, options, client ? client->core->options.stream_timeout_ms : 0, &plan, err);
    if (status == MESH_OK)
        status = cache_preflight(client->core->cache, agent, VERB_STREAM, err);
    if (status == MESH_OK)
        status = new_stream(client, agent, &plan, &stream, err);
    if (status == MESH_OK)
        status = ask(stream, input, err);
    if (status == MESH_OK) {
        *ret_stream = stream;
        return MESH_OK;
    }
    mesh_stream_close(stream);
    return mesh_error_prefix(err, status, "stream '%s'", agent ? agent : "");
}

/* ---- reading ---- */

/* Remember how it ended; the same comes again if asked again. */
static mesh_status end_with(mesh_stream *stream, mesh_status status, mesh_error *failure)
{
    stream->ended = status;
    mesh_error_move(&stream->failure, failure);
    feed_end(&stream->feed, status); /* nothing more is kept that nobody reads */
    inbox_leave(stream->client->core->inbox, &stream->wait);
    return status;
}

static mesh_status report_end(const mesh_stream *stream, mesh_error *err)
{
    if (stream->ended == MESH_E_END)
        return MESH_E_END;
    call_error_repeat(&stream->failure, err);
    return mesh_error_prefix(err, stream->ended, "stream '%s'", stream->agent);
}

/* What ended the wait; it is not settled again. */
static void fail_by_outcome(const mesh_stream *stream, mesh_error *failure)
{
    const char *id = stream->plan.id;
    if (stream->outcome == WAIT_NOBODY)
        cache_nobody(stream->client->core->cache, stream->agent, id, failure);
    else if (stream->outcome == WAIT_DIED)
        call_error_died(stream->agent, "mid-stream", &stream->notice, id, failure);
    else if (stream->outcome == WAIT_DENIED)
        call_error_denied(stream->agent, id, failure);
    else if (stream->outcome == WAIT_DEAF)
        call_error_deaf(stream->subject, stream->agent, id, failure);
    else /* A host that cannot answer on the stream subject answers on the reply subject. */
        fault_read(link_message_body(&stream->notice), stream->agent, id, failure);
}

static mesh_status end_without_frame(mesh_stream *stream, mesh_status status)
{
    mesh_error failure = MESH_ERROR_INIT;
    const char *id = stream->plan.id;
    inbox_leave(stream->client->core->inbox, &stream->wait); /* what it was settled with stays as it is */

    if (status == MESH_E_TOO_LARGE)
        mesh_error_set(&failure, status, "chunks came faster than they were read: more than %d MiB waited",
                       FEED_MAX >> 20);
    else if (status == MESH_E_NO_MEMORY)
        mesh_error_set(&failure, status, "no memory for a chunk");
    else if (status == MESH_E_STOPPED)
        call_error_stopped(stream->client, stream->agent, id, &failure);
    else if (status == MESH_E_TIMEOUT)
        mesh_error_set(&failure, status, "the stream of agent '%s' did not end within %u ms", stream->agent,
                       stream->plan.timeout_ms);
    else
        fail_by_outcome(stream, &failure);
    mesh_error_set_context(&failure, stream->agent, id, NULL);
    return end_with(stream, failure.status, &failure);
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
    const struct link_message *frame = &stream->current->message;
    mesh_error failure = MESH_ERROR_INIT;
    mesh_bytes body = link_message_body(frame);

    if (inbox_is_notice(frame)) {
        call_error_died(stream->agent, "mid-stream", frame, stream->plan.id, &failure);
        return end_with(stream, MESH_E_AGENT_DIED, &failure);
    }
    if (message_is_error(frame)) {
        mesh_status status = fault_read(body, stream->agent, stream->plan.id, &failure);
        return end_with(stream, status, &failure);
    }
    if (message_header_is(frame, HEADER_STREAM_END, "true"))
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
    stream->current = message_free(stream->current);

    struct feed_item *item;
    mesh_status status = feed_next(&stream->feed, stream->plan.deadline, &item);
    stream->current = status == MESH_OK ? message_of_item(item) : NULL;
    status = stream->current ? read_frame(stream, ret_chunk) : end_without_frame(stream, status);
    return status == MESH_OK ? MESH_OK : report_end(stream, err);
}

mesh_bytes mesh_stream_usage(const mesh_stream *stream)
{
    bool complete = stream->ended == MESH_E_END && stream->current;
    return mesh_text(complete ? link_message_header(&stream->current->message, HEADER_USAGE) : NULL);
}
