/* SPDX-License-Identifier: Apache-2.0 */
/* One request, one reply: both sides of mesh_call() on a real server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "peer.h"
#include "suite.h"

#define ANY_OBJECT MESH_JSON({"type": "object"})

static mesh_status echo(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answerf(
        request, err,
        MESH_JSON({"reply": %s}), mesh_quotef(request, "Echo: %s", mesh_request_string(request, "message", "")));
}

static mesh_status mirror(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_request_input(request), err);
}

static mesh_status count_calls(mesh_request *request, void *state, mesh_error *err)
{
    return mesh_request_answerf(request, err, "%d", ++*(int *)state);
}

static mesh_status answer_nothing(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    (void)err;
    return MESH_OK;
}

static mesh_status fail_plainly(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set(err, MESH_E_NO_MEMORY, "the disk is full");
}

static mesh_status fail_with_code(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set_code(err, "quota_exceeded", "come back tomorrow", "{\"limit\": 10}");
}

static mesh_status answer_garbage(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_text("{\"half\":"), err);
}

static mesh_status answer_twice(mesh_request *request, void *state, mesh_error *err)
{
    mesh_error second = MESH_ERROR_INIT;
    mesh_status status = mesh_request_answer(request, mesh_text("1"), err);
    *(mesh_status *)state = mesh_request_answer(request, mesh_text("2"), &second);
    mesh_error_clear(&second);
    return status;
}

static void serve(mesh_client *client, const char *name, const char *input, const char *output, mesh_handler call,
                  void *state)
{
    const mesh_agent agent = { .size = sizeof(agent),
                               .name = name,
                               .description = "For a test.",
                               .input_schema = input,
                               .output_schema = output,
                               .call = call };
    mesh_error err = MESH_ERROR_INIT;
    if (mesh_register(client, &agent, state, &err) != MESH_OK)
        fprintf(stderr, "register: %s\n", mesh_error_text(&err));
    expect_int(err.status, MESH_OK);
    mesh_error_clear(&err);
}

/* The answer to one call, or the code and message of its error; to free(). */
static char *call(mesh_client *client, const char *agent, const char *input)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    char *text = NULL;
    if (mesh_call(client, agent, mesh_text(input), NULL, &reply, &err) == MESH_OK)
        text = strdup(mesh_reply_body(reply).data);
    else if (asprintf(&text, "%s: %s", mesh_error_code(&err), mesh_error_message(&err)) < 0)
        text = NULL;
    mesh_reply_free(reply);
    mesh_error_clear(&err);
    return text;
}

#define expect_call(client, agent, input, expected)                                                                    \
    do {                                                                                                               \
        auto_free char *answer_ = call((client), (agent), (input));                                                    \
        expect_str(answer_, (expected));                                                                               \
    } while (0)

static void a_call_is_answered(void)
{
    mesh_client *host = peer_client(NULL), *caller = peer_client(NULL);
    serve(host, "echo", ANY_OBJECT, ANY_OBJECT, echo, NULL);
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    expect_int(mesh_call(caller, "echo", mesh_text("{\"message\": \"hi \\\"you\\\"\"}"), NULL, &reply, &err), MESH_OK);
    expect_str(mesh_reply_body(reply).data, "{\"reply\": \"Echo: hi \\\"you\\\"\"}");
    expect_str(mesh_reply_agent(reply), "echo");
    expect_str(mesh_reply_instance(reply), mesh_client_instance_id(host));
    expect_int(mesh_reply_usage(reply).len, 0);
    mesh_reply_free(reply);
    mesh_client_close(caller);
    mesh_client_close(host);
}

static void every_kind_of_json_value_passes(void)
{
    static const char *const values[] = {
        "{\"a\":[1,2]}", "[1, 2.50, 12345678901234567890]", "\"text\"", "-0.0", "null", "true", " {} "
    };
    mesh_client *client = peer_client(NULL);
    serve(client, "mirror", "{}", NULL, mirror, NULL);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        expect_call(client, "mirror", values[i], values[i]);
    mesh_client_close(client);
}

static void a_trigger_runs_and_ignores_what_it_is_sent(void)
{
    int count = 0;
    mesh_client *client = peer_client(NULL);
    serve(client, "count", NULL, "{}", count_calls, &count);
    expect_call(client, "count", "", "1");
    expect_call(client, "count", "not JSON", "2");
    mesh_client_close(client);
}

static void a_handler_that_answers_nothing_answers_an_empty_object(void)
{
    mesh_client *client = peer_client(NULL);
    serve(client, "quiet", "{}", NULL, answer_nothing, NULL);
    serve(client, "owing", "{}", ANY_OBJECT, answer_nothing, NULL);
    expect_call(client, "quiet", "1", "{}");
    expect_call(client, "owing", "1", "handler_error: Agent 'owing' ended the request without an answer");
    mesh_client_close(client);
}

static void failures_of_handlers_reach_the_caller(void)
{
    mesh_client *client = peer_client(NULL);
    serve(client, "plain", "{}", NULL, fail_plainly, NULL);
    serve(client, "coded", "{}", NULL, fail_with_code, NULL);
    serve(client, "garbage", "{}", NULL, answer_garbage, NULL);
    expect_call(client, "plain", "1", "handler_error: the disk is full");
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    expect_int(mesh_call(client, "coded", mesh_text("1"), NULL, &reply, &err), MESH_E_MESH);
    expect_str(mesh_error_code(&err), "quota_exceeded");
    expect_str(mesh_error_text(&err), "call 'coded': come back tomorrow");
    expect_str(mesh_error_details(&err), "{\"limit\":10}");
    expect_str(mesh_error_agent(&err), "coded");
    expect_int(strlen(mesh_error_request_id(&err)), 32);
    mesh_error_clear(&err);
    auto_free char *garbage = call(client, "garbage", "1");
    expect_contains(garbage, "handler_error: ");
    mesh_client_close(client);
}

static void hidden_errors_tell_only_that_it_failed(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.flags = MESH_CLIENT_HIDE_ERRORS;
    mesh_client *client = peer_client(&options);
    serve(client, "plain", "{}", NULL, fail_plainly, NULL);
    serve(client, "coded", "{}", NULL, fail_with_code, NULL);
    expect_call(client, "plain", "1", "handler_error: Agent 'plain' failed");
    expect_call(client, "coded", "1", "quota_exceeded: come back tomorrow");
    mesh_client_close(client);
}

static void the_first_answer_wins(void)
{
    mesh_status second = MESH_OK;
    mesh_client *client = peer_client(NULL);
    serve(client, "twice", "{}", NULL, answer_twice, &second);
    expect_call(client, "twice", "1", "1");
    expect_int(mesh_unregister(client, "twice", NULL), MESH_OK); /* its handler has returned */
    expect_int(second, MESH_E_ANSWERED);
    mesh_client_close(client);
}

static void instances_of_one_name_share_its_requests(void)
{
    enum { CALLS = 200 };
    int counts[2] = { 0, 0 };
    mesh_client *hosts[2] = { peer_client(NULL), peer_client(NULL) }, *caller = peer_client(NULL);
    for (int i = 0; i < 2; i++)
        serve(hosts[i], "twins", NULL, "{}", count_calls, &counts[i]);
    for (int i = 0; i < CALLS; i++)
        free(call(caller, "twins", ""));
    mesh_client_close(caller);
    for (int i = 0; i < 2; i++)
        mesh_client_close(hosts[i]);
    expect_int(counts[0] + counts[1], CALLS);
    expect_true(counts[0] > 0 && counts[1] > 0);
}

/* ---- on the wire ---- */

static void a_reply_has_the_headers_of_the_protocol(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    serve(client, "echo", ANY_OBJECT, NULL, echo, NULL);
    struct link_message reply =
        peer_ask(peer, "mesh.agent.echo", "{\"message\": \"x\"}", "X-Mesh-Request-Id", "abc", NULL);
    expect_str(said(&reply), "{\"reply\": \"Echo: x\"}");
    expect_str(said_header(&reply, "X-Mesh-Status"), "ok");
    expect_str(said_header(&reply, "X-Mesh-Source"), "echo");
    expect_str(said_header(&reply, "X-Mesh-Request-Id"), "abc");
    expect_str(said_header(&reply, "X-Mesh-Instance-Id"), mesh_client_instance_id(client));
    link_message_clear(&reply);

    reply = peer_ask(peer, "mesh.agent.echo", "{}", NULL);
    expect_str(said_header(&reply, "X-Mesh-Status"), "ok");
    expect_str(said_header(&reply, "X-Mesh-Request-Id"), "");
    expect_str(said_header(&reply, "X-Mesh-Instance-Id"), mesh_client_instance_id(client));
    link_message_clear(&reply);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_request_has_the_headers_of_the_protocol(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.raw");
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    options.timeout_ms = 50;
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    expect_int(mesh_call(client, "raw", mesh_text("[1]"), &options, &reply, &err), MESH_E_TIMEOUT);
    struct link_message request = ear_next(requests, 5000);
    expect_str(said(&request), "[1]");
    expect_str(said_header(&request, "X-Mesh-Request-Id"), mesh_error_request_id(&err));
    expect_str(said_header(&request, "X-Mesh-Instance-Id"), mesh_client_instance_id(client));
    expect_str(said_header(&request, "X-Mesh-Stream"), "(none)");
    expect_contains(link_message_reply(&request), "_INBOX.");
    link_message_clear(&request);
    mesh_error_clear(&err);
    mesh_client_close(client);
    peer_close(peer);
}

/* The envelope as a tree; cJSON_Delete() it. */
static cJSON *envelope_of(const struct link_message *message)
{
    cJSON *tree = NULL;
    json_parse(mesh_text(said(message)), &tree, NULL);
    return tree;
}

static void input_that_is_no_json_is_refused_at_once_and_dead_lettered(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    serve(client, "echo", ANY_OBJECT, NULL, echo, NULL);
    struct ear *letters = peer_listen(peer, "mesh.errors.echo");
    struct ear *logs = peer_listen(peer, "mesh.logs.echo");

    uint64_t begin = clock_ms();
    struct link_message reply = peer_ask(peer, "mesh.agent.echo", "{\"message\":", "X-Mesh-Request-Id", "r1", NULL);
    expect_true(clock_ms() - begin < 1000);
    auto_json cJSON *envelope = envelope_of(&reply);
    expect_str(said_header(&reply, "X-Mesh-Status"), "error");
    expect_str(said_header(&reply, "X-Mesh-Request-Id"), "r1");
    expect_str(json_string(envelope, "code", ""), "invalid_input");
    expect_str(json_string(envelope, "message", ""), "Input failed validation for agent 'echo'");
    expect_str(json_string(envelope, "agent", ""), "echo");
    expect_str(json_string(envelope, "request_id", ""), "r1");
    const cJSON *first = cJSON_GetArrayItem(json_get(json_get(envelope, "details"), "errors"), 0);
    expect_str(json_string(first, "type", ""), "json_invalid");
    expect_contains(json_string(first, "msg", ""), "Invalid JSON: ");
    expect_true(cJSON_IsArray(json_get(first, "loc")));

    struct link_message letter = ear_next(letters, 5000);
    expect_str(said(&letter), said(&reply));
    expect_str(said_header(&letter, "X-Mesh-Status"), "error");
    expect_str(said_header(&letter, "X-Mesh-Request-Id"), "r1");
    expect_str(said_header(&letter, "X-Mesh-Instance-Id"), mesh_client_instance_id(client));
    expect_str(said_header(&letter, "X-Mesh-Stream-End"), "(none)");
    struct link_message log = ear_next(logs, 5000);
    auto_json cJSON *event = envelope_of(&log);
    expect_str(json_string(event, "event", ""), "validation_error");
    expect_str(json_string(event, "level", ""), "warn");
    expect_str(json_string(json_get(event, "data"), "code", ""), "invalid_input");
    link_message_clear(&log);
    link_message_clear(&letter);
    link_message_clear(&reply);
    mesh_client_close(client);
    peer_close(peer);
}

static void an_empty_body_is_refused_where_input_is_taken(void)
{
    mesh_client *client = peer_client(NULL);
    serve(client, "echo", ANY_OBJECT, NULL, echo, NULL);
    expect_call(client, "echo", "", "invalid_input: Input failed validation for agent 'echo'");
    mesh_client_close(client);
}

static void a_failure_without_a_reply_subject_is_still_dead_lettered(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    serve(client, "coded", "{}", NULL, fail_with_code, NULL);
    struct ear *letters = peer_listen(peer, "mesh.errors.coded");
    peer_say(peer, "mesh.agent.coded", NULL, "1", "X-Mesh-Request-Id", "lonely", NULL);
    struct link_message letter = ear_next(letters, 5000);
    auto_json cJSON *envelope = envelope_of(&letter);
    expect_str(json_string(envelope, "code", ""), "quota_exceeded");
    expect_str(json_string(envelope, "request_id", ""), "lonely");
    link_message_clear(&letter);
    mesh_client_close(client);
    peer_close(peer);
}

static void error_bodies_of_any_kind_are_errors(void)
{
    static const struct {
        const char *agent, *expected;
        struct canned reply;
    } cases[] = {
        { "odd.empty", "mesh_error: mesh error", { "", { "X-Mesh-Status", "error" } } },
        { "odd.text", "mesh_error: mesh error", { "not json", { "X-Mesh-Status", "error" } } },
        { "odd.array", "mesh_error: mesh error", { "[]", { "X-Mesh-Status", "error" } } },
        { "odd.types", "mesh_error: mesh error", { "{\"code\": 7, \"message\": null}", { "X-Mesh-Status", "error" } } },
        { "odd.own",
          "own: m",
          { "{\"code\": \"own\", \"message\": \"m\", \"details\": null}", { "X-Mesh-Status", "error" } } },
        { "odd.case", "{\"code\": \"own\"}", { "{\"code\": \"own\"}", { "X-Mesh-Status", "Error" } } },
        { "odd.nothing", "{}", { "", { NULL } } },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        peer_pretend(peer, cases[i].agent, &cases[i].reply, 1);
        expect_call(client, cases[i].agent, "1", cases[i].expected);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static mesh_status create_twice(mesh_request *request, void *state, mesh_error *err)
{
    mesh_client *client = mesh_request_client(request);
    (void)state;
    mesh_status status = mesh_key_create(client, "call.once", mesh_text("1"), NULL, err);
    return status == MESH_OK ? mesh_key_create(client, "call.once", mesh_text("2"), NULL, err) : status;
}

static void a_key_that_exists_is_a_handler_error_on_the_wire(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    serve(client, "creator", "{}", NULL, create_twice, NULL);
    struct ear *letters = peer_listen(peer, "mesh.errors.creator");
    struct link_message reply = peer_ask(peer, "mesh.agent.creator", "1", NULL), letter = ear_next(letters, 5000);
    auto_json cJSON *envelope = envelope_of(&reply);
    expect_str(json_string(envelope, "code", ""), "handler_error");
    expect_str(json_string(json_get(envelope, "details"), "code", ""), "kv_key_exists");
    expect_str(said(&letter), said(&reply));
    link_message_clear(&letter);
    link_message_clear(&reply);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- nobody, and death ---- */

static void a_name_that_nobody_serves_fails_at_once(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    uint64_t begin = clock_ms();
    expect_call(client, "nobody", "1", "not_found: Agent 'nobody' not found");
    const char entry[] = "[{\"name\": \"asleep\", \"description\": \"\", \"version\": \"1\", \"tags\": [], "
                         "\"invocable\": true, \"streaming\": false}]";
    expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text(entry), NULL, NULL), MESH_OK);
    expect_call(client, "asleep", "1",
                "not_available: Agent 'asleep' is registered but currently offline (lifecycle gate)");
    expect_true(clock_ms() - begin < 5000);
    expect_int(link_key_delete(peer_link(peer), "mesh-catalog", "catalog", NULL), MESH_OK);
    mesh_client_close(client);
    peer_close(peer);
}

static void names_that_are_none_are_refused(void)
{
    static const char *const names[] = { "", ".a", "a..b", "a b", "a*", "a.>", "a\n" };
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        mesh_reply *reply = NULL;
        expect_int(mesh_call(client, names[i], mesh_text("1"), NULL, &reply, &err), MESH_E_INVALID_ARGUMENT);
        mesh_error_clear(&err);
    }
    mesh_client_close(client);
}

SUITE(integration_call, TEST(a_call_is_answered), STATEMENT("28", every_kind_of_json_value_passes),
      STATEMENT("33", a_trigger_runs_and_ignores_what_it_is_sent),
      TEST(a_handler_that_answers_nothing_answers_an_empty_object),
      STATEMENT("35", failures_of_handlers_reach_the_caller), TEST(hidden_errors_tell_only_that_it_failed),
      TEST(the_first_answer_wins), STATEMENT("26", instances_of_one_name_share_its_requests),
      STATEMENT("6 29 30", a_reply_has_the_headers_of_the_protocol),
      STATEMENT("6", a_request_has_the_headers_of_the_protocol),
      STATEMENT("31 36", input_that_is_no_json_is_refused_at_once_and_dead_lettered),
      STATEMENT("33", an_empty_body_is_refused_where_input_is_taken),
      STATEMENT("36", a_failure_without_a_reply_subject_is_still_dead_lettered),
      STATEMENT("48", error_bodies_of_any_kind_are_errors),
      STATEMENT("49", a_key_that_exists_is_a_handler_error_on_the_wire),
      STATEMENT("42", a_name_that_nobody_serves_fails_at_once), STATEMENT("1", names_that_are_none_are_refused))
