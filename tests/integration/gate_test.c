/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that are active only while their gate is open (protocol 7.4). */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "agents.h"
#include "base/clock.h"
#include "golden.h"

#define OFFLINE "not_available: Agent 'gated' is registered but currently offline (lifecycle gate)"

enum { WAIT_MS = 20000, NEVER_MS = 100 };

static mesh_agent gated(const mesh_gate *gate)
{
    mesh_agent agent = MESH_RESPONDER("gated", "For a test.", answer_text, "{}", NULL);
    agent.active_when = gate;
    return agent;
}

static char answer[] = "\"open\"";

static mesh_status serve_gated(mesh_client *client, const mesh_gate *gate)
{
    const mesh_agent agent = gated(gate);
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = mesh_register(client, &agent, answer, &err);
    if (status != MESH_OK)
        fprintf(stderr, "register: %s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return status;
}

static void put(struct peer *peer, const char *key, const char *value)
{
    expect_int(link_key_put(peer_link(peer), "mesh-context", key, mesh_text(value), NULL, NULL), MESH_OK);
}

static void drop(struct peer *peer, const char *key)
{
    expect_int(link_key_delete(peer_link(peer), "mesh-context", key, NULL), MESH_OK);
}

/* The next log event that is not of requests; its name, to free(). */
static char *next_event(struct ear *logs)
{
    struct link_message event = ear_next(logs, WAIT_MS);
    char *name = string_at(said(&event), "event");
    link_message_clear(&event);
    return name;
}

#define expect_event(logs, expected)                                                                                   \
    do {                                                                                                               \
        auto_free char *name_ = next_event(logs);                                                                      \
        expect_str(name_, expected);                                                                                   \
    } while (0)

/* One that comes sooner or later. */
static void await_event(struct ear *logs, const char *expected)
{
    bool found = false;
    while (!found) {
        auto_free char *name = next_event(logs);
        found = strcmp(name, expected) == 0;
        if (strcmp(name, "(none)") == 0) {
            expect_str(name, expected);
            return;
        }
    }
}

#define expect_silence(ear)                                                                                            \
    do {                                                                                                               \
        struct link_message more_ = ear_next(ear, NEVER_MS);                                                           \
        expect_str(said(&more_), "(none)");                                                                            \
        link_message_clear(&more_);                                                                                    \
    } while (0)

/* ---- keys ---- */

static void a_gated_agent_stays_listed_while_closed_and_is_called_while_open(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    const mesh_gate gate = MESH_KEY_GATE("gate.key");
    struct ear *logs = peer_listen(peer, "mesh.logs.gated");
    expect_int(serve_gated(client, &gate), MESH_OK);
    expect_event(logs, "agent_registered");
    expect_call(client, "gated", OFFLINE);
    expect_true(is_announced(peer, client, "gated"));
    expect_silence(logs);

    put(peer, "gate.key", "true");
    struct link_message event = ear_next(logs, WAIT_MS);
    auto_free char *recorded = golden("log/agent_activated.json");
    auto_free char *stamped = with_string(recorded, "timestamp", "now"),
                   *ours = with_string(said(&event), "timestamp", "now");
    auto_free char *named = with_string(stamped, "agent", "gated");
    auto_free char *expected = with_string(named, "message", "Agent 'gated' came online (lifecycle gate opened)");
    expect_json(ours, expected);
    link_message_clear(&event);
    expect_call(client, "gated", answer);
    put(peer, "gate.key", "yes"); /* open still: nothing to tell */
    put(peer, "gate.key", "\"on\"");
    put(peer, "gate.key", "false");
    expect_event(logs, "agent_deactivated");
    expect_call(client, "gated", OFFLINE);
    expect_true(is_announced(peer, client, "gated"));
    put(peer, "gate.key", "1");
    expect_event(logs, "agent_activated");
    expect_call(client, "gated", answer);
    drop(peer, "gate.key");
    expect_event(logs, "agent_deactivated");
    expect_call(client, "gated", OFFLINE);
    expect_true(is_announced(peer, client, "gated"));
    mesh_client_close(client); /* closing does not ask gates */
    expect_event(logs, "agent_deregistered");
    auto_free char *entry = stored_entry(peer, "gated");
    expect_str(entry, NULL);
    peer_close(peer);
}

static void a_gate_decides_before_registration_returns(void)
{
    struct peer *peer = peer_open();
    const mesh_gate gate = MESH_KEY_GATE("gate.before");
    put(peer, "gate.before", "open");
    for (int i = 0; i < 10; i++) {
        mesh_client *client = peer_client(NULL);
        struct ear *logs = peer_listen(peer, "mesh.logs.gated");
        expect_int(serve_gated(client, &gate), MESH_OK);
        expect_call(client, "gated", answer);
        expect_event(logs, "agent_registered"); /* and no agent_activated */
        expect_int(mesh_unregister(client, "gated", NULL), MESH_OK);
        expect_event(logs, "agent_deregistered");
        mesh_client_close(client);
    }
    peer_close(peer);
}

/* ---- predicates ---- */

struct judge {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char seen[16][16];
    int count;
};

static int32_t judge(void *state, const mesh_bytes *value)
{
    struct judge *judge = state;
    pthread_mutex_lock(&judge->lock);
    snprintf(judge->seen[judge->count++ % 16], 16, "%s", value ? value->data : "(absent)");
    pthread_cond_broadcast(&judge->changed);
    pthread_mutex_unlock(&judge->lock);
    if (!value)
        return 1;
    return strcmp(value->data, "odd") == 0 ? -1 : 0;
}

static bool judged(struct judge *judge, int count)
{
    uint64_t deadline = clock_deadline(WAIT_MS);
    pthread_mutex_lock(&judge->lock);
    while (judge->count < count && clock_cond_wait(&judge->changed, &judge->lock, deadline))
        ;
    bool is_so = judge->count >= count;
    pthread_mutex_unlock(&judge->lock);
    return is_so;
}

static mesh_status answer_gated(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_text(answer), err);
}

static void a_deleted_key_is_absent_and_who_cannot_tell_changes_nothing(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct judge state = { .count = 0 };
    pthread_mutex_init(&state.lock, NULL);
    clock_cond_init(&state.changed);
    mesh_gate gate = MESH_KEY_GATE("gate.judged");
    gate.is_open = judge;
    mesh_agent agent = gated(&gate);
    agent.call = answer_gated;
    struct ear *logs = peer_listen(peer, "mesh.logs.gated");
    expect_int(mesh_register(client, &agent, &state, NULL), MESH_OK);
    expect_event(logs, "agent_registered");
    expect_call(client, "gated", answer); /* open where there is no key */
    put(peer, "gate.judged", "");
    expect_event(logs, "agent_deactivated");
    put(peer, "gate.judged", "odd");
    expect_true(judged(&state, 3));
    expect_call(client, "gated", OFFLINE);
    drop(peer, "gate.judged");
    expect_event(logs, "agent_activated");
    put(peer, "gate.judged", "odd");
    expect_true(judged(&state, 5));
    expect_call(client, "gated", answer);
    expect_silence(logs);
    mesh_client_close(client);
    static const char *const seen[] = { "(absent)", "", "odd", "(absent)", "odd" };
    expect_int(state.count, 5);
    for (int i = 0; i < 5; i++)
        expect_str(state.seen[i], seen[i]);
    peer_close(peer);
}

/* ---- subjects ---- */

static void each_message_of_a_subject_decides(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    const mesh_gate closed = MESH_SUBJECT_GATE("gate.says", 0), open = MESH_SUBJECT_GATE("gate.says", MESH_YES);
    struct ear *logs = peer_listen(peer, "mesh.logs.gated");
    expect_int(serve_gated(client, &open), MESH_OK);
    expect_call(client, "gated", answer);
    expect_int(mesh_unregister(client, "gated", NULL), MESH_OK);
    expect_int(serve_gated(client, &closed), MESH_OK);
    expect_call(client, "gated", OFFLINE);
    expect_event(logs, "agent_registered");
    expect_event(logs, "agent_deregistered");
    expect_event(logs, "agent_registered");
    peer_say(peer, "gate.says", NULL, "open", NULL);
    expect_event(logs, "agent_activated");
    expect_call(client, "gated", answer);
    peer_say(peer, "gate.says", NULL, "", NULL);
    expect_event(logs, "agent_deactivated");
    expect_call(client, "gated", OFFLINE);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- closing ---- */

/* Asked with little patience: what comes before the gate has closed waits behind the handler. */
static bool is_offline(void *data)
{
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    mesh_reply *reply = NULL;
    options.timeout_ms = 50;
    mesh_status status = mesh_call(data, "gated", mesh_text("1"), &options, &reply, NULL);
    mesh_reply_free(reply);
    return status == MESH_E_NOT_AVAILABLE;
}

static void running_handlers_answer_when_the_gate_closes(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct gate inside;
    gate_init(&inside);
    const mesh_gate gate = MESH_SUBJECT_GATE("gate.drains", MESH_YES);
    mesh_agent agent = gated(&gate);
    agent.call = wait_at_gate;
    struct ear *logs = peer_listen(peer, "mesh.logs.gated");
    expect_int(mesh_register(client, &agent, &inside, NULL), MESH_OK);
    struct caller first, second;
    caller_start(&first, client, "gated");
    expect_true(gate_has(&inside, 1));
    caller_start(&second, client, "gated"); /* waits behind the first, or comes when the gate has closed */
    expect_event(logs, "agent_registered");
    peer_say(peer, "gate.drains", NULL, "close", NULL);
    expect_true(comes_true(is_offline, client, WAIT_MS));
    expect_silence(logs); /* not before all is done */
    gate_open(&inside);
    expect_said(&first, "\"passed\"");
    caller_join(&second);
    expect_true(strcmp(second.said, "\"passed\"") == 0 || strcmp(second.said, OFFLINE) == 0);
    caller_clear(&second);
    expect_event(logs, "agent_deactivated");
    mesh_client_close(client);
    peer_close(peer);
}

static mesh_status wait_for_stop(mesh_request *request, void *state, mesh_error *err)
{
    atomic_int *reason = state;
    *reason = mesh_request_wait(request, WAIT_MS);
    return mesh_request_answer(request, mesh_text("1"), err);
}

static void who_takes_too_long_is_answered_and_told(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    atomic_int reason = 0;
    mesh_gate gate = MESH_SUBJECT_GATE("gate.hurries", MESH_YES);
    gate.drain_timeout_ms = 100;
    mesh_agent agent = gated(&gate);
    agent.call = wait_for_stop;
    struct ear *logs = peer_listen(peer, "mesh.logs.gated");
    expect_int(mesh_register(client, &agent, &reason, NULL), MESH_OK);
    expect_event(logs, "agent_registered");
    struct caller caller;
    caller_start(&caller, client, "gated");
    mesh_counters counters = { .size = sizeof(counters) };
    for (uint64_t deadline = clock_deadline(WAIT_MS); counters.running == 0 && clock_left_ms(deadline) > 0;)
        mesh_child_counters(client, &counters);
    peer_say(peer, "gate.hurries", NULL, "close", NULL);
    expect_said(&caller, "not_available: Agent 'gated' gave no answer: it has gone offline (lifecycle gate)");
    await_event(logs, "agent_deactivated");
    mesh_client_close(client); /* when its handler has returned */
    expect_int(reason, MESH_STOP_GATE);
    peer_close(peer);
}

/* ---- all shapes ---- */

static mesh_status count_up(mesh_emitter *emitter, void *state, mesh_error *err)
{
    atomic_int *reason = state;
    mesh_status status = MESH_OK;
    for (int n = 0; status == MESH_OK && mesh_emitter_wait(emitter, 2) == 0; n++)
        status = mesh_emitf(emitter, err, "%d", n);
    *reason = mesh_emitter_stopped(emitter);
    return status;
}

/* The number of the end of a series that begins with 0; -1 if it does not. */
static int hear_series(struct ear *ear)
{
    for (int number = 0;; number++) {
        struct link_message event = ear_next(ear, WAIT_MS);
        bool is_end = !event.handle || strcmp(said_header(&event, "X-Mesh-Stream-End"), "true") == 0;
        bool is_next = atoi(said_header(&event, "X-Mesh-Stream-Seq")) == number;
        link_message_clear(&event);
        if (is_end || !is_next)
            return is_next ? number : -1;
    }
}

static void a_publisher_ends_when_its_gate_closes_and_begins_anew(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    atomic_int reason = 0;
    const mesh_gate gate = MESH_KEY_GATE("gate.publisher");
    mesh_agent agent = MESH_PUBLISHER("gated.publisher", "For a test.", count_up, "{}");
    agent.active_when = &gate;
    struct ear *ear = peer_listen(peer, "mesh.agent.gated.publisher.events");
    struct ear *logs = peer_listen(peer, "mesh.logs.gated.publisher");
    expect_int(mesh_register(client, &agent, &reason, NULL), MESH_OK);
    expect_event(logs, "agent_registered");
    expect_silence(ear);
    for (int i = 0; i < 2; i++) {
        put(peer, "gate.publisher", "on");
        expect_event(logs, "agent_activated");
        put(peer, "gate.publisher", "off");
        expect_event(logs, "agent_deactivated");
        expect_true(hear_series(ear) >= 0);
        expect_int(reason, MESH_STOP_GATE);
    }
    mesh_client_close(client);
    expect_silence(ear);
    peer_close(peer);
}

static mesh_status count_message(const mesh_message *message, void *state, mesh_error *err)
{
    atomic_int *count = state;
    (void)message;
    (void)err;
    ++*count;
    return MESH_OK;
}

static bool is_two(void *data)
{
    return *(atomic_int *)data == 2;
}

static void a_listener_is_deaf_while_its_gate_is_closed(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    atomic_int count = 0;
    const mesh_gate gate = MESH_KEY_GATE("gate.listener");
    const mesh_source source = MESH_SUBJECT_SOURCE("gated.news", NULL), keys = MESH_KEY_SOURCE("gated.keys.*", 0);
    const mesh_source *const sources[] = { &source, &keys, NULL };
    mesh_agent agent = MESH_LISTENER("gated.listener", "For a test.", count_message, sources);
    agent.active_when = &gate;
    struct ear *logs = peer_listen(peer, "mesh.logs.gated.listener");
    put(peer, "gated.keys.a", "1");
    expect_int(mesh_register(client, &agent, &count, NULL), MESH_OK);
    expect_event(logs, "agent_registered");
    peer_say(peer, "gated.news", NULL, "nobody hears", NULL);
    put(peer, "gate.listener", "on");
    expect_event(logs, "agent_activated");
    peer_say(peer, "gated.news", NULL, "heard", NULL);
    expect_true(comes_true(is_two, &count, WAIT_MS)); /* this one, and the value of the key */
    put(peer, "gate.listener", "off");
    expect_event(logs, "agent_deactivated");
    peer_say(peer, "gated.news", NULL, "nobody hears", NULL);
    put(peer, "gated.keys.a", "2");
    expect_int(link_flush(peer_link(peer), WAIT_MS, NULL), MESH_OK);
    mesh_client_close(client);
    expect_int(count, 2);
    peer_close(peer);
}

/* ---- moves ---- */

static void a_closed_gate_stays_closed_over_a_move_and_opens_later(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *children[2];
    const mesh_gate gate = MESH_KEY_GATE("gate.moved");
    struct ear *logs = peer_listen(peer, "mesh.logs.gated");
    for (int i = 0; i < 2; i++) {
        mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
        options.name = i == 0 ? "one" : "two";
        expect_int(mesh_child_open(host, &options, &children[i], NULL), MESH_OK);
        expect_int(serve_gated(children[i], &gate), MESH_OK);
    }
    expect_int(mesh_child_swap(NULL, children[0], NULL), MESH_OK);
    expect_event(logs, "agent_registered");
    expect_call(host, "gated", OFFLINE);
    put(peer, "gate.moved", "on");
    expect_event(logs, "agent_activated");
    expect_call(host, "gated", answer);
    expect_int(mesh_child_swap(children[0], children[1], NULL), MESH_OK);
    mesh_client_close(children[0]);
    put(peer, "gate.moved", "off");
    await_event(logs, "agent_deactivated");
    expect_call(host, "gated", OFFLINE);
    put(peer, "gate.moved", "on");
    await_event(logs, "agent_activated");
    expect_call(host, "gated", answer);
    mesh_client_close(children[1]);
    mesh_client_close(host);
    peer_close(peer);
}

static void wrong_gates_are_refused_by_name_field_and_rule(void)
{
    static const struct {
        mesh_gate gate;
        const char *rule;
    } cases[] = {
        { { sizeof(mesh_gate), NULL, NULL, NULL, 0, 0 }, "either a key or a subject" },
        { { sizeof(mesh_gate), "a", "b", NULL, 0, 0 }, "either a key or a subject" },
        { { sizeof(mesh_gate), "a", NULL, NULL, 3, 0 }, "initial is MESH_YES, MESH_NO" },
        { { sizeof(mesh_gate), "a.*", NULL, NULL, 0, 0 }, "active_when: " },
        { { sizeof(mesh_gate), NULL, "a b", NULL, 0, 0 }, "active_when: " },
    };
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        const mesh_agent agent = gated(&cases[i].gate);
        expect_int(mesh_register(client, &agent, NULL, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), "agent 'gated': active_when");
        expect_contains(mesh_error_text(&err), cases[i].rule);
        mesh_error_clear(&err);
    }
    mesh_client_close(client);
}

SUITE(integration_gate, STATEMENT("22 55", a_gated_agent_stays_listed_while_closed_and_is_called_while_open),
      TEST(a_gate_decides_before_registration_returns),
      STATEMENT("56", a_deleted_key_is_absent_and_who_cannot_tell_changes_nothing),
      TEST(each_message_of_a_subject_decides), STATEMENT("56", running_handlers_answer_when_the_gate_closes),
      TEST(who_takes_too_long_is_answered_and_told),
      STATEMENT("50", a_publisher_ends_when_its_gate_closes_and_begins_anew),
      TEST(a_listener_is_deaf_while_its_gate_is_closed), TEST(a_closed_gate_stays_closed_over_a_move_and_opens_later),
      TEST(wrong_gates_are_refused_by_name_field_and_rule))
