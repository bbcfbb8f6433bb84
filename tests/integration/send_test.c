/* SPDX-License-Identifier: Apache-2.0 */
/* Requests whose answer nobody waits for, or callbacks are told of (protocol 5.6). */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "bus.h"
#include "recording.h"

enum { PATIENCE_MS = 20000 };

/* ---- what the callbacks of one send were told ---- */

struct told {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char replies[256]; /* joined by blanks */
    int done;          /* how often */
    mesh_status status;
    char text[256], code[64], details[256];
    bool after_done; /* a reply came after the end */
};

static void told_init(struct told *told)
{
    *told = (struct told){ .status = MESH_OK };
    pthread_mutex_init(&told->lock, NULL);
    clock_cond_init(&told->changed);
}

static void on_reply(void *data, const mesh_reply *reply)
{
    struct told *told = data;
    pthread_mutex_lock(&told->lock);
    size_t len = strlen(told->replies);
    snprintf(told->replies + len, sizeof(told->replies) - len, "%s%s", len ? " " : "", mesh_reply_body(reply).data);
    told->after_done |= told->done > 0;
    pthread_mutex_unlock(&told->lock);
}

static void on_done(void *data, mesh_status status, const mesh_error *err)
{
    struct told *told = data;
    pthread_mutex_lock(&told->lock);
    told->done++;
    told->status = status;
    snprintf(told->text, sizeof(told->text), "%s", mesh_error_text(err));
    snprintf(told->code, sizeof(told->code), "%s", mesh_error_code(err));
    snprintf(told->details, sizeof(told->details), "%s", mesh_error_details(err));
    pthread_cond_signal(&told->changed);
    pthread_mutex_unlock(&told->lock);
}

static bool told_end(struct told *told)
{
    uint64_t deadline = clock_deadline(PATIENCE_MS);
    pthread_mutex_lock(&told->lock);
    while (told->done == 0 && clock_cond_wait(&told->changed, &told->lock, deadline))
        ;
    bool done = told->done > 0;
    pthread_mutex_unlock(&told->lock);
    return done;
}

static mesh_send_options managed(struct told *told, uint32_t timeout_ms)
{
    mesh_send_options options = MESH_SEND_OPTIONS_INIT;
    told_init(told);
    options.on_reply = on_reply;
    options.on_done = on_done;
    options.data = told;
    options.timeout_ms = timeout_ms;
    return options;
}

/* Send, wait for the end, and see that there is one only: also when the client has been closed. */
static void send_and_hear(mesh_client *parent, const char *agent, const char *input, struct told *told)
{
    mesh_client *client = NULL;
    const mesh_send_options options = managed(told, 0);
    expect_int(mesh_client_child(parent, "sender", &client, NULL), MESH_OK);
    expect_int(mesh_send(client, agent, mesh_text(input), &options, NULL), MESH_OK);
    expect_true(told_end(told));
    mesh_client_close(client);
    expect_int(told->done, 1);
    expect_false(told->after_done);
}

/* ---- without callbacks ---- */

static void a_send_is_one_message_without_reply_subject(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.rec.echo");
    struct recording *recording = recording_open("send-forgotten");
    expect_int(mesh_send(client, "rec.echo", recording_body(recording, 0), NULL, NULL), MESH_OK);
    struct link_message request = ear_next(requests, 5000);
    recording_expect(recording, 0, &request);
    expect_true(link_message_reply(&request) == NULL);
    expect_str(said_header(&request, "X-Mesh-Instance-Id"), mesh_client_instance_id(client));
    link_message_clear(&request);
    recording_close(recording);
    mesh_client_close(client);
    peer_close(peer);
}

static void an_answer_goes_where_it_is_wanted(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.rec.echo"), *answers = peer_listen(peer, "rec.replies.mine");
    struct recording *recording = recording_open("send-answered-elsewhere");
    mesh_send_options options = MESH_SEND_OPTIONS_INIT;
    options.reply_to = "rec.replies.mine";
    expect_int(serve_text(client, "rec.echo", "{\"text\":\"reply elsewhere\",\"length\":15}"), MESH_OK);
    expect_int(mesh_send(client, "rec.echo", recording_body(recording, 0), &options, NULL), MESH_OK);
    struct link_message request = ear_next(requests, 5000), answer = ear_next(answers, 5000);
    recording_expect(recording, 0, &request);
    recording_expect(recording, 1, &answer);
    expect_str(said_header(&request, "X-Mesh-Reply-To"), "rec.replies.mine");
    expect_str(said_header(&answer, "X-Mesh-Request-Id"), said_header(&request, "X-Mesh-Request-Id"));
    link_message_clear(&request);
    link_message_clear(&answer);
    recording_close(recording);
    mesh_client_close(client);
    peer_close(peer);
}

static void what_contradicts_itself_is_refused(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.>");
    struct told told;
    mesh_send_options both = managed(&told, 0), half = both, bad = MESH_SEND_OPTIONS_INIT;
    static const char *const subjects[] = { "", "a b", "a.*", "a.>", "a..b", "a\r\nX: y", "a\n" };
    both.reply_to = "some.subject";
    half.on_done = NULL;
    expect_int(mesh_send(client, "echo", mesh_text("1"), &both, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_send(client, "echo", mesh_text("1"), &half, NULL), MESH_E_INVALID_ARGUMENT);
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        bad.reply_to = subjects[i];
        expect_int(mesh_send(client, "echo", mesh_text("1"), &bad, NULL), MESH_E_INVALID_ARGUMENT);
    }
    expect_int(mesh_send(client, "e cho", mesh_text("1"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_send(client, "last", mesh_text("\"last\""), NULL, NULL), MESH_OK);
    struct link_message first = ear_next(requests, 5000);
    expect_str(said(&first), "\"last\"");
    expect_int(told.done, 0);
    link_message_clear(&first);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- managed ---- */

static void one_answer_without_a_number_completes_it(void)
{
    struct told told;
    mesh_client *client = peer_client(NULL);
    expect_int(serve_text(client, "echo", "[1, 2]"), MESH_OK);
    send_and_hear(client, "echo", "1", &told);
    expect_int(told.status, MESH_OK);
    expect_str(told.replies, "[1, 2]");
    mesh_client_close(client);
}

static void a_managed_send_is_as_recorded_and_reads_what_was(void)
{
    static const struct {
        const char *recording;
        mesh_status status;
        const char *replies, *text;
    } cases[] = {
        { "send-managed", MESH_OK, "{\"text\":\"call me back\",\"length\":12}", "no error" },
        { "send-managed-error", MESH_E_HANDLER_ERROR, "", "send 'rec.echo': handler went wrong" },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.rec.echo");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct told told;
        struct recording *recording = recording_open(cases[i].recording);
        const mesh_send_options options = managed(&told, 0);
        expect_int(mesh_send(client, "rec.echo", recording_body(recording, 0), &options, NULL), MESH_OK);
        struct link_message request = ear_next(requests, 5000);
        recording_expect(recording, 0, &request);
        char results[64];
        snprintf(results, sizeof(results), "mesh.results.%s", said_header(&request, "X-Mesh-Request-Id"));
        expect_str(link_message_reply(&request), results);
        recording_say(recording, 1, peer, link_message_reply(&request));
        expect_true(told_end(&told));
        expect_int(told.status, cases[i].status);
        expect_str(told.replies, cases[i].replies);
        expect_str(told.text, cases[i].text);
        link_message_clear(&request);
        recording_close(recording);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static void what_answers_bring_is_told_in_order_and_ends_once(void)
{
#define SEQ(n) "X-Mesh-Stream-Seq", n
    static const struct {
        const char *agent;
        struct canned messages[4];
        size_t count;
        mesh_status status;
        const char *replies, *code;
    } cases[] = {
        { "odd.many",
          { { "1", { SEQ("0") } }, { "2", { SEQ("1") } }, { "", { SEQ("2"), "X-Mesh-Stream-End", "true" } } },
          3,
          MESH_OK,
          "1 2",
          NULL },
        { "odd.last",
          { { "1", { SEQ("0") } }, { "2", { SEQ("1"), "X-Mesh-Stream-End", "true" } } },
          2,
          MESH_OK,
          "1 2",
          NULL },
        { "odd.plain", { { "1", { SEQ("0") } }, { "2", { NULL } }, { "3", { NULL } } }, 3, MESH_OK, "1 2", NULL },
        { "odd.empty", { { "", { NULL } } }, 1, MESH_OK, "{}", NULL },
        { "odd.null", { { "null", { NULL } } }, 1, MESH_OK, "null", NULL },
        { "odd.text", { { "no json", { NULL } } }, 1, MESH_E_INVALID_JSON, "", NULL },
        { "odd.middle",
          { { "1", { SEQ("0") } }, { "no json", { SEQ("1") } }, { "3", { SEQ("2") } } },
          3,
          MESH_E_INVALID_JSON,
          "1",
          NULL },
        { "odd.error",
          { { "1", { SEQ("0") } }, { "{\"code\": \"own\", \"message\": \"m\"}", { "X-Mesh-Status", "error" } } },
          2,
          MESH_E_MESH,
          "1",
          "own" },
        { "odd.bare", { { "", { "X-Mesh-Status", "error" } } }, 1, MESH_E_MESH, "", "mesh_error" },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct told told;
        peer_pretend(peer, cases[i].agent, cases[i].messages, cases[i].count);
        send_and_hear(client, cases[i].agent, "1", &told);
        expect_int(told.status, cases[i].status);
        expect_str(told.replies, cases[i].replies);
        if (cases[i].code)
            expect_str(told.code, cases[i].code);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static mesh_status fail_with_code(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set_code(err, "quota_exceeded", "come back tomorrow", "{\"limit\": 10}");
}

static void a_failing_agent_is_told_as_it_said(void)
{
    struct told told;
    mesh_client *client = peer_client(NULL);
    expect_int(serve(client, "coded", fail_with_code, NULL), MESH_OK);
    send_and_hear(client, "coded", "1", &told);
    expect_int(told.status, MESH_E_MESH);
    expect_str(told.code, "quota_exceeded");
    expect_str(told.text, "send 'coded': come back tomorrow");
    expect_str(told.details, "{\"limit\":10}");
    expect_str(told.replies, "");
    mesh_client_close(client);
}

static void nobody_serving_is_told_at_once(void)
{
    struct told told;
    mesh_client *client = peer_client(NULL);
    uint64_t begin = clock_ms();
    send_and_hear(client, "nobody", "1", &told);
    expect_int(told.status, MESH_E_NOT_FOUND);
    expect_str(told.text, "send 'nobody': Agent 'nobody' not found");
    expect_str(told.replies, "");
    expect_true(clock_ms() - begin < 10000);
    mesh_client_close(client);
}

static void the_time_without_a_message_is_what_counts(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.slow");
    struct told told;
    const mesh_send_options options = managed(&told, 400);
    uint64_t begin = clock_ms();
    expect_int(mesh_send(client, "slow", mesh_text("1"), &options, NULL), MESH_OK);
    struct link_message request = ear_next(requests, 5000);
    uint64_t last = begin;
    for (int i = 0; i < 4; i++) { /* each in time, all together not */
        struct link_message nothing = ear_next(requests, 150);
        expect_true(nothing.handle == NULL);
        last = clock_ms();
        peer_say(peer, link_message_reply(&request), NULL, "1", "X-Mesh-Stream-Seq", "0", NULL);
    }
    expect_true(told_end(&told));
    expect_int(told.status, MESH_E_TIMEOUT);
    expect_str(told.replies, "1 1 1 1");
    expect_contains(told.text, "no reply from agent 'slow' within 400 ms");
    expect_true(clock_ms() - last >= 400);
    link_message_clear(&request);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_death_ends_it_after_what_came_before(void)
{
    static const char notice[] = "{\"agent\": \"mortal\", \"reason\": \"killed\", \"instance_id\": \"x\"}";
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.mortal");
    struct told told;
    const mesh_send_options options = managed(&told, 0);
    expect_int(mesh_send(client, "mortal", mesh_text("1"), &options, NULL), MESH_OK);
    struct link_message request = ear_next(requests, 5000);
    peer_say(peer, link_message_reply(&request), NULL, "1", "X-Mesh-Stream-Seq", "0", NULL);
    peer_say(peer, "mesh.death.mortal", NULL, notice, NULL);
    expect_true(told_end(&told));
    expect_int(told.status, MESH_E_AGENT_DIED);
    expect_str(told.replies, "1");
    expect_contains(told.text, "Agent 'mortal' left the mesh during the request");
    expect_contains(told.details, "killed");
    link_message_clear(&request);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_stop_ends_it_before_it_returns(void)
{
    struct peer *peer = peer_open();
    mesh_client *root = peer_client(NULL), *client = NULL;
    struct ear *requests = peer_listen(peer, "mesh.agent.silent");
    struct told told;
    const mesh_send_options options = managed(&told, 0);
    expect_int(mesh_client_child(root, "sender", &client, NULL), MESH_OK);
    expect_int(mesh_send(client, "silent", mesh_text("1"), &options, NULL), MESH_OK);
    struct link_message request = ear_next(requests, 5000);
    expect_int(mesh_client_stop(client, 0, NULL), MESH_OK);
    expect_int(told.done, 1);
    expect_int(told.status, MESH_E_STOPPED);
    peer_say(peer, link_message_reply(&request), NULL, "1", NULL);
    expect_int(mesh_send(client, "silent", mesh_text("1"), &options, NULL), MESH_E_STOPPED);
    expect_int(mesh_send(client, "silent", mesh_text("1"), NULL, NULL), MESH_E_STOPPED);
    mesh_client_close(client);
    mesh_client_close(root);
    expect_int(told.done, 1);
    expect_str(told.replies, "");
    link_message_clear(&request);
    peer_close(peer);
}

static void a_refused_publish_or_subscription_is_told(void)
{
    if (!bus_has_server("it gives the server permissions"))
        return;
    static const char permissions[] =
        "authorization { users = [ { user: all, password: p }\n"
        "  { user: mute, password: p, permissions: { publish: { deny: [\"mesh.agent.Secret\"] } } }\n"
        "  { user: deaf, password: p, permissions: { subscribe: { deny: [\"mesh.results.>\", \"mesh.stream.>\"] } } } "
        "] }\n";
    static const struct {
        const char *user, *text;
    } cases[] = { { "mute", "may publish to mesh.agent.Secret" }, { "deaf", "may subscribe to it" } };
    struct nats_server *server = nats_server_start(permissions);
    for (size_t i = 0; i < 2; i++) {
        struct told told;
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        mesh_client *client = NULL;
        auto_free char *url = NULL, *all = NULL;
        expect_true(asprintf(&url, "nats://%s:p@127.0.0.1:%d", cases[i].user, nats_server_port(server)) > 0);
        expect_true(asprintf(&all, "nats://all:p@127.0.0.1:%d", nats_server_port(server)) > 0);
        struct peer *peer = peer_open_at(all);
        peer_listen(peer, "mesh.agent.Secret"); /* somebody is there, but silent */
        options.url = url;
        expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
        const mesh_send_options sent = managed(&told, 0);
        expect_int(mesh_send(client, "Secret", mesh_text("1"), &sent, NULL), MESH_OK);
        expect_true(told_end(&told));
        expect_int(told.status, MESH_E_CONNECTION_DENIED);
        expect_contains(told.text, cases[i].text);
        mesh_stream *stream = NULL;
        mesh_bytes chunk;
        mesh_error err = MESH_ERROR_INIT;
        expect_int(mesh_stream_open(client, "Secret", mesh_text("1"), NULL, &stream, NULL), MESH_OK);
        expect_int(mesh_stream_next(stream, &chunk, &err), MESH_E_CONNECTION_DENIED);
        expect_contains(mesh_error_text(&err), cases[i].text);
        mesh_error_clear(&err);
        mesh_stream_close(stream);
        mesh_client_close(client);
        peer_close(peer);
    }
    nats_server_stop(server);
}

SUITE(integration_send, STATEMENT("45", a_send_is_one_message_without_reply_subject),
      STATEMENT("45", an_answer_goes_where_it_is_wanted), TEST(what_contradicts_itself_is_refused),
      STATEMENT("46", one_answer_without_a_number_completes_it),
      STATEMENT("46", a_managed_send_is_as_recorded_and_reads_what_was),
      STATEMENT("46 48", what_answers_bring_is_told_in_order_and_ends_once),
      STATEMENT("46", a_failing_agent_is_told_as_it_said), STATEMENT("42 46", nobody_serving_is_told_at_once),
      STATEMENT("46", the_time_without_a_message_is_what_counts),
      STATEMENT("43 46", a_death_ends_it_after_what_came_before), TEST(a_stop_ends_it_before_it_returns),
      STATEMENT("44", a_refused_publish_or_subscription_is_told))
