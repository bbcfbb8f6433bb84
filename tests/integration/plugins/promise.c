/* SPDX-License-Identifier: Apache-2.0 */
/* Promises by its schemas what the test says, and answers with what it was asked. */
#include <agentmesh/plugin.h>

#ifndef INPUT
#define INPUT "{}"
#endif

static mesh_status promise_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_request_input(request), err);
}

static const mesh_agent promise =
    MESH_RESPONDER("promise", "Answers what it was asked.", promise_call, INPUT, "{\"type\": \"integer\"}");

MESH_PLUGIN("1.0.0", &promise);
