/* SPDX-License-Identifier: Apache-2.0 */
/* A call of whose answer a callback is told: many in flight from one thread. */
#include <agentmesh/call.h>

#include <stdlib.h>

#include "base/cleanup.h"
#include "client/cache.h"
#include "client/errand.h"

struct started {
    struct errand errand;
    mesh_call_done done;
    void *data;

    /* Guarded by the inbox's lock; the job's once settled. */
    enum wait_outcome outcome;
    struct link_message message;
};

static void free_started(struct started *started)
{
    if (started) {
        link_message_clear(&started->message);
        errand_clear(&started->errand);
        free(started);
    }
}

/* [link, or whoever settles; under the inbox's lock] */
static void settle_started(struct wait *wait, enum wait_outcome outcome, struct link_message *message)
{
    struct started *started = container_of(wait, struct started, errand.wait);
    started->outcome = outcome;
    started->message = *message;
    message->handle = NULL;
    errand_wake_locked(&started->errand);
}

static mesh_status conclude(struct started *started, mesh_reply **ret_reply, mesh_error *err)
{
    const struct errand *errand = &started->errand;
    mesh_status status = started->outcome == WAIT_MESSAGE
                             ? call_read_reply(&started->message, errand->agent, errand->plan.id, ret_reply, err)
                             : call_error_outcome(errand->client, errand->agent, &errand->plan, started->outcome,
                                                  &started->message, NULL, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "call '%s'", errand->agent);
}

/* [worker] */
static void tell_done(struct job *job)
{
    struct started *started = container_of(job, struct started, errand.job);
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    mesh_status status = conclude(started, &reply, &err);
    started->done(started->data, status, reply, &err);
    mesh_reply_free(reply);
    mesh_error_clear(&err);
    free_started(started);
}

static mesh_status start(mesh_client *client, const char *agent, mesh_bytes input, const struct call_plan *plan,
                         mesh_call_done done, void *data, mesh_error *err)
{
    char reply[INBOX_SUBJECT_SIZE];
    struct started *started = calloc(1, sizeof(*started));
    if (!started)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    started->done = done;
    started->data = data;
    mesh_status status = errand_init(&started->errand, client, agent, plan, settle_started, tell_done, err);
    if (status == MESH_OK)
        status = inbox_enter(client->core->inbox, &started->errand.wait, plan->request, reply, err);
    if (status == MESH_OK) {
        status = call_publish(client, agent, input, plan, reply, NULL, err);
        if (status == MESH_OK) {
            errand_asked(&started->errand);
            return MESH_OK;
        }
        errand_give_up(&started->errand);
    }
    free_started(started);
    return status;
}

mesh_status mesh_call_start(mesh_client *client, const char *agent, mesh_bytes input, const mesh_call_options *options,
                            mesh_call_done done, void *data, mesh_error *err)
{
    struct call_plan plan;
    mesh_status status =
        call_plan_make(client, agent, options, client ? client->core->options.call_timeout_ms : 0, &plan, err);
    if (status == MESH_OK && !done)
        status = mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "done is NULL");
    if (status == MESH_OK)
        status = cache_preflight(client->core->cache, agent, VERB_CALL, err);
    if (status == MESH_OK)
        status = start(client, agent, input, &plan, done, data, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "call '%s'", agent ? agent : "");
}
