/* ask URL AGENT INPUT: prints what an agent answers. */
#include <agentmesh/agentmesh.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_client *mesh = NULL;
    mesh_reply *reply = NULL;
    if (argc != 4)
        return 2;

    options.url = argv[1];
    mesh_status status = mesh_client_open(&options, &mesh, &err);
    if (status == MESH_OK)
        status = mesh_call(mesh, argv[2], mesh_text(argv[3]), NULL, &reply, &err);
    if (status == MESH_OK)
        puts(mesh_reply_body(reply).data);
    else
        fprintf(stderr, "ask: %s\n", mesh_error_text(&err));

    mesh_reply_free(reply);
    mesh_client_close(mesh);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
