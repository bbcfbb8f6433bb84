/* SPDX-License-Identifier: Apache-2.0 */
/* echo: answers with what it was told. The smallest whole plugin: copy it to begin your own. */
#include <agentmesh/agentmesh.h>

static mesh_status echo_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state; /* what start returned; this plugin has none */

    /* It is there, and a string: input_schema says so, and the library has checked it. */
    const char *message = mesh_request_string(request, "message", "");
    return mesh_request_answerf(request, err, MESH_JSON({"reply": %s}), mesh_quotef(request, "Echo: %s", message));
}

static const char input_schema[] =
    MESH_JSON({"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]});
static const char output_schema[] =
    MESH_JSON({"type": "object", "properties": {"reply": {"type": "string"}}, "required": ["reply"]});

static const mesh_agent echo = MESH_RESPONDER("echo", "Echoes a message back.", echo_call, input_schema, output_schema);

MESH_PLUGIN("1.0.0", &echo);
