/* SPDX-License-Identifier: Apache-2.0 */
/* usage: an agent that reports what its requests use, and a caller that reads it. Usage: usage */
#include <agentmesh/agentmesh.h>
#include <inttypes.h>
#include <stdio.h>

/* As if a language model had been asked twice for one answer. */
static mesh_status think(mesh_request *request, void *state, mesh_error *err)
{
    mesh_usage step = MESH_USAGE_INIT;
    (void)state;
    step.given = MESH_USAGE_INPUT_TOKENS | MESH_USAGE_OUTPUT_TOKENS | MESH_USAGE_COST;
    step.input_tokens = 120;
    step.output_tokens = 15;
    step.estimated_cost_usd = 0.0015;
    step.model = "thinker-1";
    for (int i = 0; i < 2; i++) {
        mesh_status status = mesh_request_report(request, &step, err);
        if (status != MESH_OK)
            return status;
    }
    return mesh_request_answerf(request, err, MESH_JSON({"answer": 42}));
}

static const mesh_agent thinker =
    MESH_TRIGGER("example.thinker", "Thinks about everything.", think, MESH_JSON({"type": "object"}));

static mesh_status ask(mesh_client *mesh, mesh_error *err)
{
    mesh_reply *reply = NULL;
    mesh_usage used = MESH_USAGE_INIT;
    char model[64];
    mesh_status status = mesh_call(mesh, thinker.name, mesh_text(NULL), NULL, &reply, err);
    if (status == MESH_OK)
        status = mesh_usage_read(mesh_reply_usage(reply), &used, model, sizeof(model), err);
    if (status == MESH_OK)
        printf("%s took %" PRId64 " tokens in and %" PRId64 " out of %s, about $%.4f\n", mesh_reply_body(reply).data,
               used.input_tokens, used.output_tokens, used.model, used.estimated_cost_usd);
    mesh_reply_free(reply);
    return status;
}

int main(void)
{
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
        status = mesh_register(mesh, &thinker, NULL, &err);
    if (status == MESH_OK)
        status = ask(mesh, &err);
    if (status != MESH_OK)
        fprintf(stderr, "usage: %s\n", mesh_error_text(&err));

    mesh_client_close(mesh);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
