/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: an agent that can be called only while a shared key says so: a shop with a sign on its door. It stays in the
 * catalog all the time. Usage: gate
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <string.h>

static mesh_status sell(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_text("\"sold\""), err);
}

static const mesh_gate sign = MESH_KEY_GATE("example.shop.open");

/* Go in and ask for something. */
static mesh_status buy(mesh_client *mesh, mesh_error *err)
{
    mesh_reply *reply = NULL;
    mesh_status status = mesh_call(mesh, "example.shop", mesh_text("\"a pear\""), NULL, &reply, err);
    if (status == MESH_OK)
        printf("the shop says %s\n", mesh_reply_body(reply).data);
    mesh_reply_free(reply);
    if (status == MESH_E_NOT_AVAILABLE) {
        printf("the shop is closed\n");
        mesh_error_clear(err);
        status = MESH_OK;
    }
    return status;
}

/* Turn the sign and wait until the shop has seen it. */
static mesh_status turn(mesh_client *mesh, const char *value, const char *event, mesh_error *err)
{
    mesh_tail *tail = NULL;
    const mesh_log_event *seen = NULL;
    mesh_status status = mesh_tail_open(mesh, "example.shop", MESH_LOG_INFO, &tail, err);
    if (status == MESH_OK)
        status = mesh_key_put(mesh, "example.shop.open", mesh_text(value), NULL, err);
    while (status == MESH_OK && !(seen && strcmp(seen->event, event) == 0))
        status = mesh_tail_next(tail, 10000, &seen, err);
    mesh_tail_close(tail);
    return status;
}

int main(void)
{
    mesh_agent shop = MESH_RESPONDER("example.shop", "Sells fruit while it is open.", sell, "{}", NULL);
    shop.active_when = &sign;
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
        status = mesh_key_delete(mesh, "example.shop.open", &err);
    if (status == MESH_OK)
        status = mesh_register(mesh, &shop, NULL, &err);
    if (status == MESH_OK)
        status = buy(mesh, &err);
    if (status == MESH_OK)
        status = turn(mesh, "open", "agent_activated", &err);
    if (status == MESH_OK)
        status = buy(mesh, &err);
    if (status == MESH_OK)
        status = turn(mesh, "closed", "agent_deactivated", &err);
    if (status == MESH_OK)
        status = buy(mesh, &err);
    if (status != MESH_OK)
        fprintf(stderr, "gate: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
