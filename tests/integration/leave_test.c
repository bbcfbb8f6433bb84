/* SPDX-License-Identifier: Apache-2.0 */
/* How agents leave, and what their callers learn of it (protocol 4.6, 4.7, 5.4). */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <agentmesh/serving.h>

#include "agents.h"
#include "base/clock.h"
#include "golden.h"

static mesh_client *client_draining(uint32_t drain_timeout_ms)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.drain_timeout_ms = drain_timeout_ms;
    return peer_client(&options);
}

static void expect_nothing_stored(struct peer *peer, const char *agent, const char *instance_id)
{
    auto_free char *entry = stored_entry(peer, agent);
    auto_free char *contract = stored_contract(peer, agent);
    auto_free char *record = peer_key(peer, "mesh-instances", instance_id);
    expect_str(entry, NULL);
    expect_str(contract, NULL);
    expect_str(record, NULL);
}

static void expect_silence(struct ear *ear)
{
    struct link_message message = ear_next(ear, 50);
    expect_str(said(&message), "(none)");
    link_message_clear(&message);
}

static void expect_notice(struct ear *deaths, const char *agent, const char *instance_id)
{
    struct link_message notice = ear_next(deaths, 5000);
    auto_free char *reference = golden("death/graceful_shutdown.json");
    auto_free char *stamp = string_at(said(&notice), "detected_at");
    auto_free char *timed = with_string(reference, "detected_at", stamp);
    auto_free char *named = with_string(timed, "agent", agent);
    auto_free char *expected = with_string(named, "instance_id", instance_id);
    expect_true(is_stamp(stamp));
    expect_json(said(&notice), expected);
    expect_str(said_header(&notice, "X-Mesh-Instance-Id"), "(none)");
    if (notice.handle)
        expect_true(link_message_reply(&notice) == NULL);
    link_message_clear(&notice);
}

/* ---- what is removed ---- */

static void unregistering_removes_all_that_was_written(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *deaths = peer_listen(peer, "mesh.death.>");
    expect_int(serve_text(client, "gone", "1"), MESH_OK);
    expect_true(is_announced(peer, client, "gone"));
    expect_int(mesh_unregister(client, "gone", NULL), MESH_OK);
    expect_nothing_stored(peer, "gone", mesh_client_instance_id(client));
    expect_notice(deaths, "gone", mesh_client_instance_id(client));
    expect_call(client, "gone", "not_found: Agent 'gone' not found");
    mesh_client_close(client);
    expect_silence(deaths);
    peer_close(peer);
}

static void closing_removes_all_agents_with_one_notice_each(void)
{
    static const char *const names[] = { "bye.a", "bye.b", "bye.c" };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *deaths[3];
    auto_free char *id = strdup(mesh_client_instance_id(client));
    for (size_t i = 0; i < 3; i++) {
        expect_int(serve_text(client, names[i], "1"), MESH_OK);
        char subject[64];
        snprintf(subject, sizeof(subject), "mesh.death.%s", names[i]);
        deaths[i] = peer_listen(peer, subject);
    }
    mesh_client_close(client);
    for (size_t i = 0; i < 3; i++) {
        expect_notice(deaths[i], names[i], id);
        expect_silence(deaths[i]);
        expect_nothing_stored(peer, names[i], id);
    }
    auto_free char *catalog = peer_key(peer, "mesh-catalog", "catalog");
    expect_json(catalog, "[]");
    peer_close(peer);
}

static void what_another_instance_serves_stays(void)
{
    struct peer *peer = peer_open();
    mesh_client *one = peer_client(NULL), *two = peer_client(NULL);
    struct ear *deaths = peer_listen(peer, "mesh.death.>");
    expect_int(serve_text(one, "shared", "1"), MESH_OK);
    expect_int(serve_text(two, "shared", "2"), MESH_OK);
    mesh_client_close(one);
    expect_true(is_announced(peer, two, "shared"));
    expect_call(two, "shared", "2");
    expect_silence(deaths);
    auto_free char *id = strdup(mesh_client_instance_id(two));
    mesh_client_close(two);
    expect_notice(deaths, "shared", id);
    expect_nothing_stored(peer, "shared", id);
    peer_close(peer);
}

static void the_record_of_any_host_counts_as_an_instance(void)
{
    static const char *const odd[] = { "not JSON", "{}", "{\"agents\": null}", "[\"foreign\"]",
                                       "{\"agents\": [7, {}]}" };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *deaths = peer_listen(peer, "mesh.death.>");
    char key[16];
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        snprintf(key, sizeof(key), "odd%zu", i);
        expect_int(link_key_put(peer_link(peer), "mesh-instances", key, mesh_text(odd[i]), NULL, NULL), MESH_OK);
    }
    mesh_bytes record = mesh_text("{\"agents\": [\"other\", \"foreign\"], \"x\": 1}");
    expect_int(link_key_put(peer_link(peer), "mesh-instances", "theirs", record, NULL, NULL), MESH_OK);
    expect_int(serve_text(client, "foreign", "1"), MESH_OK);
    expect_int(mesh_unregister(client, "foreign", NULL), MESH_OK);
    auto_free char *entry = stored_entry(peer, "foreign");
    auto_free char *contract = stored_contract(peer, "foreign");
    expect_true(entry && contract);
    expect_silence(deaths);

    expect_int(link_key_delete(peer_link(peer), "mesh-instances", "theirs", NULL), MESH_OK);
    expect_int(serve_text(client, "foreign", "1"), MESH_OK);
    expect_int(mesh_unregister(client, "foreign", NULL), MESH_OK);
    expect_notice(deaths, "foreign", mesh_client_instance_id(client));
    expect_nothing_stored(peer, "foreign", mesh_client_instance_id(client));
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- what is in hand ---- */

static void requests_in_hand_are_answered_before_the_notice(void)
{
    enum { CALLERS = 5 };
    struct gate gate;
    struct caller callers[CALLERS];
    gate_init(&gate);
    mesh_client *host = peer_client(NULL), *caller = peer_client(NULL);
    expect_int(serve(host, "busy", wait_at_gate, &gate), MESH_OK);
    for (int i = 0; i < CALLERS; i++)
        caller_start(&callers[i], caller, "busy"); /* one runs, the others wait in the queue */
    expect_true(gate_has(&gate, 1));
    mesh_counters counters = { .size = sizeof(counters) };
    uint64_t deadline = clock_deadline(10000);
    while (counters.requests < CALLERS && clock_left_ms(deadline) > 0)
        mesh_child_counters(host, &counters);
    gate_open(&gate);
    mesh_client_close(host);
    for (int i = 0; i < CALLERS; i++)
        expect_said(&callers[i], "\"passed\"");
    expect_call(caller, "busy", "not_found: Agent 'busy' not found");
    mesh_client_close(caller);
}

static mesh_status answer_when_told_to_stop(mesh_request *request, void *state, mesh_error *err)
{
    atomic_fetch_add((atomic_int *)state, 1);
    mesh_request_wait(request, 20000);
    return mesh_request_answer(request, mesh_text("\"too late\""), err);
}

static bool is_running(void *data)
{
    return *(atomic_int *)data > 0;
}

static void a_handler_that_outlives_the_drain_time_is_answered_for(void)
{
    struct caller callers[2];
    atomic_int running = 0;
    mesh_client *host = client_draining(100), *caller = peer_client(NULL);
    expect_int(serve(host, "stubborn", answer_when_told_to_stop, &running), MESH_OK);
    caller_start(&callers[0], caller, "stubborn");
    expect_true(comes_true(is_running, &running, 10000));
    caller_start(&callers[1], caller, "stubborn");
    mesh_client_close(host);
    expect_said(&callers[0], "not_available: Agent 'stubborn' gave no answer: it is leaving the mesh");
    caller_join(&callers[1]); /* it was in the queue, or came when the agent had left */
    expect_true(strncmp(callers[1].said, "not_", 4) == 0);
    caller_clear(&callers[1]);
    mesh_client_close(caller);
}

/* The server takes no word in any more, when this returns. */
static void freeze_server(void)
{
    kill(nats_server_pid(peer_server()), SIGSTOP);
    waitpid(nats_server_pid(peer_server()), NULL, WUNTRACED);
}

static void thaw_server(void)
{
    kill(nats_server_pid(peer_server()), SIGCONT);
}

static void a_client_closes_though_its_server_hangs(void)
{
    mesh_client *client = client_draining(200);
    expect_int(serve_text(client, "patient", "1"), MESH_OK);
    expect_call(client, "patient", "1");
    freeze_server();
    mesh_client_close(client);
    thaw_server();
}

/* Until the server says that an agent has left its queue group, requests may still come for it. */
static void a_child_is_in_use_until_the_server_lets_it_go(void)
{
    mesh_client *host = peer_client(NULL), *child = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_client_child(host, "child", &child, NULL), MESH_OK);
    expect_int(serve_text(child, "held", "1"), MESH_OK);
    freeze_server();
    expect_int(mesh_client_stop(child, 50, &err), MESH_E_TIMEOUT);
    expect_contains(mesh_error_text(&err), "subscriptions that the server has not ended yet: 1");
    mesh_error_clear(&err);
    thaw_server();
    expect_int(mesh_client_stop(child, 10000, NULL), MESH_OK);
    mesh_client_close(child);
    mesh_client_close(host);
}

/* ---- deaths ---- */

/* Tell a death while a call waits for an agent that says nothing. */
static void expect_death(struct peer *peer, const char *agent, const char *notice, const char *details)
{
    char subject[64];
    struct caller caller;
    mesh_client *client = peer_client(NULL);
    snprintf(subject, sizeof(subject), "mesh.agent.%s", agent);
    struct ear *requests = peer_listen(peer, subject);
    caller_start(&caller, client, agent);
    struct link_message request = ear_next(requests, 5000);
    snprintf(subject, sizeof(subject), "mesh.death.%s", agent);
    peer_say(peer, "mesh.death.somebody", NULL, notice, NULL);
    peer_say(peer, subject, NULL, notice, NULL);
    caller_join(&caller);
    expect_int(caller.failure.status, MESH_E_AGENT_DIED);
    expect_contains(mesh_error_message(&caller.failure), "left the mesh during the request");
    expect_str(mesh_error_agent(&caller.failure), agent);
    expect_str(mesh_error_request_id(&caller.failure), said_header(&request, "X-Mesh-Request-Id"));
    expect_json(mesh_error_details(&caller.failure), details);
    caller_clear(&caller);
    link_message_clear(&request);
    mesh_client_close(client);
}

static void a_notice_ends_a_call_with_the_notice_as_details(void)
{
    struct peer *peer = peer_open();
    auto_free char *graceful = golden("death/graceful_shutdown.json");
    auto_free char *disconnect = golden("death/disconnect.json");
    expect_death(peer, "mortal", graceful, graceful);
    expect_death(peer, "mortal.too", disconnect, disconnect);
    peer_close(peer);
}

static void any_body_is_a_notice(void)
{
    static const char *const bodies[] = { "", "not JSON", "[1]", "null", "{\"agent\": \"cut", "\"text\"" };
    struct peer *peer = peer_open();
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_death(peer, "mortal", bodies[i], "{}");
    peer_close(peer);
}

/* The largest that the server takes: our own words about it do not fit beside it. */
static void a_notice_of_any_size_is_a_notice(void)
{
    struct peer *peer = peer_open();
    size_t len = link_max_payload(peer_link(peer));
    char *body = malloc(len + 1);
    memset(body, 'x', len);
    body[len] = '\0';
    expect_death(peer, "mortal", body, "{}");
    free(body);
    peer_close(peer);
}

/* ---- an answer on its way when its agent dies ---- */

static void say(struct link *link, const char *subject, const char *sequence, const char *end, const char *body)
{
    const struct header headers[] = { { "X-Mesh-Stream-Seq", sequence }, { "X-Mesh-Stream-End", end } };
    const struct link_outgoing message = {
        .subject = subject, .headers = headers, .header_count = sequence ? 2 : 0, .body = mesh_text(body)
    };
    link_publish(link, &message, NULL);
}

/* [link] Answer any of mesh.agent.mayfly.* and let that agent die at once. */
static void answer_and_die(void *closure, struct link_message *request)
{
    struct link *link = closure;
    char frames[64], death[64];
    snprintf(death, sizeof(death), "mesh.death.%s", link_message_subject(request) + strlen("mesh.agent."));
    if (link_message_header(request, "X-Mesh-Stream")) {
        snprintf(frames, sizeof(frames), "mesh.stream.%s", link_message_header(request, "X-Mesh-Request-Id"));
        say(link, frames, "0", "false", "1");
        say(link, frames, "1", "false", "2");
        say(link, frames, "2", "true", "");
    } else {
        say(link, link_message_reply(request), NULL, NULL, "\"last words\"");
    }
    say(link, death, NULL, NULL, "{\"reason\": \"disconnect\"}");
}

static void expect_whole_stream(mesh_client *client, const char *agent)
{
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    expect_int(mesh_stream_open(client, agent, mesh_text("1"), NULL, &stream, NULL), MESH_OK);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_OK);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_OK);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_E_END);
    mesh_stream_close(stream);
}

static void an_answer_before_the_notice_wins(void)
{
    enum { TIMES = 300 };
    struct peer *peer = peer_open();
    struct link *link = peer_link(peer);
    struct link_subscription *requests;
    mesh_client *client = peer_client(NULL);
    expect_int(link_subscribe(link, "mesh.agent.mayfly.*", NULL, answer_and_die, link, &requests, NULL), MESH_OK);
    expect_int(link_flush(link, 5000, NULL), MESH_OK);
    for (int i = 0; i < TIMES; i++) {
        char agent[32];
        snprintf(agent, sizeof(agent), "mayfly.call%d", i);
        expect_call(client, agent, "\"last words\"");
        snprintf(agent, sizeof(agent), "mayfly.stream%d", i);
        expect_whole_stream(client, agent);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static void callers_of_an_instance_that_leaves_hear_of_it(void)
{
    struct peer *peer = peer_open();
    struct caller caller;
    mesh_client *host = peer_client(NULL), *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.deaf");
    caller_start(&caller, client, "deaf"); /* only the ear has it */
    struct link_message request = ear_next(requests, 5000);
    expect_int(serve_text(host, "deaf", "1"), MESH_OK);
    auto_free char *id = strdup(mesh_client_instance_id(host));
    mesh_client_close(host);
    caller_join(&caller);
    expect_int(caller.failure.status, MESH_E_AGENT_DIED);
    auto_free char *reason = string_at(mesh_error_details(&caller.failure), "reason");
    auto_free char *instance = string_at(mesh_error_details(&caller.failure), "instance_id");
    expect_str(reason, "graceful_shutdown");
    expect_str(instance, id);
    caller_clear(&caller);
    link_message_clear(&request);
    mesh_client_close(client);
    peer_close(peer);
}

SUITE(integration_leave, STATEMENT("23", unregistering_removes_all_that_was_written),
      STATEMENT("22 23", closing_removes_all_agents_with_one_notice_each),
      STATEMENT("24", what_another_instance_serves_stays),
      STATEMENT("24", the_record_of_any_host_counts_as_an_instance),
      STATEMENT("25", requests_in_hand_are_answered_before_the_notice),
      STATEMENT("25", a_handler_that_outlives_the_drain_time_is_answered_for),
      TEST(a_client_closes_though_its_server_hangs), TEST(a_child_is_in_use_until_the_server_lets_it_go),
      STATEMENT("43", a_notice_ends_a_call_with_the_notice_as_details), STATEMENT("43", any_body_is_a_notice),
      TEST(a_notice_of_any_size_is_a_notice), TEST(an_answer_before_the_notice_wins),
      TEST(callers_of_an_instance_that_leaves_hear_of_it))
