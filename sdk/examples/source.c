/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: an agent that handles orders as they come on a subject, and changes of the stock as they are made in shared
 * keys; a number of messages, or until Ctrl-C. Usage: source [COUNT], then with the example of keys, for example:
 * keys put example.stock.pears 3
 */
#include <agentmesh/agentmesh.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct clerk {
    mesh_client *mesh;
    atomic_int left; /* messages; below 0: no end */
};

/* What does not fit message_schema never comes here: it is a log event and a dead letter of the agent. */
static mesh_status handle(const mesh_message *message, void *state, mesh_error *err)
{
    struct clerk *clerk = state;
    const char *key = mesh_message_key(message);
    (void)err;
    if (mesh_message_operation(message) == MESH_ENTRY_DELETE)
        printf("%s is gone\n", key);
    else
        printf("%s = %s\n", *key ? key : mesh_message_subject(message), mesh_message_body(message).data);
    fflush(stdout);
    if (clerk->left > 0 && --clerk->left == 0)
        mesh_stop(clerk->mesh);
    return MESH_OK;
}

/* Each order goes to one of the clerks, each change of the stock to all. */
static const mesh_source orders = MESH_SUBJECT_SOURCE("example.orders.*", "clerks");
static const mesh_source stock = MESH_KEY_SOURCE("example.stock.*", MESH_REPLAY);
static const mesh_source *const sources[] = { &orders, &stock, NULL };

int main(int argc, char **argv)
{
    struct clerk clerk = { NULL, argc > 1 ? atoi(argv[1]) : -1 };
    mesh_agent agent = MESH_LISTENER("example.clerk", "Handles orders and knows the stock.", handle, sources);
    agent.message_schema = MESH_JSON({"type": "integer", "minimum": 0});
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &clerk.mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_register(clerk.mesh, &agent, &clerk, &err);
    if (status == MESH_OK)
        status = mesh_run(clerk.mesh, &err);
    if (status != MESH_OK)
        fprintf(stderr, "source: %s\n", mesh_error_text(&err));

    mesh_client_close(clerk.mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
