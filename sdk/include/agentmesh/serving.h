/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host needs beyond what a program does: agents that are prepared in a child client without being served, and
 * moved onto the mesh, or from one child to another, in one step. Exported under a version node of its own
 * (AGENTMESH_HOST_0.1); plugins and programs do without it.
 */
#ifndef AGENTMESH_SERVING_H
#define AGENTMESH_SERVING_H

#include <agentmesh/agent.h>

MESH_BEGIN_DECLS

/* What an operator says of one agent; 0 leaves what the agent's author said. */
typedef struct mesh_agent_limits {
    size_t size;          /* sizeof(mesh_agent_limits) */
    const char *name;     /* the agent */
    uint32_t concurrency; /* lower than the author's, or up to his concurrency_limit; else refused at registration */
    uint32_t queue;       /* requests that may wait */
    uint32_t timeout_ms;  /* a handler's time */
    uint32_t check_output; /* MESH_YES, MESH_NO: what it answers against its output_schema; 0: as the client says */
    const char *gate_key;     /* a shared key whose text opens and closes the agent's gate, or */
    const char *gate_subject; /* a subject whose messages do, in the place of what its author says; NULL: neither */
} mesh_agent_limits;

typedef struct mesh_child_options {
    size_t size;                             /* set by MESH_CHILD_OPTIONS_INIT */
    const char *name;                        /* for threads and events, at most 64 bytes */
    const char *const *settings;             /* key, value, ..., NULL; copied; NULL: none */
    const mesh_agent_limits *const *limits;  /* ends with NULL; copied; NULL: none */
    void (*on_thread)(void);                 /* first on each thread that will run handlers of it; NULL: nothing */
    uint32_t workers;                        /* threads; 0: the client's */
    uint32_t reserved;                       /* 0 */
} mesh_child_options;

#define MESH_CHILD_OPTIONS_INIT { sizeof(mesh_child_options), NULL, NULL, NULL, NULL, 0, 0 }

/**
 * mesh_client_child() with more to say, whose agents are prepared but not served: mesh_register() on it checks and keeps them
 * until mesh_child_swap(). [any-thread]
 */
MESH_API mesh_status mesh_child_open(mesh_client *parent, const mesh_child_options *options, mesh_client **ret_child,
                                     mesh_error *err);

/**
 * Move service from one child to another in one step. Names that both have go on under the standing subscription, so no
 * request finds a gap; names only the old one had leave the mesh; names only the new one has join it. Only changed
 * contracts are published. The old child takes no new requests afterwards; drain it with mesh_client_stop(), or swap it in
 * again. What waits for a held child goes to next; the child stays held.
 * [any-thread; blocks until announced]
 *
 * old   NULL to begin to serve next
 * next  NULL to take old off the mesh
 * MESH_E_EXISTS  another child serves one of the names; nothing was moved. details: {"agent": name, "owner": child name}
 * MESH_E_STOPPED, MESH_E_NO_MEMORY  next has been stopped; there is no memory; nothing was moved
 * MESH_E_DATA and other failures of announcing: the move is done, the announcement is tried again; text says what
 */
MESH_API mesh_status mesh_child_swap(mesh_client *old, mesh_client *next, mesh_error *err);

/**
 * Hold a child: new requests, messages and signals of gates wait in their queues, its publishers and tasks are stopped, and
 * what runs or is kept has timeout_ms to end. While it is held nothing of it runs, callbacks neither. mesh_child_swap()
 * takes what waits to the next child. mesh_client_stop() ends the hold: what waits is not begun but answered, and callbacks
 * are told their end. [any-thread; blocks]
 *
 * MESH_E_TIMEOUT  something still runs; the text says what. The child goes on as before
 * MESH_E_STOPPED  the child has been stopped
 */
MESH_API mesh_status mesh_child_hold(mesh_client *child, uint32_t timeout_ms, mesh_error *err);

/**
 * End what a held child has under way itself: its calls, streams, subscriptions and watches end with MESH_E_STOPPED, new
 * ones are refused, and callbacks that were still to come are told. What waits for its agents goes on waiting. For a plugin
 * that is stopped before the next one starts: afterwards nothing is called in it any more. [any-thread; blocks]
 *
 * MESH_E_TIMEOUT  a callback has not returned within timeout_ms
 */
MESH_API mesh_status mesh_child_end_calls(mesh_client *child, uint32_t timeout_ms, mesh_error *err);

/**
 * Let a held child go on. What came for it after a swap goes to who serves the name now. Fine for one that is not held, and
 * for one that serves no more. [any-thread]
 */
MESH_API void mesh_child_release(mesh_client *child);

/* How one agent of a child does. Lent for the call. Look at size before reading a field that came after the first release. */
typedef struct mesh_agent_stats {
    size_t size;
    const char *name;
    uint64_t requests; /* that have ended */
    uint64_t errors;   /* of these, answered with an error of any kind */
    uint64_t p50_us;   /* half of them took no longer than this, 99 of 100 than that: from the arrival to the end, in */
    uint64_t p99_us;   /* microseconds, to within a quarter; 0: none has ended */
    uint32_t running;  /* handlers now */
    uint32_t queued;   /* requests that wait now */
    uint32_t active;   /* 1: its gate is open, or it has none */
    uint32_t reserved; /* 0 */
} mesh_agent_stats;

/** Called for each agent; return 0 to go on. */
typedef int (*mesh_agent_visitor)(void *data, const mesh_agent_stats *stats);

/** Walk the agents of one child in order of registration. [any-thread] */
MESH_API void mesh_child_agents(mesh_client *child, mesh_agent_visitor visit, void *data);

/* What a child has done since it was opened. */
typedef struct mesh_counters {
    size_t size;
    uint64_t requests;   /* taken in */
    uint64_t errors;     /* answered with an error of any kind */
    uint64_t faults;     /* of the errors: handlers that failed by themselves (handler_error) */
    uint64_t timeouts;   /* answered by the library because the handler's time was over */
    uint64_t overloaded; /* refused because the queue was full */
    uint64_t late;       /* answers that came after the end and were discarded */
    uint32_t running;    /* handlers now */
    uint32_t queued;     /* requests waiting now */
    uint32_t held;       /* requests kept by reference beyond their handler */
    uint32_t workers;    /* threads now */
    uint32_t stuck;      /* handlers now that have been at it for twice as long as they may */
    uint32_t reserved;   /* 0 */
} mesh_counters;

/** Fill counters, whose size the caller has set. [any-thread] */
MESH_API void mesh_child_counters(mesh_client *child, mesh_counters *counters);

/** Read the members of an agent that are within its own size over zeroes; refuse what this library does not know. */
MESH_API mesh_status mesh_agent_read(const mesh_agent *agent, mesh_agent *ret_agent, mesh_error *err);

/* What a plugin's save fills. */
typedef struct mesh_saved mesh_saved;

/** Empty; given, NULL: no memory. What was put in so far, lent until it changes. Freeing returns NULL; NULL is fine. */
MESH_API mesh_saved *mesh_saved_new(void);
MESH_API mesh_bytes mesh_saved_bytes(const mesh_saved *saved);
MESH_API mesh_saved *mesh_saved_free(mesh_saved *saved);

/** The agent whose handler runs on this thread; NULL: none's. Lent. May be called from a signal handler. [any-thread] */
MESH_API const char *mesh_running_agent(void);

/** Whether a client is connected now: 1 or 0. [any-thread] */
MESH_API int mesh_client_is_connected(const mesh_client *client);

MESH_END_DECLS

#endif
