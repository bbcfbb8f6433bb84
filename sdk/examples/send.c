/* SPDX-License-Identifier: Apache-2.0 */
/* send: asks an agent without waiting, does something else, and is told the answer. Usage: send [AGENT [INPUT]] */
#include <agentmesh/agentmesh.h>
#include <semaphore.h>
#include <stdio.h>

struct errand {
    sem_t over;
    mesh_status status;
};

/* On a thread of the library's, as on_done below. */
static void on_reply(void *data, const mesh_reply *reply)
{
    (void)data;
    printf("%s says %s\n", mesh_reply_agent(reply), mesh_reply_body(reply).data);
}

static void on_done(void *data, mesh_status status, const mesh_error *err)
{
    struct errand *errand = data;
    if (status != MESH_OK)
        fprintf(stderr, "send: %s\n", mesh_error_text(err));
    errand->status = status;
    sem_post(&errand->over);
}

static mesh_status send_and_wait(mesh_client *mesh, const char *agent, const char *input, mesh_error *err)
{
    struct errand errand = { .status = MESH_OK };
    mesh_send_options options = MESH_SEND_OPTIONS_INIT;
    options.on_reply = on_reply;
    options.on_done = on_done;
    options.data = &errand;

    sem_init(&errand.over, 0, 0);
    mesh_status status = mesh_send(mesh, agent, mesh_text(input), &options, err);
    if (status != MESH_OK)
        fprintf(stderr, "send: %s\n", mesh_error_text(err));
    if (status == MESH_OK) {
        puts("sent, and free to do something else");
        sem_wait(&errand.over);
        status = errand.status;
    }
    sem_destroy(&errand.over);
    return status;
}

int main(int argc, char **argv)
{
    const char *agent = argc > 1 ? argv[1] : "echo";
    const char *input = argc > 2 ? argv[2] : MESH_JSON({"message": "hello"});
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status != MESH_OK)
        fprintf(stderr, "send: %s\n", mesh_error_text(&err));
    else
        status = send_and_wait(mesh, agent, input, &err);

    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
