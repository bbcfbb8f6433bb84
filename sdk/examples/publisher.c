/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publisher: an agent that tells whoever listens what it measures, a number of times, or until Ctrl-C.
 * Usage: publisher [COUNT [MILLISECONDS]], and to hear it, with the example of
 * that name: subscribe mesh.agent.example.meter.events
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <stdlib.h>

struct plan {
    int count; /* 0: as long as it may */
    uint32_t pause_ms;
};

/* Runs in a thread of its own, once the agent is in the catalog. Returning is the end, and its listeners are told. */
static mesh_status measure(mesh_emitter *emitter, void *state, mesh_error *err)
{
    const struct plan *plan = state;
    mesh_status status = MESH_OK;
    int n = 0;
    while (status == MESH_OK && (plan->count == 0 || n < plan->count) &&
           mesh_emitter_wait(emitter, plan->pause_ms) == MESH_STOP_NONE)
        status =
            mesh_emitf(emitter, err, MESH_JSON({"meter": %s, "value": %d}), mesh_emit_quote(emitter, "kitchen"), n++);
    printf("%d events\n", n);
    if (plan->count > 0)
        mesh_stop(mesh_emitter_client(emitter)); /* this program has no more to do */
    return status;
}

static const mesh_agent meter = MESH_PUBLISHER("example.meter", "Measures the kitchen.", measure,
                                               MESH_JSON({"type": "object", "required": ["meter", "value"]}));

int main(int argc, char **argv)
{
    struct plan plan = { argc > 1 ? atoi(argv[1]) : 0, argc > 2 ? (uint32_t)atoi(argv[2]) : 1000 };
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
        status = mesh_register(mesh, &meter, &plan, &err);
    if (status == MESH_OK)
        status = mesh_run(mesh, &err);
    if (status != MESH_OK)
        fprintf(stderr, "publisher: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh); /* tells the publisher to stop, and waits until it has */
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
