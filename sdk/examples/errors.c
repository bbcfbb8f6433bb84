/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errors: what a caller learns of a request that failed: a status to decide by, a code that is the same in all
 * languages, a text for people, and where it comes from. On a bus in memory. Usage: errors
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>

/* A code of one's own, with details, beside those that the protocol knows. */
static mesh_status lend(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    if (mesh_request_int(request, "books", 1) > 3)
        return mesh_error_set_code(err, "too_many", "nobody carries that home", MESH_JSON({"most": 3}));
    return mesh_error_set(err, MESH_E_SYSTEM, "the library burned down in %d", -48);
}

static const mesh_agent library =
    MESH_RESPONDER("example.library", "Lends books.", lend,
                   MESH_JSON({"type": "object", "properties": {"books": {"type": "integer"}}}), NULL);

static void ask(mesh_client *mesh, const char *agent, const char *input)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;

    switch (mesh_call(mesh, agent, mesh_text(input), NULL, &reply, &err)) {
    case MESH_OK:
        printf("%s\n", mesh_reply_body(reply).data);
        break;
    case MESH_E_NOT_FOUND:
        printf("there is no %s here\n", agent);
        break;
    case MESH_E_INVALID_INPUT:
        printf("a misunderstanding: %s\n", mesh_error_details(&err));
        break;
    default:
        printf("%s [%s] %s %s\n", mesh_error_agent(&err), mesh_error_code(&err), mesh_error_message(&err),
               mesh_error_details(&err));
    }
    mesh_reply_free(reply);
    mesh_error_clear(&err);
}

int main(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_client *mesh = NULL;

    options.url = "memory:";
    mesh_status status = mesh_client_open(&options, &mesh, &err);
    if (status == MESH_OK)
        status = mesh_register(mesh, &library, NULL, &err);
    if (status == MESH_OK) {
        ask(mesh, "example.library", "{\"books\": 1}");
        ask(mesh, "example.library", "{\"books\": 4}");
        ask(mesh, "example.library", "{\"books\": \"many\"}");
        ask(mesh, "example.archive", "{}");
    } else {
        fprintf(stderr, "errors: %s\n", mesh_error_text(&err));
    }
    mesh_client_close(mesh);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
