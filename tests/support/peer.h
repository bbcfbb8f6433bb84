/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer on the bus that sees and says what is on the wire: subjects, headers, bodies. And clients of the library, opened
 * on the program's one bus (bus.h). Whatever fails here ends the program.
 */
#ifndef SUPPORT_PEER_H
#define SUPPORT_PEER_H

#include <agentmesh/agentmesh.h>

#include "link/link.h"
#include "nats_server.h"

/* The server of this program, started when first asked for; only where the bus is one (bus_has_server()). */
struct nats_server *peer_server(void);

/* A client of the library on it. options may be NULL; the url is filled in. Events are printed where they are worse than
 * warnings are worth, with PEER_VERBOSE=1 all. */
mesh_client *peer_client(const mesh_client_options *options);

struct peer;
struct peer *peer_open(void);
struct peer *peer_open_at(const char *url); /* on another server, or as another user */
struct peer *peer_close(struct peer *peer); /* returns NULL */
struct link *peer_link(struct peer *peer);

/* Listen to a subject; what comes is kept until asked for. The subscription stands when this returns. */
struct ear;
struct ear *peer_listen(struct peer *peer, const char *subject);

/* The next message, waiting at most timeout_ms; empty handle if none came. End it with link_message_clear(). */
struct link_message ear_next(struct ear *ear, unsigned timeout_ms);

/* Publish; headers as name, value, ..., NULL. */
void peer_say(struct peer *peer, const char *subject, const char *reply, const char *body, ...)
    __attribute__((sentinel));

/* Publish with a reply subject of its own and wait for what comes there. */
struct link_message peer_ask(struct peer *peer, const char *subject, const char *body, ...) __attribute__((sentinel));

/* What a made-up agent says to every request, message by message. */
struct canned {
    const char *body;
    const char *headers[9]; /* name, value, ..., NULL */
};

/* Serve a name by hand: each request has all of the messages, on its stream subject if it asks for a stream, else as
 * replies. Lent until the peer is closed. */
void peer_pretend(struct peer *peer, const char *agent, const struct canned *messages, size_t count);

/* A value of a bucket, to free(); NULL if there is none. */
char *peer_key(struct peer *peer, const char *bucket, const char *key);

/* What a message says; "(none)" for a header that is not there, and for an empty message. Lent with the message. */
const char *said(const struct link_message *message);
const char *said_header(const struct link_message *message, const char *name);

/* Ask again and again until it is so or the deadline has come: for what other processes bring about. */
bool comes_true(bool (*is_so)(void *data), void *data, unsigned timeout_ms);

#endif
