/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys: what the members of a mesh share in small. Usage: keys put KEY VALUE | create KEY VALUE | get KEY | count KEY |
 * delete KEY | list PATTERN | watch PATTERN
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <stdlib.h>

static mesh_status put(mesh_client *mesh, char **args, mesh_error *err)
{
    return mesh_key_put(mesh, args[0], mesh_text(args[1]), NULL, err);
}

static mesh_status create(mesh_client *mesh, char **args, mesh_error *err)
{
    return mesh_key_create(mesh, args[0], mesh_text(args[1]), NULL, err);
}

static mesh_status get(mesh_client *mesh, char **args, mesh_error *err)
{
    mesh_entry *entry = NULL;
    mesh_status status = mesh_key_get(mesh, args[0], &entry, err);
    if (status == MESH_OK) {
        mesh_bytes value = mesh_entry_value(entry);
        fwrite(value.data, 1, value.len, stdout);
        putchar('\n');
    }
    mesh_entry_free(entry);
    return status;
}

/* Called again when another program was faster, with what that wrote. */
static mesh_status add_one(void *data, const mesh_entry *current, mesh_bytes *value, mesh_error *err)
{
    char *text = data;
    (void)err;
    snprintf(text, 32, "%ld", strtol(mesh_entry_value(current).data, NULL, 10) + 1);
    *value = mesh_text(text);
    return MESH_OK;
}

static mesh_status count(mesh_client *mesh, char **args, mesh_error *err)
{
    char text[32];
    mesh_status status = mesh_key_update(mesh, args[0], add_one, text, 0, NULL, err);
    if (status == MESH_OK)
        puts(text);
    return status;
}

static mesh_status delete (mesh_client *mesh, char **args, mesh_error *err)
{
    return mesh_key_delete(mesh, args[0], err);
}

static mesh_status list(mesh_client *mesh, char **args, mesh_error *err)
{
    mesh_entries *entries = NULL;
    mesh_status status = mesh_key_list(mesh, args[0], &entries, err);
    for (size_t i = 0; status == MESH_OK && i < mesh_entries_count(entries); i++) {
        const mesh_entry *entry = mesh_entries_at(entries, i);
        printf("%s = %s\n", mesh_entry_key(entry), mesh_entry_value(entry).data);
    }
    mesh_entries_free(entries);
    return status;
}

/* Until it is killed. */
static mesh_status watch(mesh_client *mesh, char **args, mesh_error *err)
{
    mesh_watch *watch = NULL;
    const mesh_entry *entry = NULL;
    mesh_status status = mesh_key_watch(mesh, args[0], &watch, err);
    while (status == MESH_OK && (status = mesh_watch_next(watch, UINT32_MAX, &entry, err)) == MESH_OK) {
        if (mesh_entry_operation(entry) == MESH_ENTRY_PUT)
            printf("%s = %s\n", mesh_entry_key(entry), mesh_entry_value(entry).data);
        else if (mesh_entry_operation(entry) == MESH_ENTRY_DELETE)
            printf("%s is gone\n", mesh_entry_key(entry));
        else
            puts("(from now on)");
        fflush(stdout);
    }
    mesh_watch_close(watch);
    return status;
}

static const struct {
    const char *name;
    int args;
    mesh_status (*run)(mesh_client *mesh, char **args, mesh_error *err);
} commands[] = {
    { "put", 2, put },       { "create", 2, create }, { "get", 1, get },     { "count", 1, count },
    { "delete", 1, delete }, { "list", 1, list },     { "watch", 1, watch },
};

int main(int argc, char **argv)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    size_t which = 0, last = sizeof(commands) / sizeof(commands[0]) - 1;

    while (argc > 1 && which < last && strcmp(argv[1], commands[which].name) != 0)
        which++;
    if (argc < 2 || strcmp(argv[1], commands[which].name) != 0 || argc != 2 + commands[which].args) {
        fputs("usage: keys put|create KEY VALUE, keys get|count|delete KEY, keys list|watch PATTERN\n", stderr);
        return 2;
    }
    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = commands[which].run(mesh, argv + 2, &err);
    if (status != MESH_OK)
        fprintf(stderr, "keys: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
