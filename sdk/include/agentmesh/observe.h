/* SPDX-License-Identifier: Apache-2.0 */
/* Log events of the mesh, their levels, and what requests have used (protocol 12). */
#ifndef AGENTMESH_OBSERVE_H
#define AGENTMESH_OBSERVE_H

#include <agentmesh/agent.h>

MESH_BEGIN_DECLS

/* ---- levels (protocol 12.3) ---- */

/* Where a level comes from. */
enum { MESH_LEVEL_DEFAULT = 1, MESH_LEVEL_GLOBAL = 2, MESH_LEVEL_AGENT = 3 };

/**
 * The level from which an agent's events are published. [any-thread; blocks for a round trip]
 *
 * agent       NULL: the level of the whole mesh
 * ret_level   MESH_LOG_
 * ret_origin  MESH_LEVEL_; may be NULL
 */
MESH_API mesh_status mesh_level_get(mesh_client *client, const char *agent, int32_t *ret_level, int32_t *ret_origin,
                                    mesh_error *err);

/**
 * Set it for all instances of an agent, or for all agents that have none of their own (NULL). It takes effect within
 * moments wherever they are served. [any-thread; blocks for a round trip]
 *
 * MESH_E_INVALID_ARGUMENT   no such level; agent is no name of one, or "global", which stands for all on the wire
 * MESH_E_CONNECTION_DENIED  the server does not let this client
 */
MESH_API mesh_status mesh_level_set(mesh_client *client, const char *agent, int32_t level, mesh_error *err);

/** Forget what was set; nothing set is fine. As mesh_level_set(). */
MESH_API mesh_status mesh_level_unset(mesh_client *client, const char *agent, mesh_error *err);

/** "debug", "info", "warn", "error", "off" to MESH_LOG_, and back; -1 and NULL for others. [any-thread] */
MESH_API int32_t mesh_level_of(const char *name);
MESH_API const char *mesh_level_name(int32_t level);

/* ---- log events (protocol 12.1) ---- */

/* One event of an agent. Lent until the next one is asked for. Look at size before reading a field that came after the
 * first release. */
typedef struct mesh_log_event {
    size_t size;
    const char *timestamp;  /* ISO 8601, UTC */
    const char *agent;
    const char *event;      /* "request_failed" */
    const char *request_id; /* "" if it is about none */
    const char *message;    /* "" if there is none */
    const char *data;       /* a JSON object */
    int32_t level;          /* MESH_LOG_ */
    uint32_t reserved;
} mesh_log_event;

/* Events as they come. One thread at a time. */
typedef struct mesh_tail mesh_tail;

/**
 * Follow the log events of an agent, or of all (NULL), from a level up. Nothing that was before is told: nothing stores
 * them. What publishes them may be set to more or less: mesh_level_set(). [any-thread; blocks for a round trip]
 *
 * agent     NULL: all
 * level     MESH_LOG_DEBUG to MESH_LOG_ERROR
 * ret_tail  given; end it with mesh_tail_close()
 * MESH_E_INVALID_ARGUMENT   agent is no name of one; no event has that level
 * MESH_E_CONNECTION_DENIED  the server does not let this client listen to them
 */
MESH_API mesh_status mesh_tail_open(mesh_client *client, const char *agent, int32_t level, mesh_tail **ret_tail,
                                    mesh_error *err);

/**
 * Wait for the next event. What cannot be understood is left out. [blocks]
 *
 * timeout_ms  at most so long; 0: do not wait; UINT32_MAX: for ever
 * ret_event   lent until the next call
 * MESH_E_TIMEOUT            nothing came in that time; go on as you like
 * MESH_E_STOPPED            the client was stopped
 * MESH_E_TOO_LARGE          events came faster than they were read, and 64 MiB of them waited: the tail is over
 * MESH_E_NO_MEMORY          there was none for an event: close the tail, for events are missing
 * MESH_E_CONNECTION_DENIED  the server does not let this client listen to them any more
 */
MESH_API mesh_status mesh_tail_next(mesh_tail *tail, uint32_t timeout_ms, const mesh_log_event **ret_event,
                                    mesh_error *err);

/** A descriptor that is readable while an event, or the end, waits, for programs with a loop of their own. Lent until
 * closed; -1: none to be had. */
MESH_API int mesh_tail_fd(mesh_tail *tail);

/** Stop following, at any time, and free. Returns NULL; NULL is fine. */
MESH_API mesh_tail *mesh_tail_close(mesh_tail *tail);

/* ---- usage (protocol 12.5) ---- */

/* For mesh_usage.given. */
enum {
    MESH_USAGE_INPUT_TOKENS = 1,
    MESH_USAGE_OUTPUT_TOKENS = 2,
    MESH_USAGE_TOTAL_TOKENS = 4,
    MESH_USAGE_COST = 8
};

/* What a request has used, or one step of it. Nothing given is fine: then it is reported that nothing is known. */
typedef struct mesh_usage {
    size_t size;               /* set by MESH_USAGE_INIT */
    int64_t input_tokens, output_tokens, total_tokens;
    double estimated_cost_usd;
    const char *model;         /* NULL: not said */
    uint32_t given;            /* which of the four numbers are said: MESH_USAGE_ */
    uint32_t reserved;         /* 0 */
} mesh_usage;

#define MESH_USAGE_INIT { sizeof(mesh_usage), 0, 0, 0, 0, NULL, 0, 0 }

/**
 * Report what a request has used; any number of times: numbers are summed (sums stay within their range), the last model
 * stays. It travels with the successful answer or the end of the stream. [any-thread, with a reference]
 *
 * usage  lent
 * MESH_E_ANSWERED          too late
 * MESH_E_INVALID_ARGUMENT  a cost that is no number, a model of more than 1 024 bytes, an unknown bit in given; nothing
 *                          of it counts
 */
MESH_API mesh_status mesh_request_report(mesh_request *request, const mesh_usage *usage, mesh_error *err);

/**
 * Read what mesh_reply_usage() or mesh_stream_usage() gave. [any-thread]
 *
 * ret_usage  its size set by the caller
 * model      copied to here, cut if it is longer; size 0: not wanted. ret_usage->model points to it
 * MESH_E_NOT_FOUND  nothing was reported
 * MESH_E_DATA       it cannot be read
 */
MESH_API mesh_status mesh_usage_read(mesh_bytes json, mesh_usage *ret_usage, char *model, size_t model_size,
                                     mesh_error *err);

MESH_END_DECLS

#endif
