/* SPDX-License-Identifier: Apache-2.0 */
/* A responder AGENT that answers VERSION, after "sleep_ms" if its input says so. Where it says "now": true, it does what DEED
 * says first. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <agentmesh/plugin.h>

#ifndef AGENT
#define AGENT "answer"
#endif

static mesh_status answer_call(mesh_request *request, void *state, mesh_error *err)
{
    int64_t ms = mesh_request_int(request, "sleep_ms", 0);
    const struct timespec pause = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
    (void)state;
    (void)err;
#ifdef DEED
    if (mesh_request_bool(request, "now", 0))
        DEED;
#endif
    if (ms > 0) {
        mesh_log(mesh_request_client(request), MESH_LOG_INFO, "going to sleep");
        nanosleep(&pause, NULL);
    }
    return mesh_request_answerf(request, err, "{\"version\": %s}", mesh_quote(request, VERSION));
}

static const mesh_agent answer = MESH_RESPONDER(AGENT, "Answers its version.", answer_call, "{}", "{}");

MESH_PLUGIN(VERSION, &answer);
