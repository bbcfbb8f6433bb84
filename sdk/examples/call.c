/* SPDX-License-Identifier: Apache-2.0 */
/* call: asks an agent and prints its answer. Usage: call [AGENT [INPUT]] */
#include <agentmesh/agentmesh.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const char *agent = argc > 1 ? argv[1] : "echo";
    const char *input = argc > 2 ? argv[2] : MESH_JSON({"message": "hello"});
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    mesh_reply *reply = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_call(mesh, agent, mesh_text(input), NULL, &reply, &err);
    if (status == MESH_OK)
        puts(mesh_reply_body(reply).data);
    else
        fprintf(stderr, "call: %s\n", mesh_error_text(&err));

    mesh_reply_free(reply);
    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
