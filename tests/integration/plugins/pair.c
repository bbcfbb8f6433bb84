/* SPDX-License-Identifier: Apache-2.0 */
/* Two agents in one plugin: one that sleeps, one that answers at once. */
#include <time.h>

#include <agentmesh/plugin.h>

static mesh_status sleeper_call(mesh_request *request, void *state, mesh_error *err)
{
    const struct timespec pause = { 10, 0 };
    (void)state;
    nanosleep(&pause, NULL);
    return mesh_request_answerf(request, err, "{}");
}

static mesh_status quick_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answerf(request, err, "{}");
}

static const mesh_agent sleeper = MESH_RESPONDER("sleeper", "Sleeps for ten seconds.", sleeper_call, "{}", "{}");
static const mesh_agent quick = MESH_RESPONDER("quick", "Answers at once.", quick_call, "{}", "{}");

MESH_PLUGIN("1.0.0", &sleeper, &quick);
