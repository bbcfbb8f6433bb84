/* SPDX-License-Identifier: Apache-2.0 */
/* discover: the contracts of all agents, or of those below a name. Usage: discover [CHANNEL] */
#include <agentmesh/agentmesh.h>
#include <stdio.h>

static void print_contract(const mesh_contract *contract)
{
    const char *input = mesh_contract_input_schema(contract), *output = mesh_contract_output_schema(contract);
    printf("%s %s: %s\n", mesh_contract_name(contract), mesh_contract_version(contract),
           mesh_contract_description(contract));
    printf("    since %s\n", mesh_contract_registered_at(contract));
    printf("    takes %s, answers %s\n", input ? input : "nothing it tells of", output ? output : "as it likes");
}

int main(int argc, char **argv)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    mesh_contracts *contracts = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_discover(mesh, argc > 1 ? argv[1] : NULL, &contracts, &err);
    if (status == MESH_OK)
        for (size_t i = 0; i < mesh_contracts_count(contracts); i++)
            print_contract(mesh_contracts_at(contracts, i));
    if (status != MESH_OK)
        fprintf(stderr, "discover: %s\n", mesh_error_text(&err));

    mesh_contracts_free(contracts);
    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
