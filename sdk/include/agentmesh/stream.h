/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in many pieces: the chunks of a streaming agent (protocol 5.5), events and messages of subjects (6). */
#ifndef AGENTMESH_STREAM_H
#define AGENTMESH_STREAM_H

#include <agentmesh/call.h>
#include <agentmesh/message.h>

MESH_BEGIN_DECLS

/* An answer that arrives in chunks. One thread at a time. */
typedef struct mesh_stream mesh_stream;

/**
 * Ask a streaming agent. Returns as soon as the request is on its way; what the agent says comes by
 * mesh_stream_next(). [any-thread]
 *
 * input       one JSON value, lent
 * options     lent; NULL for defaults. timeout_ms is for the whole stream; 0: the client's stream_timeout_ms
 * ret_stream  given; end it with mesh_stream_close()
 * MESH_E_INVOCATION_MISMATCH  the agent does not stream
 * MESH_E_STOPPED              the client, or the request on whose behalf, was stopped
 * MESH_E_TOO_LARGE            input is larger than what the server takes in one message
 * MESH_E_CONNECTION_FAILED    not connected
 * MESH_E_INVALID_ARGUMENT     agent is no name of one
 */
MESH_API mesh_status mesh_stream_open(mesh_client *client, const char *agent, mesh_bytes input,
                                      const mesh_call_options *options, mesh_stream **ret_stream, mesh_error *err);

/**
 * Wait for the next chunk. What ends it from outside is the stop of its client, or of the request on whose behalf.
 * [blocks]
 *
 * ret_chunk  lent until the next call on this stream; one JSON value, NUL-terminated
 * MESH_E_END             the stream is complete; no error is filled
 * MESH_E_CHUNK_SEQUENCE  a chunk was lost; the stream is over
 * MESH_E_TOO_LARGE       chunks arrived faster than they were read, and 64 MiB of them were waiting
 * MESH_E_NO_MEMORY       there was none for a chunk; the stream is over
 * anything else          as for mesh_call(); what was read before stays valid. The same comes again if called again.
 */
MESH_API mesh_status mesh_stream_next(mesh_stream *stream, mesh_bytes *ret_chunk, mesh_error *err);

/** What the agent reported to have used (protocol 12.5), after MESH_E_END; empty if nothing. Lent until closed. */
MESH_API mesh_bytes mesh_stream_usage(const mesh_stream *stream);

/** Stop listening, at any time, and free. Returns NULL; NULL is fine. */
MESH_API mesh_stream *mesh_stream_close(mesh_stream *stream);

/* ---- subscriptions ---- */

/* For mesh_subscribe_options.flags. */
enum {
    MESH_SUBSCRIBE_REQUESTS = 1, /* of a channel: also the requests that are sent to its agents */
    MESH_SUBSCRIBE_REPORT = 2,   /* a body that is not JSON is an error (MESH_E_INVALID_JSON) after which one may go on;
                                    else it is left out */
    MESH_SUBSCRIBE_RAW = 4       /* every message as it is: nothing is checked, left out, or taken for an end */
};

/* What to listen to: exactly one of the three. */
typedef struct mesh_subscribe_options {
    size_t size;         /* set by MESH_SUBSCRIBE_OPTIONS_INIT */
    const char *agent;   /* the events of one publishing agent */
    const char *channel; /* the events of all agents below a name */
    const char *subject; /* what comes on a subject, which may have wildcards */
    uint32_t timeout_ms; /* end when so long nothing came; 0: never */
    uint32_t flags;      /* MESH_SUBSCRIBE_ */
} mesh_subscribe_options;

#define MESH_SUBSCRIBE_OPTIONS_INIT { sizeof(mesh_subscribe_options), NULL, NULL, NULL, 0, 0 }

/* Events as they come. One thread at a time. */
typedef struct mesh_subscription mesh_subscription;

/**
 * Listen (protocol 6.2, 6.3). When this returns, what is published later, by whomever, arrives. [any-thread; blocks for
 * a round trip]
 *
 * ret_subscription  given; end it with mesh_subscription_close()
 * options           lent
 * MESH_E_INVALID_ARGUMENT     none, or more than one, of agent, channel, subject; or it is no subject
 * MESH_E_NOT_FOUND            there is no such agent
 * MESH_E_INVOCATION_MISMATCH  the agent does not publish
 * MESH_E_CONNECTION_DENIED    the server does not let this client; where it has refused the same before, the first
 *                             mesh_subscription_next() may be the one that tells
 * MESH_E_CONNECTION_FAILED    not connected; a subscription that stands outlives its connection
 * MESH_E_STOPPED              the client was stopped
 */
MESH_API mesh_status mesh_subscribe(mesh_client *client, const mesh_subscribe_options *options,
                                    mesh_subscription **ret_subscription, mesh_error *err);

/**
 * Wait for the next message. [blocks]
 *
 * ret_message  lent until the next call on this subscription
 * MESH_E_END           the publisher has ended (never of a channel or a wildcard); no error is filled
 * MESH_E_TIMEOUT       nothing came within timeout_ms; the subscription is over
 * MESH_E_STOPPED       the client was stopped
 * MESH_E_TOO_LARGE     messages came faster than they were read, and 64 MiB of them waited; it is over
 * MESH_E_NO_MEMORY     there was none for a message; it is over
 * MESH_E_INVALID_JSON  with MESH_SUBSCRIBE_REPORT: a message is not JSON; one may go on
 * anything else        an error that the publisher sent. Of an agent it is the end, and of one subject if it says so;
 *                      else one may go on
 */
MESH_API mesh_status mesh_subscription_next(mesh_subscription *subscription, const mesh_message **ret_message,
                                            mesh_error *err);

/** A descriptor that is readable while a message, or the end, waits, for programs with a loop of their own, which watch
 * the time of a timeout_ms themselves. Lent until closed; -1: none to be had. */
MESH_API int mesh_subscription_fd(mesh_subscription *subscription);

/** Stop listening, at any time, and free. Returns NULL; NULL is fine. */
MESH_API mesh_subscription *mesh_subscription_close(mesh_subscription *subscription);

MESH_END_DECLS

#endif
