/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: a program that serves an agent of its own, without a host and without plugins, until Ctrl-C.
 * Usage: serve [GREETING], then for example: agentmesh call example.greeter '{"name": "Ada"}'
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>

static mesh_status greet(mesh_request *request, void *state, mesh_error *err)
{
    const char *greeting = state; /* what was given to mesh_register() */
    const char *name = mesh_request_string(request, "name", "");
    return mesh_request_answerf(request, err,
                                MESH_JSON({"greeting": %s}), mesh_quotef(request, "%s, %s!", greeting, name));
}

static const char input_schema[] =
    MESH_JSON({"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}, "required": ["name"]});
static const char output_schema[] =
    MESH_JSON({"type": "object", "properties": {"greeting": {"type": "string"}}, "required": ["greeting"]});

static const mesh_agent greeter =
    MESH_RESPONDER("example.greeter", "Greets somebody by name.", greet, input_schema, output_schema);

/* The library says nothing by itself: what it has to say comes here. */
static void on_event(void *data, const mesh_event *event)
{
    (void)data;
    if (event->level >= MESH_LOG_INFO)
        fprintf(stderr, "serve: %s\n", event->text);
}

int main(int argc, char **argv)
{
    static char hello[] = "Hello";
    char *greeting = argc > 1 ? argv[1] : hello;
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        options.on_event = on_event;
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_register(mesh, &greeter, greeting, &err);
    if (status == MESH_OK)
        status = mesh_run(mesh, &err);
    if (status != MESH_OK)
        fprintf(stderr, "serve: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh); /* finishes what is in hand, and takes the agent off the mesh */
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
