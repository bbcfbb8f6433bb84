/* SPDX-License-Identifier: Apache-2.0 */
/*
 * levels: shows from which level the log events of an agent (-: of the whole mesh) are published, and sets it.
 * Usage: levels AGENT|- [debug|info|warn|error|off|unset]
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <string.h>

static mesh_status change(mesh_client *mesh, const char *agent, const char *level, mesh_error *err)
{
    if (strcmp(level, "unset") == 0)
        return mesh_level_unset(mesh, agent, err);
    return mesh_level_set(mesh, agent, mesh_level_of(level), err);
}

static mesh_status show(mesh_client *mesh, const char *agent, mesh_error *err)
{
    static const char *const origins[] = {
        [MESH_LEVEL_DEFAULT] = "the default", [MESH_LEVEL_GLOBAL] = "set for all", [MESH_LEVEL_AGENT] = "set for it"
    };
    int32_t level, origin;
    mesh_status status = mesh_level_get(mesh, agent, &level, &origin, err);
    if (status == MESH_OK)
        printf("%s: %s (%s)\n", agent ? agent : "the mesh", mesh_level_name(level), origins[origin]);
    return status;
}

int main(int argc, char **argv)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    const char *agent = argc > 1 && strcmp(argv[1], "-") != 0 ? argv[1] : NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK && argc > 2)
        status = change(mesh, agent, argv[2], &err);
    if (status == MESH_OK)
        status = show(mesh, agent, &err);
    if (status != MESH_OK)
        fprintf(stderr, "levels: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
