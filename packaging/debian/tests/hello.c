/* A plugin as its author would write it. */
#include <agentmesh/agentmesh.h>

static mesh_status hello_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    const char *name = mesh_request_string(request, "name", "you");
    return mesh_request_answerf(request, err, MESH_JSON({"greeting": %s}), mesh_quotef(request, "Hello, %s!", name));
}

static const mesh_agent hello = MESH_RESPONDER("my.hello", "Greets somebody by name.", hello_call, "{}", "{}");

MESH_PLUGIN("1.0.0", &hello);
