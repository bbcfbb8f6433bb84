/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/intake.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "serve/reply.h"
#include "wire/subject.h"

struct intake {
    /* Set while opening; read-only after. */
    struct core *core;
    char *name;
    struct link_subscription *requests;

    /* Guarded by lock. Taken before the lock of a service: a message is queued before the target can change. */
    pthread_mutex_t lock;
    struct agent *target;
};

/* [link] */
static void on_request(void *closure, struct link_message *message)
{
    struct intake *intake = closure;
    mesh_error err = MESH_ERROR_INIT;
    pthread_mutex_lock(&intake->lock);
    mesh_status status = service_submit(intake->target, message, &err);
    pthread_mutex_unlock(&intake->lock);
    if (status != MESH_OK)
        reply_refuse(intake->core, intake->name, message, &err);
    mesh_error_clear(&err);
}

static struct intake *free_intake(struct intake *intake)
{
    pthread_mutex_destroy(&intake->lock);
    free(intake->name);
    free(intake);
    return NULL;
}

mesh_status intake_open(struct core *core, struct agent *agent, struct intake **ret_intake, mesh_error *err)
{
    auto_free char *subject = subject_for_agent(agent->contract->name);
    auto_free char *group = subject_for_queue_group(agent->contract->name);
    struct intake *intake = calloc(1, sizeof(*intake));
    if (intake)
        intake->name = strdup(agent->contract->name);
    if (!intake || !intake->name || !subject || !group) {
        free(intake ? intake->name : NULL);
        free(intake);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a intake");
    }
    intake->core = core;
    intake->target = agent;
    pthread_mutex_init(&intake->lock, NULL);
    mesh_status status = link_subscribe(core->link, subject, group, on_request, intake, &intake->requests, err);
    if (status != MESH_OK) {
        free_intake(intake);
        return status;
    }
    *ret_intake = intake;
    return MESH_OK;
}

void intake_retarget(struct intake *intake, struct agent *agent)
{
    pthread_mutex_lock(&intake->lock);
    intake->target = agent;
    pthread_mutex_unlock(&intake->lock);
}

/* No callback runs any more. */
static void on_gone(void *closure)
{
    struct intake *intake = closure;
    struct service *service = intake->target->service;
    free_intake(intake);
    service_left(service);
}

void intake_close(struct intake *intake)
{
    if (!intake)
        return;
    service_leaving(intake->target->service);
    link_drain(intake->requests, on_gone);
}
