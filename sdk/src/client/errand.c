/* SPDX-License-Identifier: Apache-2.0 */
#include "client/errand.h"

#include <stdlib.h>
#include <string.h>

#include "serve/service.h"

/* Nothing is dropped unheard: who waits for a callback has it, if on another thread than promised. */
static void run_anyway(struct job *job, mesh_status why)
{
    (void)why;
    job->run(job);
}

mesh_status errand_init(struct errand *errand, mesh_client *client, const char *agent, const struct call_plan *plan,
                        wait_settle settle, void (*run)(struct job *job), mesh_error *err)
{
    errand->client = client;
    errand->plan = *plan;
    errand->agent = strdup(agent);
    errand->job = (struct job){ .run = run, .drop = run_anyway };
    errand->wait = (struct wait){ .settle = settle, .client = client, .agent = errand->agent, .due = plan->deadline };
    errand->is_asking = true;
    return errand->agent ? MESH_OK : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
}

void errand_clear(struct errand *errand)
{
    free(errand->agent);
}

/* The lane takes whatever comes until the workers end, and a stop has settled and told every errand before that. */
static void queue_job(struct errand *errand)
{
    if (errand->is_asking || errand->is_queued || !errand->is_woken)
        return;
    errand->is_queued = true;
    lane_push(&errand->client->service->callbacks, &errand->job);
}

void errand_wake_locked(struct errand *errand)
{
    errand->is_woken = true;
    queue_job(errand);
}

void errand_asked(struct errand *errand)
{
    pthread_mutex_t *lock = inbox_lock(errand->client->core->inbox);
    pthread_mutex_lock(lock);
    errand->is_asking = false;
    queue_job(errand);
    pthread_mutex_unlock(lock);
}

void errand_give_up(struct errand *errand)
{
    inbox_leave(errand->client->core->inbox, &errand->wait);
}

void errand_rest_locked(struct errand *errand)
{
    errand->is_woken = false;
    errand->is_queued = false;
}
