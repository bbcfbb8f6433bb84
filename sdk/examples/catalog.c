/* SPDX-License-Identifier: Apache-2.0 */
/* catalog: lists the agents of a mesh, and what each of them takes. Usage: catalog [CHANNEL] */
#include <agentmesh/agentmesh.h>
#include <stdio.h>

static const char *shape_of(const mesh_catalog_entry *entry)
{
    if (entry->invocable)
        return entry->streaming ? "stream" : "call";
    return entry->streaming ? "subscribe" : "-";
}

/* An agent may leave between catalog and contract: then there is nothing to show. */
static void print_input(mesh_client *mesh, const char *agent)
{
    mesh_contract *contract = NULL;
    if (mesh_contract_read(mesh, agent, &contract, NULL) == MESH_OK && mesh_contract_input_schema(contract))
        printf("    takes %s\n", mesh_contract_input_schema(contract));
    mesh_contract_free(contract);
}

static void print_catalog(mesh_client *mesh, const mesh_catalog *catalog)
{
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++) {
        const mesh_catalog_entry *entry = mesh_catalog_at(catalog, i);
        printf("%s %s (%s): %s\n", entry->name, entry->version, shape_of(entry), entry->description);
        print_input(mesh, entry->name);
    }
}

int main(int argc, char **argv)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    mesh_catalog *catalog = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK) {
        mesh_catalog_filter filter = MESH_CATALOG_FILTER_INIT;
        filter.channel = argc > 1 ? argv[1] : NULL;
        status = mesh_catalog_read(mesh, &filter, &catalog, &err);
    }
    if (status == MESH_OK)
        print_catalog(mesh, catalog);
    else
        fprintf(stderr, "catalog: %s\n", mesh_error_text(&err));

    mesh_catalog_free(catalog);
    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
