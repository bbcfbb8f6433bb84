/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that publish (protocol 6.1). */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/cjson.h>
#include <agentmesh/serving.h>

#include "agents.h"
#include "base/clock.h"
#include "golden.h"
#include "recording.h"

enum { WAIT_MS = 20000, NEVER_MS = 100 };

/* ---- publishers ---- */

static mesh_status publish_three(mesh_emitter *emitter, void *state, mesh_error *err)
{
    mesh_status status = MESH_OK;
    (void)state;
    for (int n = 0; n < 3 && status == MESH_OK; n++)
        status = mesh_emitf(emitter, err, MESH_JSON({"n":%d}), n);
    return status;
}

/* Counts up as long as it may, slowly. state, if given: how many do so now. */
static mesh_status count_up(mesh_emitter *emitter, void *state, mesh_error *err)
{
    atomic_int *running = state;
    mesh_status status = MESH_OK;
    if (running)
        expect_int(atomic_fetch_add(running, 1), 0);
    for (int n = 0; status == MESH_OK && mesh_emitter_wait(emitter, 2) == 0; n++)
        status = mesh_emitf(emitter, err, "%d", n);
    if (running)
        atomic_fetch_sub(running, 1);
    return status;
}

static mesh_status fail_after_one(mesh_emitter *emitter, void *state, mesh_error *err)
{
    (void)state;
    mesh_status status = mesh_emit(emitter, mesh_text("{\"n\":0}"), err);
    return status == MESH_OK ? mesh_error_set(err, MESH_E_HANDLER_ERROR, "publisher went wrong") : status;
}

static mesh_status publish(mesh_client *client, const char *name, mesh_task entry, void *state)
{
    const mesh_agent agent = MESH_PUBLISHER(name, "For a test.", entry, MESH_JSON({"type": "object"}));
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = mesh_register(client, &agent, state, &err);
    if (status != MESH_OK)
        fprintf(stderr, "register: %s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return status;
}

/* ---- what is heard ---- */

#define expect_event(ear, body, sequence, end)                                                                         \
    do {                                                                                                               \
        struct link_message event_ = ear_next(ear, WAIT_MS);                                                           \
        expect_str(said(&event_), body);                                                                               \
        expect_str(said_header(&event_, "X-Mesh-Stream-Seq"), sequence);                                               \
        expect_str(said_header(&event_, "X-Mesh-Stream-End"), end);                                                    \
        expect_str(said_header(&event_, "X-Mesh-Request-Id"), "(none)");                                               \
        link_message_clear(&event_);                                                                                   \
    } while (0)

#define expect_silence(ear)                                                                                            \
    do {                                                                                                               \
        struct link_message more_ = ear_next(ear, NEVER_MS);                                                           \
        expect_true(more_.handle == NULL);                                                                             \
        link_message_clear(&more_);                                                                                    \
    } while (0)

/* Hear on until the end; whether the numbers come one after the other. Gives how many events there were. */
static int count_to_end(struct ear *ear, int from)
{
    for (int expected = from;; expected++) {
        char number[16];
        snprintf(number, sizeof(number), "%d", expected);
        struct link_message event = ear_next(ear, WAIT_MS);
        bool is_end = !event.handle || strcmp(said_header(&event, "X-Mesh-Stream-End"), "true") == 0;
        expect_str(said_header(&event, "X-Mesh-Stream-Seq"), number);
        expect_int(event.handle && link_message_body(&event).len == 0, is_end);
        link_message_clear(&event);
        if (is_end)
            return expected;
    }
}

/* ---- one publisher ---- */

static void events_are_numbered_from_zero_and_end_as_recorded(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct recording *recording = recording_open("events");
    struct ear *ear = peer_listen(peer, "mesh.agent.rec.ticker.events");
    expect_int(publish(client, "rec.ticker", publish_three, NULL), MESH_OK);
    for (size_t i = 0; i < 4; i++) {
        struct link_message event = ear_next(ear, WAIT_MS);
        recording_expect(recording, i, &event);
        expect_str(said_header(&event, "X-Mesh-Instance-Id"), mesh_client_instance_id(client));
        link_message_clear(&event);
    }
    expect_silence(ear);
    expect_true(is_announced(peer, client, "rec.ticker")); /* it has ended, and stays */
    recording_close(recording);
    mesh_client_close(client);
    expect_silence(ear); /* one end is enough */
    peer_close(peer);
}

struct witness {
    struct peer *peer;
    mesh_client *client;
    bool was_listed;
};

static mesh_status look_around(mesh_emitter *emitter, void *state, mesh_error *err)
{
    struct witness *witness = state;
    auto_free char *entry = stored_entry(witness->peer, mesh_emitter_agent(emitter));
    witness->was_listed = entry != NULL && mesh_emitter_client(emitter) == witness->client;
    return mesh_emit(emitter, mesh_text("true"), err);
}

static void the_catalog_has_a_publisher_before_it_begins(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct witness witness = { peer, client, false };
    struct ear *ear = peer_listen(peer, "mesh.agent.early.events");
    expect_int(publish(client, "early", look_around, &witness), MESH_OK);
    expect_event(ear, "true", "0", "false");
    expect_event(ear, "", "1", "true");
    expect_true(witness.was_listed);
    mesh_client_close(client);
    peer_close(peer);
}

static void an_end_is_told_when_it_is_unregistered_and_when_its_client_leaves(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "mesh.agent.counter.events");
    expect_int(publish(client, "counter", count_up, NULL), MESH_OK);
    expect_event(ear, "0", "0", "false");
    expect_int(mesh_unregister(client, "counter", NULL), MESH_OK);
    count_to_end(ear, 1);
    expect_int(publish(client, "counter", count_up, NULL), MESH_OK);
    expect_event(ear, "0", "0", "false"); /* each activation counts anew */
    mesh_client_close(client);
    count_to_end(ear, 1);
    expect_silence(ear);
    peer_close(peer);
}

static void its_end_comes_before_the_news_of_its_death(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct recording *recording = recording_open("publisher-cut");
    struct ear *ear = peer_listen(peer, "mesh.*.rec.endless.>"), *deaths = peer_listen(peer, "mesh.death.rec.endless");
    expect_int(publish(client, "rec.endless", count_up, NULL), MESH_OK);
    mesh_client_close(client);
    struct link_message death = ear_next(deaths, WAIT_MS), last = { NULL };
    for (struct link_message event; (event = ear_next(ear, 1)).handle; last = event)
        link_message_clear(&last);
    expect_contains(said(&death), "graceful_shutdown");
    expect_str(said_header(&last, "X-Mesh-Stream-End"), recording_header(recording, 0, "X-Mesh-Stream-End"));
    expect_str(said(&last), "");
    link_message_clear(&last);
    link_message_clear(&death);
    recording_close(recording);
    peer_close(peer);
}

static void expect_as_recorded(struct ear *ear, struct recording *recording, size_t index)
{
    struct link_message got = ear_next(ear, WAIT_MS);
    auto_free char *body = strndup(recording_body(recording, index).data, recording_body(recording, index).len);
    expect_str(got.handle ? link_message_subject(&got) : "(none)", recording_subject(recording, index));
    expect_json(said(&got), body);
    static const char *const names[] = { "X-Mesh-Stream-Seq", "X-Mesh-Stream-End", "X-Mesh-Status",
                                         "X-Mesh-Request-Id" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *expected = recording_header(recording, index, names[i]);
        expect_str(said_header(&got, names[i]), expected ? expected : "(none)");
    }
    link_message_clear(&got);
}

static void a_failure_is_told_to_listeners_and_as_a_dead_letter(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct recording *recording = recording_open("publisher-error");
    struct ear *ear = peer_listen(peer, "mesh.agent.rec.failing-publisher.events");
    struct ear *letters = peer_listen(peer, "mesh.errors.rec.failing-publisher");
    struct ear *logs = peer_listen(peer, "mesh.logs.rec.failing-publisher");
    expect_int(publish(client, "rec.failing-publisher", fail_after_one, NULL), MESH_OK);
    expect_as_recorded(ear, recording, 0);
    expect_as_recorded(ear, recording, 1);
    expect_as_recorded(letters, recording, 2);
    expect_silence(ear); /* it is not begun again, and has no other end */
    struct link_message event = ear_next(logs, WAIT_MS);
    expect_contains(said(&event), "agent_registered");
    link_message_clear(&event);
    expect_silence(logs);
    expect_true(is_announced(peer, client, "rec.failing-publisher"));
    recording_close(recording);
    mesh_client_close(client);
    peer_close(peer);
}

static void failures_are_hidden_where_the_operator_wants_it(void)
{
    struct peer *peer = peer_open();
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.flags = MESH_CLIENT_HIDE_ERRORS;
    mesh_client *client = peer_client(&options);
    struct ear *letters = peer_listen(peer, "mesh.errors.secret");
    expect_int(publish(client, "secret", fail_after_one, NULL), MESH_OK);
    struct link_message letter = ear_next(letters, WAIT_MS);
    expect_contains(said(&letter), "Agent 'secret' failed");
    expect_true(strstr(said(&letter), "went wrong") == NULL);
    link_message_clear(&letter);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- events ---- */

static mesh_status emit_everything(mesh_emitter *emitter, void *state, mesh_error *err)
{
    auto_json cJSON *tree = cJSON_CreateObject();
    mesh_error reason = MESH_ERROR_INIT;
    (void)state;
    cJSON_AddStringToObject(tree, "from", "tree");
    expect_int(mesh_emit(emitter, mesh_text(""), &reason), MESH_E_INVALID_JSON);
    expect_contains(mesh_error_text(&reason), "the event is not JSON");
    expect_int(mesh_emit(emitter, mesh_text("{]"), NULL), MESH_E_INVALID_JSON);
    expect_int(mesh_emit(emitter, mesh_text("1 2"), NULL), MESH_E_INVALID_JSON);
    expect_int(mesh_emit_tree(emitter, tree, NULL), MESH_OK);
    expect_int(mesh_emitf(emitter, NULL, "[%s, %s, %s]", mesh_emit_quote(emitter, "a\"b"),
                          mesh_emit_quotef(emitter, "%d\n", 7),
                          mesh_emit_quote_bytes(emitter, mesh_bytes_of("x\0y", 3))),
               MESH_OK);
    expect_int(mesh_emit(emitter, mesh_text("null"), NULL), MESH_OK);
    expect_true(mesh_emitter_stop_fd(emitter) >= 0);
    mesh_error_clear(&reason);
    return mesh_emit(emitter, mesh_text("\"last\""), err);
}

static void events_are_checked_and_may_be_printed_or_trees(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "mesh.agent.all.events");
    expect_int(publish(client, "all", emit_everything, NULL), MESH_OK);
    expect_event(ear, "{\"from\":\"tree\"}", "0", "false");
    expect_event(ear, "[\"a\\\"b\", \"7\\n\", \"x\xef\xbf\xbdy\"]", "1", "false");
    expect_event(ear, "null", "2", "false");
    expect_event(ear, "\"last\"", "3", "false");
    expect_event(ear, "", "4", "true");
    mesh_client_close(client);
    peer_close(peer);
}

static mesh_status emit_misfit(mesh_emitter *emitter, void *state, mesh_error *err)
{
    mesh_error reason = MESH_ERROR_INIT;
    (void)state;
    expect_int(mesh_emit(emitter, mesh_text("[]"), &reason), MESH_E_INVALID_INPUT);
    expect_contains(mesh_error_text(&reason), "the event does not fit output_schema");
    mesh_error_clear(&reason);
    return mesh_emit(emitter, mesh_text("{}"), err);
}

static void events_are_checked_against_their_schema_where_that_is_wanted(void)
{
    struct peer *peer = peer_open();
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.flags = MESH_CLIENT_CHECK_OUTPUT;
    mesh_client *client = peer_client(&options);
    struct ear *ear = peer_listen(peer, "mesh.agent.checked.events");
    expect_int(publish(client, "checked", emit_misfit, NULL), MESH_OK);
    expect_event(ear, "{}", "0", "false");
    expect_event(ear, "", "1", "true");
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- moves ---- */

static mesh_client *child_of(mesh_client *parent, const char *name)
{
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
    mesh_client *child = NULL;
    options.name = name;
    expect_int(mesh_child_open(parent, &options, &child, NULL), MESH_OK);
    return child;
}

static void who_takes_over_goes_on_with_the_next_number(void)
{
    atomic_int running = 0;
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *one = child_of(host, "one"), *two = child_of(host, "two");
    struct ear *ear = peer_listen(peer, "mesh.agent.moved.events");
    expect_int(publish(one, "moved", count_up, &running), MESH_OK);
    expect_int(publish(two, "moved", count_up, &running), MESH_OK);
    expect_silence(ear);
    expect_int(mesh_child_swap(NULL, one, NULL), MESH_OK);
    expect_event(ear, "0", "0", "false");
    expect_int(mesh_child_swap(one, two, NULL), MESH_OK);
    expect_int(mesh_client_stop(one, 0, NULL), MESH_OK);
    mesh_client_close(one);

    /* The second counts from 0 anew, and its events have the numbers after those of the first. */
    int number = 1;
    bool is_anew = false;
    while (!is_anew) {
        struct link_message event = ear_next(ear, WAIT_MS);
        char expected[16];
        snprintf(expected, sizeof(expected), "%d", number++);
        expect_str(said_header(&event, "X-Mesh-Stream-Seq"), expected);
        expect_str(said_header(&event, "X-Mesh-Stream-End"), "false");
        is_anew = !event.handle || strcmp(said(&event), "0") == 0;
        link_message_clear(&event);
    }
    mesh_client_close(two);
    count_to_end(ear, number);
    mesh_client_close(host);
    peer_close(peer);
}

static void a_move_there_and_back_at_once_ends_where_it_began(void)
{
    atomic_int running = 0;
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *one = child_of(host, "one"), *two = child_of(host, "two");
    struct ear *ear = peer_listen(peer, "mesh.agent.moved.events");
    expect_int(publish(one, "moved", count_up, &running), MESH_OK);
    expect_int(publish(two, "moved", count_up, &running), MESH_OK);
    expect_int(mesh_child_swap(NULL, one, NULL), MESH_OK);
    for (int i = 0; i < 10; i++) {
        expect_int(mesh_child_swap(one, two, NULL), MESH_OK);
        expect_int(mesh_child_swap(two, one, NULL), MESH_OK);
    }
    mesh_client_close(two);
    mesh_client_close(one);
    count_to_end(ear, 0);
    expect_silence(ear);
    mesh_client_close(host);
    peer_close(peer);
}

static void one_that_becomes_a_responder_has_ended(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *one = child_of(host, "one"), *two = child_of(host, "two");
    struct ear *ear = peer_listen(peer, "mesh.agent.changed.events");
    expect_int(publish(one, "changed", count_up, NULL), MESH_OK);
    expect_int(serve_text(two, "changed", "\"answered\""), MESH_OK);
    expect_int(mesh_child_swap(NULL, one, NULL), MESH_OK);
    expect_event(ear, "0", "0", "false");
    expect_call(
        host, "changed",
        "invocation_mismatch: Agent 'changed' is a publisher and cannot be called. Subscribe to its events instead");
    expect_int(mesh_child_swap(one, two, NULL), MESH_OK);
    count_to_end(ear, 1);
    expect_call(host, "changed", "\"answered\"");
    expect_int(mesh_child_swap(two, one, NULL), MESH_OK); /* and back again */
    expect_event(ear, "0", "0", "false");
    mesh_client_close(two);
    mesh_client_close(one);
    mesh_client_close(host);
    peer_close(peer);
}

static mesh_status ignore_the_stop(mesh_emitter *emitter, void *state, mesh_error *err)
{
    struct gate *gate = state;
    (void)emitter;
    (void)err;
    pthread_mutex_lock(&gate->lock);
    gate->waiting++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    return MESH_OK;
}

static void one_that_does_not_return_is_named(void)
{
    struct gate gate;
    gate_init(&gate);
    mesh_client *client = peer_client(NULL), *child = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_client_child(client, "child", &child, NULL), MESH_OK);
    expect_int(publish(child, "stubborn", ignore_the_stop, &gate), MESH_OK);
    expect_true(gate_has(&gate, 1));
    expect_int(mesh_client_stop(child, 50, &err), MESH_E_TIMEOUT);
    expect_contains(mesh_error_text(&err), "the publisher of agent 'stubborn' has not returned");
    mesh_error_clear(&err);
    gate_open(&gate);
    expect_int(mesh_client_stop(child, 0, NULL), MESH_OK);
    mesh_client_close(child);
    mesh_client_close(client);
}

SUITE(integration_publisher, STATEMENT("5 22 50", events_are_numbered_from_zero_and_end_as_recorded),
      TEST(the_catalog_has_a_publisher_before_it_begins),
      STATEMENT("50", an_end_is_told_when_it_is_unregistered_and_when_its_client_leaves),
      STATEMENT("50", its_end_comes_before_the_news_of_its_death),
      STATEMENT("51", a_failure_is_told_to_listeners_and_as_a_dead_letter),
      TEST(failures_are_hidden_where_the_operator_wants_it), TEST(events_are_checked_and_may_be_printed_or_trees),
      TEST(events_are_checked_against_their_schema_where_that_is_wanted),
      TEST(who_takes_over_goes_on_with_the_next_number), TEST(a_move_there_and_back_at_once_ends_where_it_began),
      TEST(one_that_becomes_a_responder_has_ended), TEST(one_that_does_not_return_is_named))
