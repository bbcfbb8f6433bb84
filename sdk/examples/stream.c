/* SPDX-License-Identifier: Apache-2.0 */
/* stream: asks an agent that answers in chunks, and prints each as it comes. Usage: stream [AGENT [INPUT]] */
#include <agentmesh/agentmesh.h>
#include <stdio.h>

static const char text[] = MESH_JSON({
    "text": "A mesh connects agents. Each agent of the mesh has a name. Programs call it by that name. It rains today.",
    "sentences": 2
});

static mesh_status print_chunks(mesh_stream *stream, mesh_error *err)
{
    mesh_bytes chunk;
    mesh_status status;
    while ((status = mesh_stream_next(stream, &chunk, err)) == MESH_OK)
        puts(chunk.data);
    return status == MESH_E_END ? MESH_OK : status;
}

int main(int argc, char **argv)
{
    const char *agent = argc > 1 ? argv[1] : "nlp.summarizer";
    const char *input = argc > 2 ? argv[2] : text;
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    mesh_stream *stream = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_stream_open(mesh, agent, mesh_text(input), NULL, &stream, &err);
    if (status == MESH_OK)
        status = print_chunks(stream, &err);
    if (status != MESH_OK)
        fprintf(stderr, "stream: %s\n", mesh_error_text(&err));

    mesh_stream_close(stream);
    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
