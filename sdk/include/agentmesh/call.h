/* SPDX-License-Identifier: Apache-2.0 */
/* Asking an agent by name for one answer, waiting for it or not (protocol 5.4, 5.6); publishing to a subject (5.7). */
#ifndef AGENTMESH_CALL_H
#define AGENTMESH_CALL_H

#include <agentmesh/client.h>

MESH_BEGIN_DECLS

typedef struct mesh_request mesh_request;

typedef struct mesh_call_options {
    size_t size;           /* set by MESH_CALL_OPTIONS_INIT */
    mesh_request *request; /* the request on whose behalf this is done: its deadline and its stop end the call; NULL: in
                              a handler the request it handles, elsewhere none */
    uint32_t timeout_ms;   /* for the whole call; 0: what is left of the request's time, else the client's default */
    uint32_t reserved;     /* 0 */
} mesh_call_options;

#define MESH_CALL_OPTIONS_INIT { sizeof(mesh_call_options), NULL, 0, 0 }

/* What an agent answered. Opaque; one thread at a time. */
typedef struct mesh_reply mesh_reply;

/**
 * Call an agent and wait for its answer. [any-thread; blocks]
 *
 * A handler that returns the error of a call hands its own caller what another agent said: not_found then looks as if
 * the handler's agent were missing. Say it in words of your own with mesh_error_set(), or pass it on on purpose.
 *
 * agent      its name, "nlp.summarizer"
 * input      one JSON value, lent, sent as it is; empty for an agent that takes none
 * options    lent; NULL for defaults
 * ret_reply  given; end it with mesh_reply_free()
 * MESH_E_NOT_FOUND            nobody serves it
 * MESH_E_NOT_AVAILABLE        the catalog knows it, but nobody serves it now
 * MESH_E_INVOCATION_MISMATCH  it streams, publishes, or cannot be called
 * MESH_E_AGENT_DIED           its last instance left while we waited; details hold the notice
 * MESH_E_TIMEOUT              no answer in time
 * MESH_E_STOPPED              the client, or the request on whose behalf, was stopped
 * MESH_E_INVALID_JSON         what came back is not JSON
 * MESH_E_TOO_LARGE            input is larger than what the server takes in one message; nothing was sent
 * MESH_E_CONNECTION_DENIED    the server does not let this client send to that agent
 * MESH_E_CONNECTION_FAILED    not connected
 * MESH_E_INVALID_ARGUMENT     agent is no name of one; nothing was sent
 * anything else               what the agent itself answered: see mesh_error_code()
 */
MESH_API mesh_status mesh_call(mesh_client *client, const char *agent, mesh_bytes input,
                               const mesh_call_options *options, mesh_reply **ret_reply, mesh_error *err);

/** The answer, one JSON value; an agent that answers nothing gives "{}". NUL-terminated; lent until freed. */
MESH_API mesh_bytes mesh_reply_body(const mesh_reply *reply);

/** The agent that answered (X-Mesh-Source), and the instance that did. "" if not told; lent until freed. */
MESH_API const char *mesh_reply_agent(const mesh_reply *reply);
MESH_API const char *mesh_reply_instance(const mesh_reply *reply);

/** What the agent reported to have used (X-Mesh-Usage, protocol 12.5), a JSON object; empty if nothing. Lent. */
MESH_API mesh_bytes mesh_reply_usage(const mesh_reply *reply);

/** Returns NULL; NULL is fine. */
MESH_API mesh_reply *mesh_reply_free(mesh_reply *reply);

/*
 * Called once with what became of a call. It may block, and call and send in turn; not stop or close its client. Those
 * of different calls may run at the same time. [worker of the client; in a program that dispatches by itself, there]
 *
 * status  MESH_OK, or as mesh_call() fails
 * reply   lent; NULL on failure
 * err     lent; filled on failure
 */
typedef void (*mesh_call_done)(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err);

/**
 * Call an agent and go on at once: many calls in flight from one thread (protocol 5.4). [any-thread; does not block]
 *
 * agent, input, options  lent; as for mesh_call()
 * done                   called exactly once if this returns MESH_OK, and never if it does not. Stopping the client ends
 *                        the call with MESH_E_STOPPED and waits until done has returned
 * MESH_E_INVOCATION_MISMATCH  it streams, publishes, or cannot be called; nothing was sent
 * MESH_E_STOPPED              the client, or the request on whose behalf, was stopped
 * MESH_E_TOO_LARGE            larger than what the server takes in one message
 * MESH_E_CONNECTION_FAILED    not connected
 */
MESH_API mesh_status mesh_call_start(mesh_client *client, const char *agent, mesh_bytes input,
                                     const mesh_call_options *options, mesh_call_done done, void *data,
                                     mesh_error *err);

typedef struct mesh_send_options {
    size_t size;          /* set by MESH_SEND_OPTIONS_INIT */
    const char *reply_to; /* a subject of one's own where the agent's answer goes; NULL: none */

    /* Managed, if on_done is set (then without reply_to): the library waits for answers. Both are called as
     * mesh_call_done is, never at the same time. on_reply, which may be NULL, is called for each message that comes.
     * on_done is called exactly once, after them: MESH_OK when the answer is complete, else why not. */
    void (*on_reply)(void *data, const mesh_reply *reply);
    void (*on_done)(void *data, mesh_status status, const mesh_error *err);
    void *data;
    mesh_request *request; /* as in mesh_call_options */
    uint32_t timeout_ms;   /* managed: without a message; 0: 60 000 */
    uint32_t reserved;     /* 0 */
} mesh_send_options;

#define MESH_SEND_OPTIONS_INIT { sizeof(mesh_send_options), NULL, NULL, NULL, NULL, NULL, 0, 0 }

/**
 * Send a request without waiting (protocol 5.6). With no options, or neither reply_to nor on_done: fire and forget;
 * what goes wrong at the agent is seen only by those who watch. [any-thread; does not block]
 *
 * A managed send is over with the first message that has no X-Mesh-Stream-Seq, with an error, with an end of the
 * agent's, or as a call ends that was started: nobody serves it, it died, the server refuses, no message came in time,
 * a stop. Where on_done was given, it is called if this returns MESH_OK, and never if it does not.
 *
 * agent, input, options       lent
 * MESH_E_INVALID_ARGUMENT     reply_to together with on_done or on_reply, on_reply without on_done, reply_to is no
 *                             subject; nothing was sent
 * MESH_E_INVOCATION_MISMATCH  the agent publishes, or streams, or cannot be called; nothing was sent
 * MESH_E_STOPPED              the client was stopped
 * MESH_E_TOO_LARGE            larger than what the server takes in one message
 * MESH_E_CONNECTION_FAILED    not connected
 */
MESH_API mesh_status mesh_send(mesh_client *client, const char *agent, mesh_bytes input,
                               const mesh_send_options *options, mesh_error *err);

#define MESH_CONTENT_JSON "application/json"
#define MESH_CONTENT_TEXT "text/plain"
#define MESH_CONTENT_BYTES "application/octet-stream"

typedef struct mesh_publish_options {
    size_t size;                /* set by MESH_PUBLISH_OPTIONS_INIT */
    const char *content_type;   /* NULL: MESH_CONTENT_BYTES */
    const char *const *headers; /* name, value, ..., NULL; they win over the library's own of the same
                                   name, whatever its case; NULL: none */
} mesh_publish_options;

#define MESH_PUBLISH_OPTIONS_INIT { sizeof(mesh_publish_options), NULL, NULL }

/**
 * Publish to a subject (protocol 5.7). Who listens is not known, nor whether anybody does. [any-thread; does not block]
 *
 * subject  parts of letters, digits, _ and -, joined by dots
 * MESH_E_INVALID_ARGUMENT   subject or a header is none: names are as in HTTP, values one line of ASCII, not empty; with
 *                           MESH_CONTENT_JSON, body is not JSON. Nothing was sent
 * MESH_E_STOPPED            the client was stopped
 * MESH_E_CONNECTION_FAILED  not connected
 * MESH_E_TOO_LARGE          larger than what the server takes in one message
 */
MESH_API mesh_status mesh_publish(mesh_client *client, const char *subject, mesh_bytes body,
                                  const mesh_publish_options *options, mesh_error *err);

MESH_END_DECLS

#endif
