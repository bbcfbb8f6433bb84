/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that tests serve, callers that wait on threads of their own, and what is stored of agents on the server. */
#ifndef SUPPORT_AGENTS_H
#define SUPPORT_AGENTS_H

#include <pthread.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "peer.h"
#include "suite.h"

/* ---- agents ---- */

/* Handlers. state: a JSON text to answer with; a gate to wait at, then answer "passed". */
mesh_status answer_text(mesh_request *request, void *state, mesh_error *err);
mesh_status wait_at_gate(mesh_request *request, void *state, mesh_error *err);

/* Where handlers wait until the test lets them go on. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int waiting;
    bool open;
};

void gate_init(struct gate *gate);
bool gate_has(struct gate *gate, int count); /* waits until so many handlers wait at it */
void gate_open(struct gate *gate);

/* Register a responder that takes any JSON; returns the status, and prints the error of a failure. serve_text() is for
 * answer_text(). */
mesh_status serve(mesh_client *client, const char *name, mesh_handler call, void *state);
mesh_status serve_text(mesh_client *client, const char *name, const char *text);

/* ---- callers ---- */

/* The answer to one call, or "code: message" of its error; to free(). */
char *call(mesh_client *client, const char *agent);

#define expect_call(client, agent, expected)                                                                           \
    do {                                                                                                               \
        auto_free char *answer_ = call((client), (agent));                                                             \
        expect_str(answer_, (expected));                                                                               \
    } while (0)

/* Calls until the answer is this one; false if it never is. */
bool becomes_callable(mesh_client *client, const char *agent, const char *expected);

/* A call on a thread of its own. */
struct caller {
    mesh_client *client;
    const char *agent;
    pthread_t thread;
    char *said;         /* as call() tells it */
    mesh_error failure; /* MESH_OK if it was answered */
};

void caller_start(struct caller *caller, mesh_client *client, const char *agent);
void caller_join(struct caller *caller);
void caller_clear(struct caller *caller);

#define expect_said(caller, expected)                                                                                  \
    do {                                                                                                               \
        caller_join(caller);                                                                                           \
        expect_str((caller)->said, (expected));                                                                        \
        caller_clear(caller);                                                                                          \
    } while (0)

/* ---- what is stored ---- */

/* The entry of an agent in the catalog as text, to free(); NULL: none. */
char *stored_entry(struct peer *peer, const char *agent);
char *stored_contract(struct peer *peer, const char *agent);
char *stored_record(struct peer *peer, const mesh_client *client);

/* All three are there, or come to be there, in time; the record names the agent. */
bool is_announced(struct peer *peer, const mesh_client *client, const char *agent);
bool becomes_announced(struct peer *peer, const mesh_client *client, const char *agent);
bool becomes_forgotten(struct peer *peer, const char *agent); /* neither entry nor contract */

/* A member of a JSON text made another string, "x-agentmesh.registered_at"; returns the text anew, to free(). */
char *with_string(const char *text, const char *path, const char *value);

/* The string member itself, to free(); "(none)" if there is none. */
char *string_at(const char *text, const char *path);

/* Whether it is a time of the protocol: 2026-11-22T10:57:06.078226+00:00, the fraction absent when zero. */
bool is_stamp(const char *text);

#endif
