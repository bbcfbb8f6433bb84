/* SPDX-License-Identifier: Apache-2.0 */
/* publish: says something to whoever listens to a subject. Usage: publish [SUBJECT [JSON]] */
#include <agentmesh/agentmesh.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const char *subject = argc > 1 ? argv[1] : "example.news";
    const char *body = argc > 2 ? argv[2] : MESH_JSON({"headline": "A mesh has been seen"});
    static const char *const headers[] = { "X-Example-Urgent", "no", NULL };
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK) {
        mesh_publish_options options = MESH_PUBLISH_OPTIONS_INIT;
        options.content_type = MESH_CONTENT_JSON;
        options.headers = headers;
        status = mesh_publish(mesh, subject, mesh_text(body), &options, &err);
    }
    if (status != MESH_OK)
        fprintf(stderr, "publish: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh); /* what has been published leaves before this returns */
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
