/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes become messages: answers, chunks, ends, errors with their dead letters (protocol 5.3, 5.5). */
#ifndef SERVE_REPLY_H
#define SERVE_REPLY_H

#include "client/client.h"
#include "wire/usage.h"

/* Who asked, and how. Lent from the message. */
struct asked {
    const struct core *core;
    const char *agent;
    const char *id;    /* "" if the request had none */
    const char *reply; /* or NULL */
    bool wants_stream;
    char *stream_subject; /* where chunks go; owned by whoever fills this; NULL if not a stream or the id cannot be used
                           */
};

/* Read it from a message. False: no memory. */
bool asked_read(struct asked *ret_asked, const struct core *core, const char *agent,
                const struct link_message *message);
void asked_clear(struct asked *asked);

/* usage: what goes along in a header; nothing if nothing was reported. */
mesh_status reply_answer(const struct asked *asked, mesh_bytes body, const struct usage *usage, mesh_error *err);

/* probe: a reply subject by which the server tells that nobody reads, or NULL. */
mesh_status reply_chunk(const struct asked *asked, uint64_t sequence, mesh_bytes body, const char *probe,
                        mesh_error *err);
mesh_status reply_end(const struct asked *asked, uint64_t sequence, const struct usage *usage, mesh_error *err);

/* A failure: log event, envelope to where the caller listens, dead letter. Never fails anything: what cannot be sent is
 * told through on_event. */
void reply_fault(const struct asked *asked, const mesh_error *failure);

/* The same for a message that has not become a request. */
void reply_refuse(const struct core *core, const char *agent, const struct link_message *message,
                  const mesh_error *failure);

/* A publisher has failed: the envelope as the last event, and as a dead letter (protocol 6.1). The same way. */
void reply_event_fault(const struct core *core, const char *agent, const mesh_error *failure);

#endif
