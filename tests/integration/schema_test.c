/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts are kept: what agents are asked is checked before a handler runs, what they answer where that is wanted. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "peer.h"
#include "suite.h"

/* ---- agents ---- */

static const char order_schema[] =
    MESH_JSON({
    "type": "object",
    "properties": {
        "stops": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "weight": {"type": "integer", "minimum": 1},
        "note": {"type": ["string", "null"]}
    },
    "required": ["stops"]
});

static const char sealed_schema[] =
    MESH_JSON({
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "additionalProperties": false
});

static const char count_schema[] =
    MESH_JSON({"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]});

/* What a handler saw and what it was told, for the test to read after the answer. */
struct seen {
    int calls;
    char input[256];
    const char *answer; /* NULL: mirrors its input */
    mesh_status told;
    char error[512], details[512];
};

static void keep_error(struct seen *seen, mesh_status status, const mesh_error *err)
{
    seen->told = status;
    snprintf(seen->error, sizeof(seen->error), "%s", mesh_error_text(err));
    snprintf(seen->details, sizeof(seen->details), "%s", mesh_error_details(err));
}

static mesh_bytes answer_of(struct seen *seen, const mesh_request *request)
{
    mesh_bytes input = mesh_request_input(request);

    seen->calls++;
    snprintf(seen->input, sizeof(seen->input), "%.*s", (int)input.len, (const char *)input.data);
    return seen->answer ? mesh_text(seen->answer) : input;
}

static mesh_status answer(mesh_request *request, void *state, mesh_error *err)
{
    struct seen *seen = state;
    mesh_status status = mesh_request_answer(request, answer_of(seen, request), err);

    keep_error(seen, status, err);
    return status;
}

static mesh_status stream(mesh_request *request, void *state, mesh_error *err)
{
    struct seen *seen = state;
    mesh_status status = mesh_request_chunk(request, mesh_text(MESH_JSON({"count": 1})), err);

    if (status == MESH_OK)
        status = mesh_request_chunk(request, answer_of(seen, request), err);
    keep_error(seen, status, err);
    return status;
}

static const mesh_agent responder = {
    .size = sizeof(responder), .name = "fleet.order", .description = "Takes orders.", .call = answer
};

static void serve(mesh_client *client, const char *name, const char *input, const char *output, struct seen *seen)
{
    mesh_agent agent = responder;

    agent.name = name;
    agent.input_schema = input;
    agent.output_schema = output;
    expect_int(mesh_register(client, &agent, seen, NULL), MESH_OK);
}

static void serve_stream(mesh_client *client, const char *name, const char *input, const char *output,
                         struct seen *seen)
{
    const mesh_agent agent = { .size = sizeof(agent),
                               .name = name,
                               .description = "Streams.",
                               .input_schema = input,
                               .output_schema = output,
                               .stream = stream };

    expect_int(mesh_register(client, &agent, seen, NULL), MESH_OK);
}

/* ---- violations ---- */

/* "missing stops; int_type weight", of an envelope or of details; to free(). */
static char *violations_of(const char *text)
{
    auto_json cJSON *tree = NULL;
    auto_buf struct buf list = { .max = 1 << 16 };
    const cJSON *violation, *step;

    json_parse(mesh_text(text), &tree, NULL);
    const cJSON *details = json_get(tree, "details") ? json_get(tree, "details") : tree;
    cJSON_ArrayForEach(violation, json_get(details, "errors"))
    {
        buf_printf(&list, "%s%s", list.len ? "; " : "", json_string(violation, "type", "?"));
        if (!json_string(violation, "msg", NULL))
            buf_puts(&list, " without msg");
        cJSON_ArrayForEach(step, json_get(violation, "loc"))
        {
            buf_putc(&list, step == json_get(violation, "loc")->child ? ' ' : '.');
            if (cJSON_IsString(step))
                buf_puts(&list, step->valuestring);
            else
                json_print(&list, step);
        }
    }
    return list.len ? buf_take(&list) : strdup("");
}

#define expect_violations(text, expected)                                                                              \
    do {                                                                                                               \
        auto_free char *violations_ = violations_of(text);                                                             \
        expect_str(violations_, (expected));                                                                           \
    } while (0)

static void expect_envelope(const char *text, const char *code, const char *message)
{
    auto_json cJSON *envelope = NULL;

    json_parse(mesh_text(text), &envelope, NULL);
    expect_str(json_string(envelope, "code", ""), code);
    expect_str(json_string(envelope, "message", ""), message);
}

/* ---- input ---- */

static void every_violation_is_told_and_dead_lettered_and_no_handler_runs(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct seen seen = { 0 };
    serve(client, "fleet.order", order_schema, NULL, &seen);
    struct ear *letters = peer_listen(peer, "mesh.errors.fleet.order");

    struct link_message reply =
        peer_ask(peer, "mesh.agent.fleet.order",
                 MESH_JSON({"stops": ["a", 7, null], "weight": "x", "note": []}), "X-Mesh-Request-Id", "r1", NULL);
    expect_str(said_header(&reply, "X-Mesh-Status"), "error");
    expect_envelope(said(&reply), "invalid_input", "Input failed validation for agent 'fleet.order'");
    expect_violations(said(&reply), "string_type stops.1; string_type stops.2; int_parsing weight; string_type note");

    struct link_message letter = ear_next(letters, 5000);
    expect_str(said(&letter), said(&reply));
    expect_int(seen.calls, 0);
    link_message_clear(&letter);
    link_message_clear(&reply);
    mesh_client_close(client);
    peer_close(peer);
}

static void input_is_judged_by_its_schema(void)
{
    static const struct {
        const char *agent, *body, *violations; /* NULL: the handler runs */
    } cases[] = {
        { "fleet.order", "{\"stops\": [\"a\", \"b\"]}", NULL },
        { "fleet.order", "{\"stops\": [\"a\", \"b\"], \"weight\": 2.0, \"note\": null, \"unknown\": {}}", NULL },
        { "fleet.order", "{}", "missing stops" },
        { "fleet.order", "[]", "dict_type" },
        { "fleet.order", "null", "dict_type" },
        { "fleet.order", "", "missing" },
        { "fleet.order", "{\"stops\":", "json_invalid" },
        { "fleet.order", "{\"stops\": [\"a\", \"b\"], \"weight\": 1.5}", "int_from_float weight" },
        { "fleet.order", "{\"stops\": [\"a\"], \"weight\": 0}", "too_short stops; greater_than_equal weight" },
        { "sealed", "{\"name\": \"a\"}", NULL },
        { "sealed", "{\"name\": \"a\", \"age\": 7}", "extra_forbidden age" },
        { "maybe", "null", NULL },
        { "maybe", "7", "string_type" },
        { "never", "null", "?" },
        { "anything", "[1, {\"a\": null}]", NULL },
        { "trigger", "not even JSON", NULL },
        { "trigger", "", NULL },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct seen seen = { .answer = "1" };
    serve(client, "fleet.order", order_schema, NULL, &seen);
    serve(client, "sealed", sealed_schema, NULL, &seen);
    serve(client, "maybe", "{\"type\": [\"string\", \"null\"]}", NULL, &seen);
    serve(client, "never", "false", NULL, &seen);
    serve(client, "anything", "{}", NULL, &seen);
    serve(client, "trigger", NULL, NULL, &seen);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_free char *subject = NULL;
        int before = seen.calls;
        expect_true(asprintf(&subject, "mesh.agent.%s", cases[i].agent) > 0);
        struct link_message reply = peer_ask(peer, subject, cases[i].body, "X-Mesh-Request-Id", "r1", NULL);
        expect_int(seen.calls - before, cases[i].violations == NULL);
        expect_str(said_header(&reply, "X-Mesh-Status"), cases[i].violations ? "error" : "ok");
        if (!cases[i].violations) {
            expect_str(seen.input, cases[i].body);
        } else if (*cases[i].violations != '?') {
            expect_violations(said(&reply), cases[i].violations);
        }
        link_message_clear(&reply);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static void a_stream_is_refused_where_it_is_heard(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct seen seen = { 0 };
    serve_stream(client, "up", count_schema, NULL, &seen);
    struct ear *frames = peer_listen(peer, "mesh.stream.r1");

    peer_say(peer, "mesh.agent.up", NULL, "{\"count\": null}", "X-Mesh-Request-Id", "r1", "X-Mesh-Stream", "true",
             NULL);
    struct link_message frame = ear_next(frames, 5000);
    expect_str(said_header(&frame, "X-Mesh-Status"), "error");
    expect_envelope(said(&frame), "invalid_input", "Input failed validation for agent 'up'");
    expect_violations(said(&frame), "int_type count");
    expect_int(seen.calls, 0);
    link_message_clear(&frame);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_caller_of_ours_has_the_details(void)
{
    mesh_client *client = peer_client(NULL);
    struct seen seen = { 0 };
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    serve(client, "fleet.order", order_schema, NULL, &seen);

    expect_int(mesh_call(client, "fleet.order", mesh_text("{\"weight\": 0}"), NULL, &reply, &err),
               MESH_E_INVALID_INPUT);
    expect_violations(mesh_error_details(&err), "missing stops; greater_than_equal weight");
    mesh_error_clear(&err);
    mesh_client_close(client);
}

static void a_schema_that_does_not_compile_is_refused_with_its_agent_and_field(void)
{
    static const struct {
        const char *input, *output, *says[3];
    } cases[] = {
        { "{\"type\": \"strin\"}", NULL, { "agent 'fleet.order': input_schema", "type", "strin" } },
        { "{\"properties\": {\"a\": {\"pattern\": \"(\"}}}", NULL, { "input_schema", "pattern", "/properties/a" } },
        { "{\"$ref\": \"https://example.com/other.json\"}", NULL, { "input_schema", "$ref", "example.com" } },
        { "{}", "{\"minimum\": \"1\"}", { "agent 'fleet.order': output_schema", "minimum", "" } },
    };
    mesh_client *client = peer_client(NULL);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mesh_agent agent = responder;
        mesh_error err = MESH_ERROR_INIT;
        agent.input_schema = cases[i].input;
        agent.output_schema = cases[i].output;
        expect_int(mesh_register(client, &agent, NULL, &err), MESH_E_INVALID_ARGUMENT);
        for (size_t k = 0; k < 3; k++)
            expect_contains(mesh_error_text(&err), cases[i].says[k]);
        mesh_error_clear(&err);
    }
    mesh_client_close(client);
}

/* ---- output ---- */

/* Warnings of a client; on_event comes from any thread. */
struct warnings {
    pthread_mutex_t lock;
    int count;
    char last[512];
};

static void keep_warning(void *data, const mesh_event *event)
{
    struct warnings *warnings = data;

    if (event->level < MESH_LOG_WARN)
        return;
    pthread_mutex_lock(&warnings->lock);
    warnings->count++;
    snprintf(warnings->last, sizeof(warnings->last), "%s", event->text);
    pthread_mutex_unlock(&warnings->lock);
}

static mesh_client *checking_client(struct warnings *warnings)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;

    options.flags = MESH_CLIENT_CHECK_OUTPUT;
    options.on_event = keep_warning;
    options.on_event_data = warnings;
    return peer_client(&options);
}

static void an_answer_that_does_not_fit_is_an_error_for_all_who_are_concerned(void)
{
    struct peer *peer = peer_open();
    struct warnings warnings = { .lock = PTHREAD_MUTEX_INITIALIZER };
    mesh_client *client = checking_client(&warnings);
    struct seen seen = { .answer = "{\"count\": \"many\"}" };
    serve(client, "counter", "{}", count_schema, &seen);

    struct link_message reply = peer_ask(peer, "mesh.agent.counter", "1", "X-Mesh-Request-Id", "r1", NULL);
    expect_str(said_header(&reply, "X-Mesh-Status"), "error");
    expect_contains(said(&reply), "\"handler_error\"");
    expect_contains(said(&reply), "Output of agent 'counter' does not fit its schema: 1 violation, at 'count': ");
    expect_violations(said(&reply), "int_parsing count");
    link_message_clear(&reply);

    /* Its agent answers the next one only when the handler of this one is back. */
    seen.answer = "{\"count\": 1}";
    reply = peer_ask(peer, "mesh.agent.counter", "1", "X-Mesh-Request-Id", "r2", NULL);
    expect_str(said(&reply), "{\"count\": 1}");
    link_message_clear(&reply);
    mesh_client_close(client);
    expect_int(warnings.count, 1);
    expect_contains(warnings.last, "its output does not fit its schema");
    peer_close(peer);
}

static void the_author_reads_why_an_answer_does_not_fit(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.flags = MESH_CLIENT_CHECK_OUTPUT | MESH_CLIENT_HIDE_ERRORS;
    mesh_client *client = peer_client(&options);
    struct seen seen = { .answer = "[]" };
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    serve(client, "counter", "{}", count_schema, &seen);

    expect_int(mesh_call(client, "counter", mesh_text("1"), NULL, &reply, &err), MESH_E_HANDLER_ERROR);
    expect_str(mesh_error_message(&err), "Agent 'counter' failed");
    expect_str(mesh_error_details(&err), "{}");
    mesh_error_clear(&err);
    mesh_client_close(client);
    expect_int(seen.told, MESH_E_INVALID_INPUT);
    expect_contains(seen.error, "the output does not fit output_schema: 1 violation, at the root: ");
    expect_violations(seen.details, "dict_type");
}

static void a_stream_ends_with_the_chunk_that_does_not_fit(void)
{
    struct peer *peer = peer_open();
    struct warnings warnings = { .lock = PTHREAD_MUTEX_INITIALIZER };
    mesh_client *client = checking_client(&warnings);
    struct seen seen = { .answer = "{}" };
    serve_stream(client, "counting", "{}", count_schema, &seen);
    struct ear *frames = peer_listen(peer, "mesh.stream.r1");

    peer_say(peer, "mesh.agent.counting", NULL, "1", "X-Mesh-Request-Id", "r1", "X-Mesh-Stream", "true", NULL);
    struct link_message frame = ear_next(frames, 5000);
    expect_str(said(&frame), MESH_JSON({"count": 1}));
    link_message_clear(&frame);
    frame = ear_next(frames, 5000);
    expect_str(said_header(&frame, "X-Mesh-Status"), "error");
    expect_str(said_header(&frame, "X-Mesh-Stream-End"), "true");
    expect_violations(said(&frame), "missing count");
    link_message_clear(&frame);
    mesh_client_close(client);
    expect_int(seen.told, MESH_E_INVALID_INPUT);
    peer_close(peer);
}

static void what_is_not_checked_leaves_as_it_is(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct seen seen = { .answer = " {\"count\" :\"many\"} " };
    serve(client, "counter", "{}", count_schema, &seen);

    struct link_message reply = peer_ask(peer, "mesh.agent.counter", "1", "X-Mesh-Request-Id", "r1", NULL);
    expect_str(said(&reply), " {\"count\" :\"many\"} ");
    link_message_clear(&reply);
    mesh_client_close(client);
    peer_close(peer);
}

/* The status of an answer by an agent of a child, one of whose agents the operator has said something of. */
static mesh_status told_under(uint32_t client_flags, uint32_t check_output)
{
    const mesh_agent_limits said_of_it = { sizeof(said_of_it), "counter", 0, 0, 0, check_output, NULL, NULL };
    const mesh_agent_limits *const limits[] = { &said_of_it, NULL };
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_child_options child_options = MESH_CHILD_OPTIONS_INIT;
    struct seen seen = { .answer = "{}" };
    mesh_client *child = NULL;
    mesh_reply *reply = NULL;

    options.flags = client_flags;
    mesh_client *client = peer_client(&options);
    child_options.name = "child";
    child_options.limits = limits;
    expect_int(mesh_child_open(client, &child_options, &child, NULL), MESH_OK);
    serve(child, "counter", "{}", count_schema, &seen);
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    mesh_call(client, "counter", mesh_text("1"), NULL, &reply, NULL);
    mesh_reply_free(reply);
    mesh_client_close(child);
    mesh_client_close(client);
    return seen.told;
}

static void the_operator_decides_for_each_agent(void)
{
    expect_int(told_under(0, 0), MESH_OK);
    expect_int(told_under(0, MESH_NO), MESH_OK);
    expect_int(told_under(0, MESH_YES), MESH_E_INVALID_INPUT);
    expect_int(told_under(MESH_CLIENT_CHECK_OUTPUT, 0), MESH_E_INVALID_INPUT);
    expect_int(told_under(MESH_CLIENT_CHECK_OUTPUT, MESH_YES), MESH_E_INVALID_INPUT);
    expect_int(told_under(MESH_CLIENT_CHECK_OUTPUT, MESH_NO), MESH_OK);
}

static void limits_that_make_no_sense_are_refused(void)
{
    static const mesh_agent_limits odd = { sizeof(odd), "counter", 0, 0, 0, 3, NULL, NULL };
    static const mesh_agent_limits *const limits[] = { &odd, NULL };
    mesh_client *client = peer_client(NULL), *child = NULL;
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;

    options.name = "child";
    options.limits = limits;
    expect_int(mesh_child_open(client, &options, &child, NULL), MESH_E_INVALID_ARGUMENT);
    mesh_client_close(client);
}

SUITE(integration_schema, STATEMENT("32 36", every_violation_is_told_and_dead_lettered_and_no_handler_runs),
      STATEMENT("31 32 33 34", input_is_judged_by_its_schema), TEST(a_stream_is_refused_where_it_is_heard),
      TEST(a_caller_of_ours_has_the_details), TEST(a_schema_that_does_not_compile_is_refused_with_its_agent_and_field),
      TEST(an_answer_that_does_not_fit_is_an_error_for_all_who_are_concerned),
      TEST(the_author_reads_why_an_answer_does_not_fit), TEST(a_stream_ends_with_the_chunk_that_does_not_fit),
      TEST(what_is_not_checked_leaves_as_it_is), TEST(the_operator_decides_for_each_agent),
      TEST(limits_that_make_no_sense_are_refused))
