/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task: an agent that does something by itself, again and again: it counts its runs in a shared key.
 * Usage: task [RUNS [MILLISECONDS]]
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <stdlib.h>

struct plan {
    int left; /* runs; below 0: no end */
};

/* What fails is a log event on the mesh, and is tried again after a pause. */
static mesh_status sweep(mesh_emitter *emitter, void *state, mesh_error *err)
{
    struct plan *plan = state;
    mesh_status status = mesh_key_put(mesh_emitter_client(emitter), "example.swept", mesh_text("true"), NULL, err);
    if (status != MESH_OK)
        return status;
    printf("%s has swept\n", mesh_emitter_agent(emitter));
    fflush(stdout);
    if (plan->left > 0 && --plan->left == 0)
        mesh_stop(mesh_emitter_client(emitter));
    return MESH_OK;
}

int main(int argc, char **argv)
{
    struct plan plan = { argc > 1 ? atoi(argv[1]) : -1 };
    const uint32_t every_ms = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000;
    const mesh_agent sweeper = MESH_REPEATED("example.sweeper", "Sweeps every now and then.", sweep, every_ms);
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_register(mesh, &sweeper, &plan, &err);
    if (status == MESH_OK)
        status = mesh_run(mesh, &err);
    if (status != MESH_OK)
        fprintf(stderr, "task: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
