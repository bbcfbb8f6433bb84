/* SPDX-License-Identifier: Apache-2.0 */
/* tail: follows the log events of an agent, or of all, until nothing came for some seconds. Usage: tail [AGENT
 * [SECONDS]] */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <stdlib.h>

static void print_event(const mesh_log_event *event)
{
    printf("%s [%s] %s %s", event->timestamp, mesh_level_name(event->level), event->agent, event->event);
    if (event->request_id[0])
        printf(" request_id=%s", event->request_id);
    if (event->message[0])
        printf(": %s", event->message);
    printf(" %s\n", event->data);
    fflush(stdout);
}

static mesh_status print_events(mesh_tail *tail, uint32_t quiet_ms, mesh_error *err)
{
    const mesh_log_event *event;
    mesh_status status;
    while ((status = mesh_tail_next(tail, quiet_ms, &event, err)) == MESH_OK)
        print_event(event);
    return status == MESH_E_TIMEOUT ? MESH_OK : status;
}

int main(int argc, char **argv)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    mesh_tail *tail = NULL;
    const char *agent = argc > 1 ? argv[1] : NULL;
    uint32_t quiet_ms = argc > 2 ? (uint32_t)(strtod(argv[2], NULL) * 1000) : UINT32_MAX; /* for ever */

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_tail_open(mesh, agent, MESH_LOG_DEBUG, &tail, &err);
    if (status == MESH_OK) {
        fprintf(stderr, "following\n");
        status = print_events(tail, quiet_ms, &err);
    }
    if (status != MESH_OK)
        fprintf(stderr, "tail: %s\n", mesh_error_text(&err));

    mesh_tail_close(tail);
    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
