/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agents of ours that the Python SDK calls: one for each kind of result, and one for each way in which a request ends.
 * Joins the mesh of OAM_URL, and says "ready". A line on standard input, "add VERSION" or "drop", registers c.changing
 * or takes it away, and is answered by "done"; the end of the input ends the program.
 */
#include <agentmesh/agentmesh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mesh_status answer(mesh_request *request, void *state, mesh_error *err)
{
    return mesh_request_answer(request, mesh_text(state), err);
}

static mesh_status count(mesh_request *request, void *state, mesh_error *err)
{
    int64_t to = mesh_request_int(request, "to", 0);
    mesh_status status = MESH_OK;
    (void)state;
    for (int64_t n = 1; n <= to && status == MESH_OK; n++)
        status = mesh_request_chunkf(request, err, MESH_JSON({"number": %lld}), (long long)n);
    return status;
}

static mesh_status fail(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set_code(err, "out_of_tea", "there is no tea left", "{\"kettle\": 2}");
}

static mesh_status use(mesh_request *request, void *state, mesh_error *err)
{
    mesh_usage used = MESH_USAGE_INIT;
    used.given = MESH_USAGE_INPUT_TOKENS;
    used.input_tokens = 6;
    mesh_status status = mesh_request_report(request, &used, err);
    return status == MESH_OK ? answer(request, state, err) : status;
}

static const mesh_gate gate = MESH_KEY_GATE("c.gate");

#define COUNTS MESH_JSON({"type": "object", "properties": {"to": {"type": "integer"}}, "required": ["to"]})
#define KIND(kind, json)                                                                                               \
    {                                                                                                                  \
        MESH_TRIGGER("c." kind, "Gives " kind ".", answer, "{}"), json                                                 \
    }

static const struct {
    mesh_agent agent;
    const char *says;
} served[] = {
    KIND("object", "{\"n\": 5, \"deep\": [{\"a\": null}]}"),
    KIND("array", "[1, \"two\", [], {}]"),
    KIND("string", "\"drei \\\"\\u00fc\\\"\""),
    KIND("number", "-4.5"),
    KIND("bool", "false"),
    KIND("null", "null"),
    { MESH_STREAMER("c.count", "Counts from one.", count, COUNTS, "{}"), "" },
    { MESH_TRIGGER("c.fails", "Always fails.", fail, "{}"), "" },
    { MESH_TRIGGER("c.uses", "Reports what it used.", use, "{}"), "{}" },
    { MESH_RESPONDER("shared.name", "Served in two languages.", answer, "{}", "{}"), "\"C\"" },
};

static mesh_status serve(mesh_client *mesh, mesh_error *err)
{
    mesh_agent gated = MESH_TRIGGER("c.gated", "Is there while its key says so.", answer, "{}");
    static char says[] = "\"open\"";
    gated.active_when = &gate;
    mesh_status status = mesh_register(mesh, &gated, says, err);
    for (size_t i = 0; i < sizeof(served) / sizeof(served[0]) && status == MESH_OK; i++)
        status = mesh_register(mesh, &served[i].agent, (void *)served[i].says, err);
    return status;
}

static mesh_status obey(mesh_client *mesh, const char *line, mesh_error *err)
{
    static char says[] = "{}";
    mesh_agent changing = MESH_TRIGGER("c.changing", "Comes and goes.", answer, "{}");
    if (strcmp(line, "drop") == 0)
        return mesh_unregister(mesh, changing.name, err);
    if (strncmp(line, "add ", strlen("add ")) != 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "what is '%s'?", line);
    changing.version = line + strlen("add ");
    return mesh_register(mesh, &changing, says, err);
}

static mesh_status obey_to_the_end(mesh_client *mesh, mesh_error *err)
{
    char line[128];
    mesh_status status = MESH_OK;
    puts("ready");
    while (status == MESH_OK && fflush(stdout) == 0 && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        status = obey(mesh, line, err);
        puts("done");
    }
    return status;
}

int main(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *mesh = NULL;
    mesh_error err = MESH_ERROR_INIT;

    options.url = getenv("OAM_URL");
    mesh_status status = mesh_client_open(&options, &mesh, &err);
    if (status == MESH_OK)
        status = serve(mesh, &err);
    if (status == MESH_OK)
        status = obey_to_the_end(mesh, &err);
    if (status != MESH_OK)
        fprintf(stderr, "interop_agents: %s\n", mesh_error_text(&err));
    mesh_client_close(mesh);
    mesh_error_clear(&err);
    return status == MESH_OK ? 0 : 1;
}
