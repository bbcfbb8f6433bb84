/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service: the agents of one client, what they have in hand, and the workers that do it. The requests of each agent
 * are a lane; so are the messages of each source, what each gate hears, and the callbacks of the client.
 */
#ifndef SERVE_SERVICE_H
#define SERVE_SERVICE_H

#include <pthread.h>
#include <stdbool.h>

#include <agentmesh/agent.h>
#include <agentmesh/serving.h>

#include "client/client.h"
#include "serve/lane.h"
#include "serve/pace.h"
#include "serve/schemas.h"
#include "serve/worker.h"
#include "wire/contract.h"

struct gate;
struct source;

/* One agent as this client serves it. */
struct agent {
    /* Read-only after it was added. */
    struct service *service;
    struct contract *contract;
    mesh_handler handler; /* NULL: it takes no requests */
    mesh_task publish, run;
    mesh_message_handler on_message;
    void *state;
    struct source **sources; /* ends with NULL */
    struct gate *gate;       /* NULL: it is always active */
    struct schemas schemas;
    uint32_t timeout_ms, every_ms;

    struct lane requests; /* waiting and running */

    /* Guarded by the move lock of serve.c. */
    bool is_joining; /* its registration is under way: nobody else may free it */
    bool is_leaving; /* somebody takes it off, and will free it */

    /* Guarded by the workers' lock. */
    struct agent *next;
    uint32_t emitting;      /* threads that publish or run for it */
    int32_t stuck;          /* handlers long past their deadline; changed under the move lock too, as is the next */
    bool is_stalled;        /* all of them: stall.h */
    uint64_t ended, failed; /* requests */
    struct pace pace;
};

/* Under the move lock. Whether its gate is open, or it has none. */
bool agent_is_active(const struct agent *agent);

struct service {
    /* Read-only. */
    mesh_client *client;

    struct workers workers;
    struct lane callbacks; /* what the client's user is called back with: any order, any number at a time */

    /* Guarded by the move lock of serve.c. */
    bool is_staged; /* agents are prepared, not served */
    bool is_held;   /* nothing is begun: hold.c */
    bool has_left;  /* and never will be again */

    /* Guarded by the workers' lock. */
    struct agent *agents, **last_agent; /* changed under serve.c's move lock too: either allows to walk */
    uint32_t leaving;                   /* subscriptions that still may deliver */
    mesh_request *live;                 /* requests taken in and not finished */
    uint32_t live_count;
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

/* Wait until nothing of an agent, or of all (NULL), is queued, runs, or is held, and no subscription that is leaving
 * can deliver more. False: the deadline came first. */
bool service_drain(struct service *service, const struct agent *agent, uint64_t deadline);

/* The same for the requests of an agent alone; for everything but its gate. */
bool service_drain_requests(struct service *service, const struct agent *agent, uint64_t deadline);
bool service_drain_activity(struct service *service, const struct agent *agent, uint64_t deadline);

/* A subscription that delivers here, or something else that needs an agent of it, is about to be gone; is gone. */
void service_leaving(struct service *service);
void service_left(struct service *service);

/* What it has done, what it does. */
void service_counters(struct service *service, mesh_counters *ret_counters);

/* Answer all requests in hand of an agent, or of all (NULL), in place of the handlers, and tell these to stop, for the
 * reason (MESH_STOP_). Messages that wait are dropped. The latter half does so with what waits alone. */
void service_give_up(struct service *service, const struct agent *agent, int32_t why);
void service_give_up_waiting(struct service *service, const struct agent *agent, int32_t why);

/* Answer the requests that wait for an agent that is stalled. */
void service_give_up_stalled(struct agent *agent);

/* Whether nothing is in hand, though subscriptions that are leaving may still bring some. */
bool service_is_idle(struct service *service);

/* What is still in hand, for people: "agent 'x': 1 running". False: nothing. */
bool service_describe(struct service *service, struct buf *out);

/* Take no more requests, end the workers. False: some did not come back by the deadline. They are left to themselves,
 * and so the service and its client must stay where they are. */
bool service_close(struct service *service, uint64_t deadline);

/* A request is finished: see request.c. */
void service_finished(struct service *service, mesh_request *request);

/* The request that has waited longest for an agent, as if it had never come; NULL: none waits. Given; end it with
 * request_dissolve(). */
mesh_request *service_take_out(struct agent *agent);

/* For request.c: count one. */
enum service_count { COUNT_ERROR, COUNT_FAULT, COUNT_TIMEOUT, COUNT_LATE };
void service_count(struct service *service, enum service_count what);

#endif
