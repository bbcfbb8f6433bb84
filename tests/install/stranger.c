/* A plugin by somebody who has the installed package and nothing else: adds two numbers, in C. */
#include <agentmesh/agentmesh.h>

static mesh_status add(mesh_request *request, void *state, mesh_error *err)
{
    const long *offset = state;
    double a = mesh_request_number(request, "a", 0), b = mesh_request_number(request, "b", 0);
    return mesh_request_answerf(request, err, MESH_JSON({"sum": %g}), a + b + (double)*offset);
}

static mesh_status start(mesh_client *mesh, void **ret_state, mesh_error *err)
{
    static long offset;
    (void)err;
    offset = mesh_setting(mesh, "offset", NULL) ? 100 : 0;
    mesh_log(mesh, MESH_LOG_INFO, "adding with the library %s", mesh_version());
    *ret_state = &offset;
    return MESH_OK;
}

static const mesh_agent adder = {
    .size = sizeof(mesh_agent),
    .name = "stranger.add",
    .description = "Adds two numbers.",
    .version = "2.1.0",
    .input_schema = MESH_JSON({"type": "object"}),
    .tags = (const char *const[]){ "numbers", "test", NULL },
    .call = add,
};

MESH_PLUGIN_WITH("2.1.0", start, NULL, &adder);
