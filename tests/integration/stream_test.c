/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in chunks: both sides of mesh_stream_open() on a real server (protocol 5.5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "peer.h"
#include "suite.h"

/* {"count": n}: n chunks. {"fail_after": n}: as many, then an error. */
static mesh_status count_up(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    int64_t fail_after = mesh_request_int(request, "fail_after", -1);
    int64_t count = fail_after >= 0 ? fail_after : mesh_request_int(request, "count", 0);
    for (int64_t i = 0; i < count; i++) {
        mesh_status status = mesh_request_chunkf(request, err, MESH_JSON({"n": %d}), (int)i);
        if (status != MESH_OK)
            return status;
    }
    return fail_after >= 0 ? mesh_error_set_code(err, "broken", "the belt broke", NULL) : MESH_OK;
}

/* Streams until told that nobody reads; tells how it ended. */
static mesh_status stream_for_ever(mesh_request *request, void *state, mesh_error *err)
{
    mesh_status status = MESH_OK;
    while (status == MESH_OK && mesh_request_stopped(request) == MESH_STOP_NONE)
        status = mesh_request_chunk(request, mesh_text("1"), err);
    *(_Atomic int32_t *)state = mesh_request_stopped(request);
    return status;
}

static void serve(mesh_client *client, const char *name, mesh_handler stream, void *state)
{
    const mesh_agent agent = {
        .size = sizeof(agent), .name = name, .description = "For a test.", .input_schema = "{}", .stream = stream
    };
    expect_int(mesh_register(client, &agent, state, NULL), MESH_OK);
}

/* All chunks and how it ended, joined by blanks: "1 2 end", "1 broken: the belt broke". To free(). */
static char *stream(mesh_client *client, const char *agent, const char *input)
{
    struct buf said;
    buf_init(&said, 1 << 20);
    mesh_error err = MESH_ERROR_INIT;
    mesh_stream *open = NULL;
    mesh_bytes chunk;
    mesh_status status = mesh_stream_open(client, agent, mesh_text(input), NULL, &open, &err);
    while (status == MESH_OK && (status = mesh_stream_next(open, &chunk, &err)) == MESH_OK)
        buf_printf(&said, "%s ", chunk.data);
    if (status == MESH_E_END)
        buf_puts(&said, "end");
    else
        buf_printf(&said, "%s: %s", mesh_error_code(&err), mesh_error_message(&err));
    mesh_stream_close(open);
    mesh_error_clear(&err);
    return buf_take(&said);
}

#define expect_stream(client, agent, input, expected)                                                                  \
    do {                                                                                                               \
        auto_free char *said_ = stream((client), (agent), (input));                                                    \
        expect_str(said_, (expected));                                                                                 \
    } while (0)

static void chunks_arrive_in_order_and_end(void)
{
    mesh_client *host = peer_client(NULL), *caller = peer_client(NULL);
    serve(host, "up", count_up, NULL);
    expect_stream(caller, "up", "{\"count\": 3}", "{\"n\": 0} {\"n\": 1} {\"n\": 2} end");
    expect_stream(caller, "up", "{\"count\": 0}", "end");
    mesh_client_close(caller);
    mesh_client_close(host);
}

static void many_chunks_arrive_whole(void)
{
    mesh_client *client = peer_client(NULL);
    serve(client, "up", count_up, NULL);
    mesh_stream *open = NULL;
    mesh_bytes chunk;
    long count = 0;
    expect_int(mesh_stream_open(client, "up", mesh_text("{\"count\": 20000}"), NULL, &open, NULL), MESH_OK);
    while (mesh_stream_next(open, &chunk, NULL) == MESH_OK)
        count++;
    expect_int(count, 20000);
    expect_int(mesh_stream_next(open, &chunk, NULL), MESH_E_END);
    mesh_stream_close(open);
    mesh_client_close(client);
}

static void a_failure_comes_after_the_chunks_before_it(void)
{
    mesh_client *client = peer_client(NULL);
    serve(client, "up", count_up, NULL);
    expect_stream(client, "up", "{\"fail_after\": 2}", "{\"n\": 0} {\"n\": 1} broken: the belt broke");
    expect_stream(client, "up", "{\"fail_after\": 0}", "broken: the belt broke");
    expect_stream(client, "up", "no json", "invalid_input: Input failed validation for agent 'up'");
    mesh_client_close(client);
}

static void expect_frame(struct ear *frames, const char *body, const char *sequence, const char *end,
                         const char *status)
{
    struct link_message frame = ear_next(frames, 5000);
    expect_str(said(&frame), body);
    expect_str(said_header(&frame, "X-Mesh-Stream-Seq"), sequence);
    expect_str(said_header(&frame, "X-Mesh-Stream-End"), end);
    expect_str(said_header(&frame, "X-Mesh-Status"), status);
    expect_str(said_header(&frame, "X-Mesh-Request-Id"), "s1");
    link_message_clear(&frame);
}

static void frames_have_the_headers_of_the_protocol(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    serve(client, "up", count_up, NULL);
    struct ear *frames = peer_listen(peer, "mesh.stream.s1");
    peer_say(peer, "mesh.agent.up", NULL, "{\"count\": 2}", "X-Mesh-Request-Id", "s1", "X-Mesh-Stream", "true", NULL);
    expect_frame(frames, "{\"n\": 0}", "0", "false", "(none)");
    expect_frame(frames, "{\"n\": 1}", "1", "false", "(none)");
    expect_frame(frames, "", "2", "true", "(none)");
    peer_say(peer, "mesh.agent.up", NULL, "{}", "X-Mesh-Request-Id", "s1", "X-Mesh-Stream", "true", NULL);
    expect_frame(frames, "", "0", "true", "(none)");

    struct ear *letters = peer_listen(peer, "mesh.errors.up");
    peer_say(peer, "mesh.agent.up", NULL, "{\"fail_after\": 1}", "X-Mesh-Request-Id", "s1", "X-Mesh-Stream", "true",
             NULL);
    expect_frame(frames, "{\"n\": 0}", "0", "false", "(none)");
    struct link_message failure = ear_next(frames, 5000), letter = ear_next(letters, 5000);
    expect_str(said_header(&failure, "X-Mesh-Stream-Seq"), "(none)");
    expect_str(said_header(&failure, "X-Mesh-Stream-End"), "true");
    expect_str(said_header(&failure, "X-Mesh-Status"), "error");
    expect_str(said_header(&failure, "X-Mesh-Request-Id"), "s1");
    expect_str(said(&letter), said(&failure));
    expect_str(said_header(&letter, "X-Mesh-Status"), "error");
    expect_str(said_header(&letter, "X-Mesh-Request-Id"), "s1");
    expect_str(said_header(&letter, "X-Mesh-Instance-Id"), mesh_client_instance_id(client));
    expect_str(said_header(&letter, "X-Mesh-Stream-End"), "(none)");
    link_message_clear(&failure);
    link_message_clear(&letter);
    struct link_message more = ear_next(frames, 50);
    expect_str(said(&more), "(none)");
    link_message_clear(&more);
    mesh_client_close(client);
    peer_close(peer);
}

static mesh_status answer_one(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_text("1"), err);
}

static void the_wrong_verb_is_answered_where_the_caller_listens(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    const mesh_agent one = {
        .size = sizeof(one), .name = "one", .description = "One.", .input_schema = "{}", .call = answer_one
    };
    expect_int(mesh_register(client, &one, NULL, NULL), MESH_OK);
    serve(client, "up", count_up, NULL);

    struct ear *frames = peer_listen(peer, "mesh.stream.s1");
    peer_say(peer, "mesh.agent.one", NULL, "1", "X-Mesh-Request-Id", "s1", "X-Mesh-Stream", "true", NULL);
    struct link_message frame = ear_next(frames, 5000);
    expect_contains(said(&frame), "Agent 'one' does not support streaming. Use call() instead");
    expect_contains(said(&frame), "invocation_mismatch");
    expect_str(said_header(&frame, "X-Mesh-Stream-End"), "true");
    link_message_clear(&frame);

    struct link_message reply = peer_ask(peer, "mesh.agent.up", "{}", "X-Mesh-Request-Id", "c1", NULL);
    expect_contains(said(&reply), "Agent 'up' is streaming-only. Use stream() instead");
    link_message_clear(&reply);
    reply = peer_ask(peer, "mesh.agent.one", "1", "X-Mesh-Stream", "True", NULL);
    expect_str(said(&reply), "1");
    link_message_clear(&reply);
    reply = peer_ask(peer, "mesh.agent.up", "{}", "X-Mesh-Stream", "true", "X-Mesh-Request-Id", "not a token", NULL);
    expect_contains(said(&reply), "invalid_input");
    link_message_clear(&reply);

    expect_stream(client, "one", "1",
                  "invocation_mismatch: Agent 'one' does not support streaming. Use call() instead");
    mesh_client_close(client);
    peer_close(peer);
}

#define CHUNK(body, sequence)                                                                                          \
    {                                                                                                                  \
        body,                                                                                                          \
        {                                                                                                              \
            "X-Mesh-Stream-Seq", sequence, "X-Mesh-Stream-End", "false"                                                \
        }                                                                                                              \
    }
#define END                                                                                                            \
    {                                                                                                                  \
        "",                                                                                                            \
        {                                                                                                              \
            "X-Mesh-Stream-End", "true", "X-Mesh-Stream-Seq", "77"                                                     \
        }                                                                                                              \
    }

static void odd_frames_are_read_as_the_protocol_says(void)
{
    static const struct {
        const char *agent, *expected;
        struct canned frames[3];
    } cases[] = {
        { "odd.gap", "1 chunk_sequence_error: Expected chunk seq 1, got 2", { CHUNK("1", "0"), CHUNK("2", "2"), END } },
        { "odd.twice",
          "1 chunk_sequence_error: Expected chunk seq 1, got 0",
          { CHUNK("1", "0"), CHUNK("2", "0"), END } },
        { "odd.none",
          "chunk_sequence_error: Expected chunk seq 0, got -1",
          { { "1", { "X-Mesh-Stream-End", "false" } }, END, END } },
        { "odd.bare", "chunk_sequence_error: Expected chunk seq 0, got -1", { { "1", { NULL } }, END, END } },
        { "odd.empty", "null 2 end", { CHUNK("", "0"), CHUNK("2", "1"), END } },
        { "odd.null", "null 2 end", { CHUNK("null", "0"), CHUNK("2", "1"), END } },
        { "odd.body", "1 end", { CHUNK("1", "0"), { "dropped", { "X-Mesh-Stream-End", "true" } }, END } },
        { "odd.error",
          "mesh_error: mesh error",
          { { "", { "X-Mesh-Stream-End", "true", "X-Mesh-Status", "error" } }, END, END } },
        { "odd.unended",
          "own: m",
          { { "{\"code\":\"own\",\"message\":\"m\"}", { "X-Mesh-Status", "error" } }, END, END } },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        peer_pretend(peer, cases[i].agent, cases[i].frames, 3);
        expect_stream(client, cases[i].agent, "1", cases[i].expected);
    }
    mesh_client_close(client);
    peer_close(peer);
}

/* Nobody listens where the chunks of this request would come, once the server has been told so. */
struct deserted {
    struct peer *peer;
    struct ear *answers; /* the server's, to whoever asks where nobody listens */
    char subject[64];
};

#define ANSWERS "deserted.answers"
enum { ANSWER_MS = 200 }; /* one who listens does not answer, so this is not long */

static bool is_deserted(void *data)
{
    struct deserted *place = data;
    peer_say(place->peer, place->subject, ANSWERS, "anybody?", NULL);
    struct link_message answer = ear_next(place->answers, ANSWER_MS);
    bool nobody = answer.handle && link_message_is_no_responders(&answer);
    link_message_clear(&answer);
    return nobody;
}

static void however_a_stream_ends_nobody_listens_any_more(void)
{
    static const struct {
        const char *agent;
        struct canned frames[2];
        int reads;
    } cases[] = {
        { "ends.well", { CHUNK("1", "0"), END }, 2 },
        { "ends.early", { CHUNK("1", "0"), CHUNK("2", "1") }, 1 },
        { "ends.gap", { CHUNK("1", "0"), CHUNK("2", "2") }, 2 },
        { "ends.error", { CHUNK("1", "0"), { "", { "X-Mesh-Status", "error" } } }, 2 },
        { "ends.late", { CHUNK("1", "0"), CHUNK("2", "1") }, 3 },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    struct ear *answers = peer_listen(peer, ANSWERS);
    options.timeout_ms = 200;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct deserted place = { peer, answers, "" };
        mesh_stream *open = NULL;
        mesh_bytes chunk;
        char subject[64];
        snprintf(subject, sizeof(subject), "mesh.agent.%s", cases[i].agent);
        struct ear *requests = peer_listen(peer, subject);
        peer_pretend(peer, cases[i].agent, cases[i].frames, 2);
        expect_int(mesh_stream_open(client, cases[i].agent, mesh_text("1"), &options, &open, NULL), MESH_OK);
        struct link_message request = ear_next(requests, 5000);
        snprintf(place.subject, sizeof(place.subject), "mesh.stream.%s", said_header(&request, "X-Mesh-Request-Id"));
        for (int n = 0; n < cases[i].reads; n++)
            mesh_stream_next(open, &chunk, NULL);
        mesh_stream_close(open);
        expect_true(comes_true(is_deserted, &place, 10000));
        link_message_clear(&request);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static void a_stream_that_does_not_end_times_out(void)
{
    static const struct canned only[] = { CHUNK("1", "0") };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    peer_pretend(peer, "odd.open", only, 1);
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    options.timeout_ms = 300;
    mesh_stream *open = NULL;
    mesh_bytes chunk;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_stream_open(client, "odd.open", mesh_text("1"), &options, &open, NULL), MESH_OK);
    expect_int(mesh_stream_next(open, &chunk, &err), MESH_OK);
    expect_int(mesh_stream_next(open, &chunk, &err), MESH_E_TIMEOUT);
    expect_str(mesh_error_text(&err), "stream 'odd.open': the stream of agent 'odd.open' did not end within 300 ms");
    expect_int(mesh_stream_next(open, &chunk, &err), MESH_E_TIMEOUT);
    mesh_error_clear(&err);
    mesh_stream_close(open);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_stream_to_nobody_fails_at_once(void)
{
    mesh_client *client = peer_client(NULL);
    uint64_t begin = clock_ms();
    expect_stream(client, "nobody", "1", "not_found: Agent 'nobody' not found");
    expect_true(clock_ms() - begin < 5000);
    mesh_client_close(client);
}

static bool is_set(void *data)
{
    return *(_Atomic int32_t *)data != 0;
}

static void a_handler_is_told_when_nobody_reads(void)
{
    _Atomic int32_t ended = 0;
    mesh_client *client = peer_client(NULL);
    serve(client, "ever", stream_for_ever, &ended);
    mesh_stream *open = NULL;
    mesh_bytes chunk;
    expect_int(mesh_stream_open(client, "ever", mesh_text("1"), NULL, &open, NULL), MESH_OK);
    expect_int(mesh_stream_next(open, &chunk, NULL), MESH_OK);
    mesh_stream_close(open);
    expect_true(comes_true(is_set, &ended, 10000));
    expect_int(ended, MESH_STOP_CALLER_GONE);
    mesh_client_close(client);
}

static void a_death_ends_a_stream_after_the_chunks_before_it(void)
{
    static const struct canned only[] = { CHUNK("1", "0") };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    peer_pretend(peer, "mortal", only, 1);
    mesh_stream *open = NULL;
    mesh_bytes chunk;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_stream_open(client, "mortal", mesh_text("1"), NULL, &open, NULL), MESH_OK);
    expect_int(mesh_stream_next(open, &chunk, &err), MESH_OK);
    peer_say(peer, "mesh.death.mortal", NULL, "{\"agent\":\"mortal\",\"reason\":\"disconnect\"}", NULL);
    expect_int(mesh_stream_next(open, &chunk, &err), MESH_E_AGENT_DIED);
    expect_str(mesh_error_message(&err), "Agent 'mortal' left the mesh mid-stream");
    expect_contains(mesh_error_details(&err), "disconnect");
    mesh_error_clear(&err);
    mesh_stream_close(open);
    mesh_client_close(client);
    peer_close(peer);
}

SUITE(integration_stream, STATEMENT("39", chunks_arrive_in_order_and_end), TEST(many_chunks_arrive_whole),
      STATEMENT("40", a_failure_comes_after_the_chunks_before_it),
      STATEMENT("6 36 39 40", frames_have_the_headers_of_the_protocol),
      STATEMENT("37 38", the_wrong_verb_is_answered_where_the_caller_listens),
      STATEMENT("41", odd_frames_are_read_as_the_protocol_says),
      STATEMENT("41", however_a_stream_ends_nobody_listens_any_more), TEST(a_stream_that_does_not_end_times_out),
      STATEMENT("42", a_stream_to_nobody_fails_at_once), TEST(a_handler_is_told_when_nobody_reads),
      STATEMENT("43", a_death_ends_a_stream_after_the_chunks_before_it))
