/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: a program with a loop of its own, in one thread: it waits for lines to read and for the mesh at the same time.
 * It serves an agent, and asks it about every line. Usage: loop, then lines, and the end of the input
 */
#include <agentmesh/agentmesh.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct program {
    mesh_client *mesh;
    int asked; /* and not answered yet */
};

/* Both are called from mesh_dispatch(), and so never at the same time as anything else here. */
static mesh_status count(mesh_request *request, void *state, mesh_error *err)
{
    const char *text = mesh_request_string(request, "text", "");
    (void)state;
    return mesh_request_answerf(request, err, MESH_JSON({"letters": %zu}), strlen(text));
}

static void on_counted(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    struct program *program = data;
    program->asked--;
    if (status == MESH_OK)
        printf("%s\n", mesh_reply_body(reply).data);
    else
        fprintf(stderr, "loop: %s\n", mesh_error_text(err));
}

static const mesh_agent counter =
    MESH_RESPONDER("example.counter", "Counts the letters of a text.", count,
                   MESH_JSON({"type": "object", "properties": {"text": {"type": "string"}}}), NULL);

static mesh_status ask(struct program *program, const char *line, mesh_error *err)
{
    char input[512];
    snprintf(input, sizeof(input), MESH_JSON({"text": "%.*s"}), (int)strcspn(line, "\n\"\\"), line);
    mesh_status status =
        mesh_call_start(program->mesh, "example.counter", mesh_text(input), NULL, on_counted, program, err);
    program->asked += status == MESH_OK;
    return status;
}

static mesh_status loop(struct program *program, mesh_error *err)
{
    struct pollfd ready[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                              { .fd = mesh_dispatch_fd(program->mesh), .events = POLLIN } };
    mesh_status status = MESH_OK;
    char line[256];
    setvbuf(stdin, NULL, _IONBF, 0); /* what is read ahead would not show in poll() */
    while (status == MESH_OK && (ready[0].fd >= 0 || program->asked > 0)) {
        poll(ready, 2, -1);
        if (ready[1].revents != 0)
            status = mesh_dispatch(program->mesh, 0, err);
        if (status == MESH_E_TIMEOUT)
            status = MESH_OK; /* somebody else was quicker */
        if (status != MESH_OK || ready[0].revents == 0)
            continue;
        if (fgets(line, sizeof(line), stdin))
            status = ask(program, line, err);
        else
            ready[0].fd = -1; /* no more lines; the last answers are still to come */
    }
    return status;
}

int main(void)
{
    struct program program = { NULL, 0 };
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        options.flags = MESH_CLIENT_DISPATCH;
        status = mesh_client_open(&options, &program.mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_register(program.mesh, &counter, NULL, &err);
    if (status == MESH_OK)
        status = loop(&program, &err);
    if (status != MESH_OK)
        fprintf(stderr, "loop: %s\n", mesh_error_text(&err));

    mesh_client_close(program.mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
