/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscribe: prints what comes on a subject, until its publisher ends or nothing came for some seconds.
 * Usage: subscribe [SUBJECT [SECONDS]]
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <stdlib.h>

static mesh_status print_messages(mesh_subscription *subscription, mesh_error *err)
{
    const mesh_message *message;
    mesh_status status;
    while ((status = mesh_subscription_next(subscription, &message, err)) == MESH_OK) {
        printf("%s: %s\n", mesh_message_subject(message), mesh_message_body(message).data);
        fflush(stdout);
    }
    return status == MESH_E_END || status == MESH_E_TIMEOUT ? MESH_OK : status;
}

int main(int argc, char **argv)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *mesh = NULL;
    mesh_subscription *subscription = NULL;
    mesh_subscribe_options wanted = MESH_SUBSCRIBE_OPTIONS_INIT;
    wanted.subject = argc > 1 ? argv[1] : "example.news";
    wanted.timeout_ms = argc > 2 ? (uint32_t)(strtod(argv[2], NULL) * 1000) : 0; /* 0: for ever */

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status == MESH_OK)
        status = mesh_subscribe(mesh, &wanted, &subscription, &err);
    if (status == MESH_OK) {
        fprintf(stderr, "listening\n"); /* from here on nothing is missed */
        status = print_messages(subscription, &err);
    }
    if (status != MESH_OK)
        fprintf(stderr, "subscribe: %s\n", mesh_error_text(&err));

    mesh_subscription_close(subscription);
    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
