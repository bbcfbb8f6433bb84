/* SPDX-License-Identifier: Apache-2.0 */
/* Calling an agent by name: one request, one reply (protocol 5.4). */
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
 * A handler that returns the error of a call hands its own caller what another agent said: not_found then looks as if the
 * handler's agent were missing. Say it in words of your own with mesh_error_set(), or pass it on on purpose.
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

MESH_END_DECLS

#endif
