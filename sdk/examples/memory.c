/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: an author's test of a handler, which needs no server. The agent is served and called in this process, on a bus
 * in memory: everything happens as on a mesh, headers, schemas and deadlines included.
 * Usage: memory, which ends with 0 if the handler does what it should.
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <string.h>

/* What is tested: in a plugin it would stand in a file of its own. */
static mesh_status greet(mesh_request *request, void *state, mesh_error *err)
{
    const char *name = mesh_request_string(request, "name", "");
    (void)state;
    if (name[0] == '\0')
        return mesh_error_set(err, MESH_E_INVALID_INPUT, "'name' is missing, empty, or not a string");
    return mesh_request_answerf(request, err, MESH_JSON({"greeting": %s}), mesh_quotef(request, "Hello, %s!", name));
}

static const char input_schema[] = MESH_JSON({"type": "object", "properties": {"name": {"type": "string"}}});
static const char output_schema[] =
    MESH_JSON({"type": "object", "properties": {"greeting": {"type": "string"}}, "required": ["greeting"]});

static const mesh_agent greeter =
    MESH_RESPONDER("example.greeter", "Greets somebody by name.", greet, input_schema, output_schema);

/* Call, and compare what comes: the answer, or the code of the error. */
static int check(mesh_client *mesh, const char *input, const char *expected)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    mesh_status status = mesh_call(mesh, greeter.name, mesh_text(input), NULL, &reply, &err);
    const char *got = status == MESH_OK ? mesh_reply_body(reply).data : mesh_error_code(&err);
    int same = strcmp(got, expected) == 0;
    printf("%s %s: %s\n", same ? "ok  " : "FAIL", input, got);
    mesh_reply_free(reply);
    mesh_error_clear(&err);
    return same;
}

int main(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_client *mesh = NULL;
    int good = 0;

    options.url = "memory:";
    mesh_status status = mesh_client_open(&options, &mesh, &err);
    if (status == MESH_OK)
        status = mesh_register(mesh, &greeter, NULL, &err);
    if (status == MESH_OK)
        good = check(mesh, "{\"name\": \"Ada\"}", "{\"greeting\": \"Hello, Ada!\"}") &
               check(mesh, "{\"name\": \"\"}", "invalid_input") & check(mesh, "{}", "invalid_input");
    else
        fprintf(stderr, "memory: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh);
    mesh_error_clear(&err);
    return good ? 0 : 1;
}
