/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service: the agents of one client, their queues, and the workers that run their handlers.
 *
 * Every agent has a bounded queue. An agent that has requests waiting and may run one more stands in the list of ready
 * agents; a worker takes the first of them and runs one request. Workers start when an agent is ready and none is idle,
 * and end when idle. A worker that waits inside one of our own functions does not count against the maximum, so that
 * chains of calls deeper than the maximum do not lock each other out.
 */
#ifndef SERVE_SERVICE_H
#define SERVE_SERVICE_H

#include <pthread.h>
#include <stdbool.h>

#include <agentmesh/agent.h>
#include <agentmesh/serving.h>

#include "client/client.h"
#include "wire/contract.h"

/* One agent as this client serves it. */
struct agent {
    /* Read-only after it was added. */
    struct service *service;
    struct contract *contract;
    mesh_handler handler;
    void *state;
    uint32_t concurrency, queue_max, timeout_ms;

    /* Guarded by the move lock of serve.c. */
    bool is_leaving; /* somebody takes it off, and will free it */

    /* Guarded by the service's lock. */
    struct agent *next, *next_ready;
    mesh_request *first, **last; /* waiting */
    uint32_t queued, running;
    bool is_ready;
    uint64_t refused_at_ms; /* when an overload was last told */
    uint32_t refused;       /* and how many since */
};

struct service {
    /* Read-only. */
    mesh_client *client;
    uint32_t max_workers;

    /* Guarded by the move lock of serve.c. */
    bool is_staged; /* agents are prepared, not served */
    bool has_left;  /* and never will be again */

    /* Guarded by lock. */
    pthread_mutex_t lock;
    pthread_cond_t work;  /* for workers: an agent is ready, or it is time to end */
    pthread_cond_t quiet; /* for those who wait until nothing is in hand */
    struct agent *agents, **last_agent; /* changed under serve.c's move lock too: either allows to walk */
    struct agent *first_ready, **last_ready;
    uint32_t ready, threads, idle, blocked;
    uint32_t leaving;           /* subscriptions that still may deliver */
    mesh_request *live;         /* begun and not finished */
    uint32_t live_count, running, queued;
    bool closing, abandoned;
    pthread_t exited; /* the last worker that ended, still to be joined */
    bool has_exited;
    mesh_counters counters; /* the sums only */
};

struct service *service_new(mesh_client *client, uint32_t max_workers, bool is_staged); /* NULL: no memory */
void service_free(struct service *service); /* no worker is left; NULL is fine */

/* Check an agent and add it. The limits of mesh.ini are applied. MESH_E_EXISTS if this service has one of that name. */
mesh_status service_add(struct service *service, const mesh_agent *agent, void *state, struct agent **ret_agent,
                        mesh_error *err);
/* Take an agent out and free it. Nothing of it is queued or runs. */
void service_remove(struct service *service, struct agent *agent);
struct agent *service_find(struct service *service, const char *name);

/* Queue a message for an agent; taken on success. [link] MESH_E_OVERLOADED: its queue is full; MESH_E_NOT_AVAILABLE:
 * the service is closed; MESH_E_NO_MEMORY. */
mesh_status service_submit(struct agent *agent, struct link_message *message, mesh_error *err);

/* Wait until nothing of an agent, or of all (NULL), is queued, runs, or is held, and no subscription that is leaving can
 * deliver more. False: the deadline came first. */
bool service_drain(struct service *service, const struct agent *agent, uint64_t deadline);

/* A subscription that delivers here is being drained; is gone. */
void service_leaving(struct service *service);
void service_left(struct service *service);

/* What it has done, what it does. */
void service_counters(struct service *service, mesh_counters *ret_counters);

/* Answer everything that is in hand of an agent, or of all (NULL), in place of its handlers, and tell these to stop. */
void service_give_up(struct service *service, const struct agent *agent);

/* Whether no request is in hand, though subscriptions that are leaving may still bring some. */
bool service_is_idle(struct service *service);

/* What is still in hand, for people: "agent 'x': 1 running". False: nothing. */
bool service_describe(struct service *service, struct buf *out);

/* Take no more requests, end the workers. False: some did not come back by the deadline. They are left to themselves,
 * and so the service and its client must stay where they are. */
bool service_close(struct service *service, uint64_t deadline);

/* A request has begun / is finished: see request.c. */
void service_finished(struct service *service, mesh_request *request);

/* Whether the calling worker waits in one of our functions. Nothing for other threads. */
void worker_blocks(bool blocks);

/* For request.c: count one. */
enum service_count { COUNT_ERROR, COUNT_TIMEOUT, COUNT_LATE };
void service_count(struct service *service, enum service_count what);

#endif
