/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local: a program that brings its own server: it starts one over a folder, serves an agent on it, asks it, and ends it
 * again. Usage: local FOLDER [PORT]
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <stdlib.h>

static mesh_status answer(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_text("\"at home\""), err);
}

static const mesh_agent resident = MESH_TRIGGER("example.resident", "Says where it is.", answer, "{}");

static mesh_status live(const mesh_local *local, mesh_error *err)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *mesh = NULL;
    mesh_reply *reply = NULL;

    options.url = mesh_local_url(local);
    mesh_status status = mesh_client_open(&options, &mesh, err);
    if (status == MESH_OK)
        status = mesh_register(mesh, &resident, NULL, err);
    if (status == MESH_OK)
        status = mesh_call(mesh, resident.name, mesh_text(NULL), NULL, &reply, err);
    if (status == MESH_OK)
        printf("%s is %s\n", mesh_reply_agent(reply), mesh_reply_body(reply).data);
    mesh_reply_free(reply);
    mesh_client_close(mesh);
    return status;
}

int main(int argc, char **argv)
{
    mesh_local_options options = MESH_LOCAL_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_local *local = NULL;

    if (argc < 2) {
        fprintf(stderr, "usage: local FOLDER [PORT]\n");
        return 2;
    }
    options.store = argv[1];
    options.port = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    options.flags = MESH_LOCAL_FLOAT; /* another port where this one is taken */
    mesh_status status = mesh_local_start(&options, &local, &err);
    if (status == MESH_OK)
        status = live(local, &err);
    if (status != MESH_OK)
        fprintf(stderr, "local: %s\n", mesh_error_text(&err));

    mesh_local_stop(local); /* and with it the server */
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
