/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An errand: something asked of an agent, of which a callback is told later, on a worker of the client. Begun in the
 * thread that asks, settled by the inbox, told by one job at a time, and freed by the job that tells its end.
 */
#ifndef CLIENT_ERRAND_H
#define CLIENT_ERRAND_H

#include "client/call.h"
#include "client/inbox.h"
#include "serve/lane.h"

/* In a struct of the user's. */
struct errand {
    struct wait wait;
    struct job job; /* its run() tells what there is to tell */

    /* Read-only after errand_init(). */
    mesh_client *client;
    struct call_plan plan;
    char *agent;

    /* Guarded by the inbox's lock. */
    bool is_asking; /* the thread that begins it still uses it */
    bool is_woken;  /* there is something to tell */
    bool is_queued; /* the job is in the lane, or runs */
};

/* plan: copied. MESH_E_NO_MEMORY. */
mesh_status errand_init(struct errand *errand, mesh_client *client, const char *agent, const struct call_plan *plan,
                        wait_settle settle, void (*run)(struct job *job), mesh_error *err);
void errand_clear(struct errand *errand);

/* There is something to tell: see that the job runs, once nobody asks any more. Under the inbox's lock. */
void errand_wake_locked(struct errand *errand);

/* The request is on its way; what has come meanwhile may be told. The errand may be gone when this returns. */
void errand_asked(struct errand *errand);

/* It could not be sent: nothing will be told. The user frees it. */
void errand_give_up(struct errand *errand);

/* From its job, under the inbox's lock, when there is nothing more to tell for now. */
void errand_rest_locked(struct errand *errand);

#endif
