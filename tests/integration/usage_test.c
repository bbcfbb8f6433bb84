/* SPDX-License-Identifier: Apache-2.0 */
/* What requests have used: reported by handlers, told to callers and to those who watch (protocol 12.5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/observe.h>
#include <agentmesh/stream.h>

#include "agents.h"
#include "golden.h"

enum { SOON_MS = 20000, QUIET_MS = 100 };

/* The steps that a handler reports before it answers; a list that ends with NULL. */
static mesh_status report_all(mesh_request *request, const mesh_usage *const *steps, mesh_error *err)
{
    mesh_status status = MESH_OK;
    for (; *steps && status == MESH_OK; steps++)
        status = mesh_request_report(request, *steps, err);
    return status;
}

static mesh_status report_and_answer(mesh_request *request, void *state, mesh_error *err)
{
    mesh_status status = report_all(request, state, err);
    return status == MESH_OK ? mesh_request_answer(request, mesh_text("1"), err) : status;
}

static mesh_status report_only(mesh_request *request, void *state, mesh_error *err)
{
    return report_all(request, state, err);
}

static mesh_status report_and_fail(mesh_request *request, void *state, mesh_error *err)
{
    report_all(request, state, err);
    return mesh_error_set(err, MESH_E_HANDLER_ERROR, "it went wrong");
}

static mesh_status report_between_chunks(mesh_request *request, void *state, mesh_error *err)
{
    const mesh_usage *const *steps = state;
    for (size_t i = 0; steps[i]; i++)
        if (mesh_request_report(request, steps[i], err) != MESH_OK ||
            mesh_request_chunkf(request, err, "%zu", i) != MESH_OK)
            return err->status;
    return MESH_OK;
}

/* As recorded: the whole in one step; and the same in two. */
static const mesh_usage whole = { sizeof(mesh_usage), 11, 5, 16, 0.002, "model-x", 15, 0 };
static const mesh_usage half = { sizeof(mesh_usage), 5, 5, 0, 0.001, "model-w", 11, 0 };
static const mesh_usage other_half = { sizeof(mesh_usage), 6, 0, 16, 0.001, "model-x", 13, 0 };
static const mesh_usage nothing = MESH_USAGE_INIT;
static const mesh_usage tokens = { sizeof(mesh_usage), 1, 3, 0, 0, NULL, 3, 0 };
static const mesh_usage more_tokens = { sizeof(mesh_usage), 2, 4, 0, 0, NULL, 3, 0 };

static const mesh_usage *const once[] = { &whole, NULL }, *const twice[] = { &half, &other_half, NULL };
static const mesh_usage *const of_nothing[] = { &nothing, NULL }, *const never[] = { NULL };
static const mesh_usage *const of_stream[] = { &tokens, &more_tokens, NULL };

static void expect_registered(struct ear *ear)
{
    struct link_message event = ear_next(ear, SOON_MS);
    expect_contains(said(&event), "agent_registered");
    link_message_clear(&event);
}

static void expect_told(struct peer *peer, mesh_client *host, const char *agent, mesh_handler handler,
                        const mesh_usage *const *steps, const char *header)
{
    auto_free char *subject = NULL, *logs = NULL;
    expect_true(asprintf(&subject, "mesh.agent.%s", agent) > 0 && asprintf(&logs, "mesh.logs.%s", agent) > 0);
    struct ear *ear = peer_listen(peer, logs);
    serve(host, agent, handler, (void *)steps);
    expect_registered(ear);
    struct link_message answer = peer_ask(peer, subject, "1", "X-Mesh-Request-Id", "9", NULL);
    expect_str(said_header(&answer, "X-Mesh-Status"), "ok");
    expect_str(said_header(&answer, "X-Mesh-Usage"), header);
    struct link_message event = ear_next(ear, strcmp(header, "(none)") == 0 ? QUIET_MS : SOON_MS);
    if (strcmp(header, "(none)") == 0) {
        expect_str(said(&event), "(none)");
    } else {
        expect_contains(said(&event), "\"level\":\"info\",");
        expect_contains(said(&event), "\"event\":\"usage_reported\",\"request_id\":\"9\",\"message\":\"\",\"data\":{");
        expect_contains(said(&event), header);
    }
    link_message_clear(&answer);
    link_message_clear(&event);
}

static void usage_travels_with_the_answer_and_is_told(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    auto_free char *recorded = golden("usage/call.json");
    expect_told(peer, host, "used.once", report_and_answer, once, recorded);
    expect_told(peer, host, "used.twice", report_and_answer, twice, recorded);
    expect_told(peer, host, "used.unanswered", report_only, once, recorded);
    expect_told(peer, host, "used.nothing", report_and_answer, of_nothing, "{}");
    expect_told(peer, host, "used.never", report_and_answer, never, "(none)");
    mesh_client_close(host);
    peer_close(peer);
}

static void usage_of_a_stream_travels_with_its_end(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    auto_free char *recorded = golden("usage/stream.json");
    const mesh_agent agent = MESH_STREAMER("used.stream", "For a test.", report_between_chunks, "{}", "{}");
    struct ear *frames = peer_listen(peer, "mesh.stream.31"), *logs = peer_listen(peer, "mesh.logs.used.stream");
    expect_int(mesh_register(host, &agent, (void *)of_stream, NULL), MESH_OK);
    expect_registered(logs);
    peer_say(peer, "mesh.agent.used.stream", NULL, "1", "X-Mesh-Request-Id", "31", "X-Mesh-Stream", "true", NULL);
    for (int i = 0; i < 3; i++) {
        struct link_message frame = ear_next(frames, SOON_MS);
        expect_str(said_header(&frame, "X-Mesh-Stream-End"), i < 2 ? "false" : "true");
        expect_str(said_header(&frame, "X-Mesh-Usage"), i < 2 ? "(none)" : recorded);
        link_message_clear(&frame);
    }
    struct link_message event = ear_next(logs, SOON_MS);
    expect_contains(said(&event), "\"event\":\"usage_reported\",\"request_id\":\"31\"");
    link_message_clear(&event);
    mesh_client_close(host);
    peer_close(peer);
}

static void errors_carry_no_usage(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct ear *letters = peer_listen(peer, "mesh.errors.used.fails"),
               *logs = peer_listen(peer, "mesh.logs.used.fails");
    serve(host, "used.fails", report_and_fail, (void *)once);
    expect_registered(logs);
    struct link_message answer = peer_ask(peer, "mesh.agent.used.fails", "1", NULL),
                        letter = ear_next(letters, SOON_MS);
    expect_str(said_header(&answer, "X-Mesh-Status"), "error");
    expect_str(said_header(&answer, "X-Mesh-Usage"), "(none)");
    expect_str(said_header(&letter, "X-Mesh-Usage"), "(none)");
    link_message_clear(&answer);
    link_message_clear(&letter);
    struct link_message failed = ear_next(logs, SOON_MS), more = ear_next(logs, QUIET_MS);
    expect_contains(said(&failed), "request_failed");
    expect_str(said(&more), "(none)");
    link_message_clear(&failed);
    mesh_client_close(host);
    peer_close(peer);
}

/* ---- reports that are refused ---- */

static mesh_status report_late(mesh_request *request, void *state, mesh_error *err)
{
    mesh_status *late = state;
    mesh_status status = mesh_request_answer(request, mesh_text("1"), err);
    *late = mesh_request_report(request, &whole, NULL);
    return status;
}

static mesh_status report_wrongly(mesh_request *request, void *state, mesh_error *err)
{
    mesh_usage unknown = whole, unsized = whole;
    (void)state;
    unknown.given = 16;
    unsized.size = 0;
    expect_int(mesh_request_report(request, NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_request_report(request, &unsized, NULL), MESH_E_INCOMPATIBLE);
    expect_int(mesh_request_report(request, &unknown, err), MESH_E_INVALID_ARGUMENT);
    return mesh_request_answer(request, mesh_text("1"), err);
}

static void a_report_after_the_answer_is_too_late(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    mesh_status late = MESH_OK;
    serve(host, "used.late", report_late, &late);
    struct link_message answer = peer_ask(peer, "mesh.agent.used.late", "1", NULL);
    expect_str(said_header(&answer, "X-Mesh-Usage"), "(none)");
    link_message_clear(&answer);
    expect_int(mesh_unregister(host, "used.late", NULL), MESH_OK);
    expect_int(late, MESH_E_ANSWERED);
    mesh_client_close(host);
    peer_close(peer);
}

static void a_report_that_is_wrong_reports_nothing(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    serve(host, "used.wrong", report_wrongly, NULL);
    struct link_message answer = peer_ask(peer, "mesh.agent.used.wrong", "1", NULL);
    expect_str(said_header(&answer, "X-Mesh-Status"), "ok");
    expect_str(said_header(&answer, "X-Mesh-Usage"), "(none)");
    link_message_clear(&answer);
    mesh_client_close(host);
    peer_close(peer);
}

/* ---- callers ---- */

static void callers_read_what_was_used(void)
{
    mesh_client *host = peer_client(NULL);
    mesh_usage usage = MESH_USAGE_INIT;
    mesh_reply *reply = NULL;
    char model[16];
    serve(host, "used.read", report_and_answer, (void *)twice);
    expect_int(mesh_call(host, "used.read", mesh_text("1"), NULL, &reply, NULL), MESH_OK);
    expect_int(mesh_usage_read(mesh_reply_usage(reply), &usage, model, sizeof(model), NULL), MESH_OK);
    mesh_reply_free(reply);
    expect_int(usage.given, 15);
    expect_int(usage.input_tokens, 11);
    expect_int(usage.output_tokens, 5);
    expect_int(usage.total_tokens, 16);
    expect_true(usage.estimated_cost_usd == 0.002);
    expect_str(usage.model, "model-x");
    mesh_client_close(host);
}

static void callers_of_streams_read_it_after_the_end(void)
{
    mesh_client *host = peer_client(NULL);
    const mesh_agent agent = MESH_STREAMER("used.chunks", "For a test.", report_between_chunks, "{}", "{}");
    mesh_usage usage = MESH_USAGE_INIT;
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    expect_int(mesh_register(host, &agent, (void *)of_stream, NULL), MESH_OK);
    expect_int(mesh_stream_open(host, "used.chunks", mesh_text("1"), NULL, &stream, NULL), MESH_OK);
    while (mesh_stream_next(stream, &chunk, NULL) == MESH_OK)
        ;
    expect_int(mesh_usage_read(mesh_stream_usage(stream), &usage, NULL, 0, NULL), MESH_OK);
    expect_int(usage.given, MESH_USAGE_INPUT_TOKENS | MESH_USAGE_OUTPUT_TOKENS);
    expect_int(usage.input_tokens, 3);
    expect_int(usage.output_tokens, 7);
    expect_true(usage.model == NULL);
    mesh_stream_close(stream);
    mesh_client_close(host);
}

static void a_model_is_cut_where_there_is_no_room(void)
{
    static const char json[] = "{\"model\": \"abc\xc3\xa9\"}";
    mesh_usage usage = MESH_USAGE_INIT;
    char model[8];
    expect_int(mesh_usage_read(mesh_text(json), &usage, model, 6, NULL), MESH_OK);
    expect_str(usage.model, "abc\xc3\xa9");
    expect_int(mesh_usage_read(mesh_text(json), &usage, model, 5, NULL), MESH_OK);
    expect_str(usage.model, "abc");
    expect_int(mesh_usage_read(mesh_text(json), &usage, model, 1, NULL), MESH_OK);
    expect_str(usage.model, "");
    expect_int(mesh_usage_read(mesh_text(json), &usage, NULL, 0, NULL), MESH_OK);
    expect_true(usage.model == NULL);
}

static void usage_that_is_missing_is_told_from_usage_that_cannot_be_read(void)
{
    mesh_usage usage = MESH_USAGE_INIT;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_usage_read(mesh_text(""), &usage, NULL, 0, &err), MESH_E_NOT_FOUND);
    expect_int(mesh_usage_read(mesh_text("lots"), &usage, NULL, 0, &err), MESH_E_DATA);
    expect_int(mesh_usage_read(mesh_text("{}"), &usage, NULL, 0, &err), MESH_OK);
    expect_int(usage.given, 0);
    expect_int(usage.size, sizeof(usage));
    mesh_error_clear(&err);
}

SUITE(integration_usage, STATEMENT("61", usage_travels_with_the_answer_and_is_told),
      STATEMENT("61", usage_of_a_stream_travels_with_its_end), STATEMENT("61", errors_carry_no_usage),
      TEST(a_report_after_the_answer_is_too_late), TEST(a_report_that_is_wrong_reports_nothing),
      TEST(callers_read_what_was_used), TEST(callers_of_streams_read_it_after_the_end),
      TEST(a_model_is_cut_where_there_is_no_room), TEST(usage_that_is_missing_is_told_from_usage_that_cannot_be_read))
