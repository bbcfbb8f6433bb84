/* SPDX-License-Identifier: Apache-2.0 */
/* many: has many calls in flight at once, all begun by one thread. Usage: many [AGENT [INPUT [COUNT]]] */
#include <agentmesh/agentmesh.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct crowd {
    atomic_int answered, failed, left;
    sem_t over;
};

/* On threads of the library's, several at the same time. */
static void on_done(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    struct crowd *crowd = data;
    (void)reply; /* the answer, if that is what is wanted */
    if (status == MESH_OK)
        crowd->answered++;
    else if (crowd->failed++ == 0)
        fprintf(stderr, "many: %s\n", mesh_error_text(err));
    if (--crowd->left == 0)
        sem_post(&crowd->over);
}

static mesh_status call_many(mesh_client *mesh, const char *agent, const char *input, int count, mesh_error *err)
{
    struct crowd crowd = { .left = 1 }; /* one is ours, until all have been begun */
    mesh_status status = MESH_OK;
    sem_init(&crowd.over, 0, 0);
    for (int i = 0; status == MESH_OK && i < count; i++) {
        crowd.left++;
        status = mesh_call_start(mesh, agent, mesh_text(input), NULL, on_done, &crowd, err);
        if (status != MESH_OK)
            crowd.left--;
    }
    if (--crowd.left > 0)
        sem_wait(&crowd.over);
    sem_destroy(&crowd.over);
    printf("%d answered, %d failed\n", crowd.answered, crowd.failed);
    return status;
}

int main(int argc, char **argv)
{
    const char *agent = argc > 1 ? argv[1] : "echo";
    const char *input = argc > 2 ? argv[2] : MESH_JSON({"message": "hello"});
    int count = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 100;
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = call_many(mesh, agent, input, count, &err);
    if (status != MESH_OK)
        fprintf(stderr, "many: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
