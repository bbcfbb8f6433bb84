/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool: all agents, or those below a name, as tools for the chat completions of OpenAI; and which agent stands behind a
 * tool that the model chose. Usage: tool [CHANNEL [CHOSEN]]
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>

static void print_tools(const mesh_tools *tools, const char *chosen)
{
    const char *reason;
    printf("%s\n", mesh_tools_json(tools).data);
    for (size_t i = 0; (reason = mesh_tools_left_out(tools, i, NULL)); i++)
        fprintf(stderr, "tool: left out: %s\n", reason);
    if (chosen)
        printf("%s is %s\n", chosen, mesh_tools_agent(tools, chosen) ? mesh_tools_agent(tools, chosen) : "nobody");
}

int main(int argc, char **argv)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    mesh_contracts *contracts = NULL;
    mesh_tools *tools = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_discover(mesh, argc > 1 ? argv[1] : NULL, &contracts, &err);
    if (status == MESH_OK)
        status = mesh_tools_make(contracts, MESH_TOOL_OPENAI_CHAT, 0, &tools, &err);
    if (status == MESH_OK)
        print_tools(tools, argc > 2 ? argv[2] : NULL);
    if (status != MESH_OK)
        fprintf(stderr, "tool: %s\n", mesh_error_text(&err));

    mesh_tools_free(tools);
    mesh_contracts_free(contracts);
    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
