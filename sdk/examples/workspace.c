/* SPDX-License-Identifier: Apache-2.0 */
/* workspace: files that the members of a mesh share. Usage: workspace put NAME FILE | get NAME FILE | delete NAME |
 * list [PREFIX] */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A line on a terminal that counts up. */
static int show(void *data, uint64_t done, uint64_t total)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%s %llu of %llu bytes%s", (const char *)data, (unsigned long long)done,
                (unsigned long long)total, done == total ? "\n" : "");
    return 0;
}

static mesh_status list(mesh_client *mesh, const char *prefix, mesh_error *err)
{
    mesh_objects *objects = NULL;
    mesh_status status = mesh_workspace_list(mesh, prefix, &objects, err);
    for (size_t i = 0; status == MESH_OK && i < mesh_objects_count(objects); i++) {
        const mesh_object *object = mesh_objects_at(objects, i);
        printf("%10llu %s\n", (unsigned long long)object->length, object->name);
    }
    mesh_objects_free(objects);
    return status;
}

static mesh_status run(mesh_client *mesh, int argc, char **argv, mesh_error *err)
{
    const char *deed = argc > 1 ? argv[1] : "list";
    mesh_transfer_options options = MESH_TRANSFER_OPTIONS_INIT;
    options.progress = show;
    options.data = argv[1];

    if (strcmp(deed, "put") == 0 && argc == 4)
        return mesh_workspace_put_file(mesh, argv[2], argv[3], &options, err);
    if (strcmp(deed, "get") == 0 && argc == 4)
        return mesh_workspace_get_file(mesh, argv[2], argv[3], &options, err);
    if (strcmp(deed, "delete") == 0 && argc == 3)
        return mesh_workspace_delete(mesh, argv[2], err);
    if (strcmp(deed, "list") == 0 && argc <= 3)
        return list(mesh, argc > 2 ? argv[2] : NULL, err);
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "put NAME FILE, get NAME FILE, delete NAME, or list [PREFIX]");
}

int main(int argc, char **argv)
{
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
        status = run(mesh, argc, argv, &err);
    if (status != MESH_OK)
        fprintf(stderr, "workspace: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
