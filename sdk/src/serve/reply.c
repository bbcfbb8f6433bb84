/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/observe.h"
#include "wire/fault.h"
#include "wire/subject.h"

enum { ENVELOPE_MAX = 8 << 20, USAGE_MAX = 64 << 10 };

bool asked_read(struct asked *ret_asked, const struct core *core, const char *agent, const struct link_message *message)
{
    const char *id = link_message_header(message, HEADER_REQUEST_ID);
    const char *stream = link_message_header(message, HEADER_STREAM);
    *ret_asked = (struct asked){ .core = core,
                                 .agent = agent,
                                 .id = id ? id : "",
                                 .reply = link_message_reply(message),
                                 .wants_stream = stream && strcmp(stream, "true") == 0 };
    if (!ret_asked->wants_stream || !token_is_valid(ret_asked->id))
        return true;
    ret_asked->stream_subject = subject_for_stream(ret_asked->id);
    return ret_asked->stream_subject != NULL;
}

void asked_clear(struct asked *asked)
{
    free(asked->stream_subject);
    asked->stream_subject = NULL;
}

static mesh_status publish(const struct asked *asked, const char *subject, const char *reply,
                           const struct header *headers, size_t count, mesh_bytes body, mesh_error *err)
{
    const struct link_outgoing message = {
        .subject = subject, .reply = reply, .headers = headers, .header_count = count, .body = body
    };
    return link_publish(asked->core->link, &message, err);
}

/* The value of the header, empty if nothing was reported. */
static mesh_status write_usage(struct buf *value, const struct usage *usage, mesh_error *err)
{
    buf_init(value, USAGE_MAX);
    if (usage && usage->is_reported)
        usage_write(value, usage);
    return buf_error(value, err);
}

mesh_status reply_answer(const struct asked *asked, mesh_bytes body, const struct usage *usage, mesh_error *err)
{
    if (!asked->reply)
        return MESH_OK;
    auto_buf struct buf used;
    mesh_status status = write_usage(&used, usage, err);
    if (status != MESH_OK)
        return status;
    const struct header headers[] = {
        { HEADER_STATUS, STATUS_OK },      { HEADER_SOURCE, asked->agent },
        { HEADER_REQUEST_ID, asked->id },  { HEADER_INSTANCE_ID, asked->core->instance_id },
        { HEADER_USAGE, buf_text(&used) },
    };
    return publish(asked, asked->reply, NULL, headers, used.len > 0 ? 5 : 4, body, err);
}

static mesh_status send_frame(const struct asked *asked, uint64_t sequence, bool is_end, const char *usage,
                              mesh_bytes body, const char *probe, mesh_error *err)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, sequence);
    const struct header headers[] = {
        { HEADER_STREAM_SEQ, number },    { HEADER_STREAM_END, is_end ? "true" : "false" },
        { HEADER_REQUEST_ID, asked->id }, { HEADER_INSTANCE_ID, asked->core->instance_id },
        { HEADER_USAGE, usage },
    };
    return publish(asked, asked->stream_subject, probe, headers, *usage ? 5 : 4, body, err);
}

mesh_status reply_chunk(const struct asked *asked, uint64_t sequence, mesh_bytes body, const char *probe,
                        mesh_error *err)
{
    return send_frame(asked, sequence, false, "", body, probe, err);
}

mesh_status reply_end(const struct asked *asked, uint64_t sequence, const struct usage *usage, mesh_error *err)
{
    auto_buf struct buf used;
    mesh_status status = write_usage(&used, usage, err);
    if (status != MESH_OK)
        return status;
    return send_frame(asked, sequence, true, buf_text(&used), mesh_bytes_of(NULL, 0), NULL, err);
}

/* ---- failures ---- */

/* The stream subject where a stream was asked for; the reply subject otherwise, and where the stream's id cannot be
 * used. */
static mesh_status send_to_caller(const struct asked *asked, mesh_bytes envelope, mesh_error *err)
{
    const struct header headers[] = {
        { HEADER_STATUS, STATUS_ERROR },
        { HEADER_REQUEST_ID, asked->id },
        { HEADER_INSTANCE_ID, asked->core->instance_id },
        { HEADER_STREAM_END, "true" },
    };
    if (asked->stream_subject)
        return publish(asked, asked->stream_subject, NULL, headers, 4, envelope, err);
    if (asked->reply)
        return publish(asked, asked->reply, NULL, headers, 3, envelope, err);
    return MESH_OK;
}

static mesh_status send_dead_letter(const struct asked *asked, mesh_bytes envelope, mesh_error *err)
{
    auto_free char *subject = subject_for_errors(asked->agent);
    if (!subject)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a dead letter");
    const struct header headers[] = {
        { HEADER_STATUS, STATUS_ERROR },
        { HEADER_REQUEST_ID, asked->id },
        { HEADER_INSTANCE_ID, asked->core->instance_id },
    };
    return publish(asked, subject, NULL, headers, 3, envelope, err);
}

static void send_fault(const struct asked *asked, const mesh_error *failure)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_buf struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    fault_write(&envelope, failure, asked->agent, asked->id);
    mesh_status status = buf_error(&envelope, &err);
    if (status == MESH_OK)
        status = send_to_caller(asked, buf_bytes(&envelope), &err);
    if (status == MESH_OK)
        status = send_dead_letter(asked, buf_bytes(&envelope), &err);
    if (status != MESH_OK)
        core_tell(asked->core, MESH_LOG_WARN, status, asked->agent, "an error reply could not be sent: %s",
                  mesh_error_text(&err));
    mesh_error_clear(&err);
}

/* What callers see of a handler's failure when the operator wants it hidden. */
static void hide(const struct asked *asked, mesh_error *hidden)
{
    mesh_error_set(hidden, MESH_E_HANDLER_ERROR, "Agent '%s' failed", asked->agent);
}

/* The failure as callers may see it: itself, or hidden, which is the caller's to clear. */
static const mesh_error *show(const struct asked *asked, const mesh_error *failure, mesh_error *hidden)
{
    bool is_hidden = (asked->core->options.flags & MESH_CLIENT_HIDE_ERRORS) &&
                     strcmp(mesh_error_code(failure), mesh_status_code(MESH_E_HANDLER_ERROR)) == 0;
    if (!is_hidden)
        return failure;
    core_tell(asked->core, MESH_LOG_WARN, failure->status, asked->agent, "%s", mesh_error_text(failure));
    hide(asked, hidden);
    return hidden;
}

void reply_fault(const struct asked *asked, const mesh_error *failure)
{
    mesh_error hidden = MESH_ERROR_INIT;
    failure = show(asked, failure, &hidden);
    observe_failed(asked->core, asked->agent, asked->id, failure);
    send_fault(asked, failure);
    mesh_error_clear(&hidden);
}

void reply_refuse(const struct core *core, const char *agent, const struct link_message *message,
                  const mesh_error *failure)
{
    struct asked asked;
    if (asked_read(&asked, core, agent, message))
        reply_fault(&asked, failure);
    asked_clear(&asked);
}

/* ---- failures of publishers ---- */

static mesh_status send_event_fault(const struct asked *asked, mesh_bytes envelope, mesh_error *err)
{
    auto_free char *events = subject_for_events(asked->agent), *letters = subject_for_errors(asked->agent);
    if (!events || !letters)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for an event");
    const struct header headers[] = {
        { HEADER_STATUS, STATUS_ERROR },
        { HEADER_INSTANCE_ID, asked->core->instance_id },
        { HEADER_STREAM_END, "true" },
    };
    mesh_status status = publish(asked, events, NULL, headers, 3, envelope, err);
    return status == MESH_OK ? publish(asked, letters, NULL, headers, 2, envelope, err) : status;
}

void reply_event_fault(const struct core *core, const char *agent, const mesh_error *failure)
{
    const struct asked nobody = { .core = core, .agent = agent, .id = "" };
    mesh_error hidden = MESH_ERROR_INIT, err = MESH_ERROR_INIT;
    auto_buf struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    fault_write(&envelope, show(&nobody, failure, &hidden), agent, "");
    mesh_status status = buf_error(&envelope, &err);
    if (status == MESH_OK)
        status = send_event_fault(&nobody, buf_bytes(&envelope), &err);
    if (status != MESH_OK)
        core_tell(core, MESH_LOG_WARN, status, agent, "an error could not be published: %s", mesh_error_text(&err));
    mesh_error_clear(&hidden);
    mesh_error_clear(&err);
}
