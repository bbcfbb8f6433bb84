/* SPDX-License-Identifier: Apache-2.0 */
/* A child that is held: what comes for it waits, nothing of it runs. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "agents.h"
#include "base/clock.h"

enum { WAIT_MS = 20000, NEVER_MS = 100, CALLERS = 3 };

static mesh_client *child_of(mesh_client *host, const char *name)
{
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
    mesh_client *child = NULL;
    options.name = name;
    expect_int(mesh_child_open(host, &options, &child, NULL), MESH_OK);
    return child;
}

/* A child that serves "busy" with a text; on the mesh if so wanted. */
static mesh_client *child_answering(mesh_client *host, const char *name, const char *text, bool serves)
{
    mesh_client *child = child_of(host, name);
    expect_int(serve_text(child, "busy", text), MESH_OK);
    if (serves)
        expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    return child;
}

static mesh_counters counters_of(mesh_client *child)
{
    mesh_counters counters = { .size = sizeof(counters) };
    mesh_child_counters(child, &counters);
    return counters;
}

struct queue {
    mesh_client *child;
    uint32_t length;
};

static bool is_queued(void *data)
{
    const struct queue *queue = data;
    return counters_of(queue->child).queued == queue->length;
}

static bool queues(mesh_client *child, uint32_t length)
{
    struct queue queue = { child, length };
    return comes_true(is_queued, &queue, WAIT_MS);
}

static void call_and_wait(struct caller callers[CALLERS], mesh_client *host, mesh_client *child)
{
    for (int i = 0; i < CALLERS; i++)
        caller_start(&callers[i], host, "busy");
    expect_true(queues(child, CALLERS));
}

static void expect_all_said(struct caller callers[CALLERS], const char *expected)
{
    for (int i = 0; i < CALLERS; i++)
        expect_said(&callers[i], expected);
}

/* ---- requests ---- */

static void what_waits_goes_on_when_it_is_released(void)
{
    struct caller callers[CALLERS];
    mesh_client *host = peer_client(NULL), *child = child_answering(host, "one", "1", true);
    expect_int(mesh_child_hold(child, WAIT_MS, NULL), MESH_OK);
    call_and_wait(callers, host, child);
    mesh_child_release(child);
    expect_all_said(callers, "1");
    expect_call(host, "busy", "1");
    mesh_client_close(child);
    mesh_client_close(host);
}

static void what_waits_goes_to_the_next_child_and_counts_there(void)
{
    struct caller callers[CALLERS];
    mesh_client *host = peer_client(NULL), *old = child_answering(host, "old", "1", true);
    mesh_client *next = child_answering(host, "next", "2", false);
    expect_call(host, "busy", "1");
    expect_int(mesh_child_hold(old, WAIT_MS, NULL), MESH_OK);
    call_and_wait(callers, host, old);
    expect_int(mesh_child_swap(old, next, NULL), MESH_OK);
    expect_all_said(callers, "2");
    mesh_child_release(old);
    expect_int(counters_of(old).requests, 1);
    expect_int(counters_of(old).held, 0);
    expect_int(counters_of(next).requests, CALLERS);
    expect_int(mesh_client_stop(old, 0, NULL), MESH_OK);
    mesh_client_close(old);
    mesh_client_close(next);
    mesh_client_close(host);
}

static void who_finds_no_room_with_the_next_is_told_so(void)
{
    enum { QUEUE = CALLERS - 2 };
    static const mesh_agent_limits tight = { .size = sizeof(tight), .name = "busy", .queue = QUEUE };
    const mesh_agent_limits *const limits[] = { &tight, NULL };
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
    struct caller callers[CALLERS];
    struct gate gate;
    gate_init(&gate);
    mesh_client *host = peer_client(NULL), *old = child_answering(host, "old", "1", true), *next = NULL;
    options.name = "next";
    options.limits = limits;
    expect_int(mesh_child_open(host, &options, &next, NULL), MESH_OK);
    expect_int(serve(next, "busy", wait_at_gate, &gate), MESH_OK);
    expect_int(mesh_child_hold(old, WAIT_MS, NULL), MESH_OK);
    call_and_wait(callers, host, old);
    expect_int(mesh_child_swap(old, next, NULL), MESH_OK);
    mesh_child_release(old);
    expect_int(counters_of(next).overloaded, CALLERS - 1 - QUEUE);
    gate_open(&gate);
    int overloaded = 0;
    for (int i = 0; i < CALLERS; i++) {
        caller_join(&callers[i]);
        overloaded += strcmp(callers[i].said, "\"passed\"") != 0;
        caller_clear(&callers[i]);
    }
    expect_int(overloaded, CALLERS - 1 - QUEUE);
    mesh_client_close(old);
    mesh_client_close(next);
    mesh_client_close(host);
}

static void what_does_not_end_in_time_is_named_and_goes_on(void)
{
    struct gate gate;
    struct caller caller;
    mesh_error err = MESH_ERROR_INIT;
    gate_init(&gate);
    mesh_client *host = peer_client(NULL), *child = child_of(host, "one");
    expect_int(serve(child, "stuck", wait_at_gate, &gate), MESH_OK);
    expect_int(serve_text(child, "busy", "1"), MESH_OK);
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    caller_start(&caller, host, "stuck");
    expect_true(gate_has(&gate, 1));
    expect_int(mesh_child_hold(child, 20, &err), MESH_E_TIMEOUT);
    expect_contains(mesh_error_text(&err), "still in hand after 20 ms: agent 'stuck': 1 running");
    expect_call(host, "busy", "1");
    gate_open(&gate);
    expect_said(&caller, "\"passed\"");
    mesh_error_clear(&err);
    mesh_client_close(child);
    mesh_client_close(host);
}

static void a_child_that_is_stopped_meanwhile_begins_nothing(void)
{
    struct caller callers[CALLERS];
    mesh_client *host = peer_client(NULL), *child = child_of(host, "one");
    struct gate gate;
    gate_init(&gate);
    expect_int(serve(child, "busy", wait_at_gate, &gate), MESH_OK);
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    expect_int(mesh_child_hold(child, WAIT_MS, NULL), MESH_OK);
    call_and_wait(callers, host, child);
    expect_int(mesh_client_stop(child, 0, NULL), MESH_OK);
    expect_all_said(callers, "not_available: Agent 'busy' gave no answer: it is leaving the mesh");
    expect_int(gate.waiting, 0);
    expect_int(mesh_child_hold(child, WAIT_MS, NULL), MESH_E_STOPPED);
    mesh_client_close(child);
    mesh_client_close(host);
}

/* A plugin that is exclusive has been stopped by then. */
static void a_child_that_was_swapped_out_stays_held(void)
{
    struct caller callers[CALLERS];
    struct gate gate;
    gate_init(&gate);
    mesh_client *host = peer_client(NULL), *old = child_of(host, "old"), *next = child_of(host, "next");
    expect_int(serve(old, "busy", wait_at_gate, &gate), MESH_OK);
    expect_int(mesh_child_swap(NULL, old, NULL), MESH_OK);
    expect_int(mesh_child_hold(old, WAIT_MS, NULL), MESH_OK);
    call_and_wait(callers, host, old);
    expect_int(mesh_child_swap(old, next, NULL), MESH_OK); /* which has no "busy" */
    mesh_client_close(old);
    expect_all_said(callers, "not_available: Agent 'busy' gave no answer: it is leaving the mesh");
    expect_int(gate.waiting, 0);
    mesh_client_close(next);
    mesh_client_close(host);
}

/* ---- callbacks ---- */

static void relay_done(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err);

/* Answers when the slow one has answered. */
static mesh_status relay(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    mesh_status status = mesh_call_start(mesh_request_client(request), "slow", mesh_text("{}"), NULL, relay_done,
                                         mesh_request_ref(request), err);
    if (status != MESH_OK)
        mesh_request_unref(request);
    return status;
}

static void relay_done(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    mesh_request *request = data;
    (void)reply;
    (void)err;
    expect_int(mesh_request_answer(request, mesh_text(status == MESH_OK ? "\"relayed\"" : "\"failed\""), NULL),
               MESH_OK);
    mesh_request_unref(request);
}

/* A hold stops it. */
static mesh_status open_when_stopped(mesh_emitter *emitter, void *state, mesh_error *err)
{
    (void)err;
    while (mesh_emitter_wait(emitter, WAIT_MS) == 0)
        ;
    gate_open(state);
    return MESH_OK;
}

static void a_request_that_is_kept_may_wait_for_a_callback(void)
{
    struct gate gate;
    struct caller caller;
    gate_init(&gate);
    mesh_client *host = peer_client(NULL), *child = child_of(host, "one");
    const mesh_agent relayer = MESH_RESPONDER("relay", "For a test.", relay, "{}", "{}");
    const mesh_agent opener = MESH_TASK("opener", "For a test.", open_when_stopped);
    expect_int(serve(host, "slow", wait_at_gate, &gate), MESH_OK);
    expect_int(mesh_register(child, &relayer, NULL, NULL), MESH_OK);
    expect_int(mesh_register(child, &opener, &gate, NULL), MESH_OK);
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    caller_start(&caller, host, "relay");
    expect_true(gate_has(&gate, 1));
    expect_int(mesh_child_hold(child, WAIT_MS, NULL), MESH_OK);
    expect_said(&caller, "\"relayed\"");
    mesh_child_release(child);
    mesh_client_close(child);
    mesh_client_close(host);
}

/* ---- publishers ---- */

static mesh_status count_up(mesh_emitter *emitter, void *state, mesh_error *err)
{
    mesh_status status = MESH_OK;
    (void)state;
    for (int n = 0; status == MESH_OK && mesh_emitter_wait(emitter, 2) == 0; n++)
        status = mesh_emitf(emitter, err, "%d", n);
    return status;
}

static mesh_status publish(mesh_client *client, const char *name)
{
    const mesh_agent agent = MESH_PUBLISHER(name, "For a test.", count_up, NULL);
    return mesh_register(client, &agent, NULL, NULL);
}

/* Hear on until nothing comes; the numbers come one after the other, without an end. Gives the number to come. */
static int hear_on(struct ear *ear, int expected, unsigned first_ms)
{
    for (unsigned timeout_ms = first_ms;; timeout_ms = NEVER_MS) {
        struct link_message event = ear_next(ear, timeout_ms);
        if (!event.handle)
            return expected;
        auto_free char *number = NULL;
        expect_true(asprintf(&number, "%d", expected++) > 0);
        expect_str(said_header(&event, "X-Mesh-Stream-Seq"), number);
        expect_str(said_header(&event, "X-Mesh-Stream-End"), "false");
        link_message_clear(&event);
    }
}

static void expect_end(struct ear *ear)
{
    bool is_end = false;
    while (!is_end) {
        struct link_message event = ear_next(ear, WAIT_MS);
        expect_true(event.handle != NULL);
        is_end = !event.handle || strcmp(said_header(&event, "X-Mesh-Stream-End"), "true") == 0;
        link_message_clear(&event);
    }
}

static void a_publisher_goes_on_with_the_next_number(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *child = child_of(host, "one");
    struct ear *ear = peer_listen(peer, "mesh.agent.ticker.events");
    expect_int(publish(child, "ticker"), MESH_OK);
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    link_message_clear(&(struct link_message){ ear_next(ear, WAIT_MS).handle });
    expect_int(mesh_child_hold(child, WAIT_MS, NULL), MESH_OK);
    int next = hear_on(ear, 1, NEVER_MS);
    mesh_child_release(child);
    struct link_message event = ear_next(ear, WAIT_MS);
    expect_int(atoi(said_header(&event, "X-Mesh-Stream-Seq")), next);
    link_message_clear(&event);
    mesh_client_close(child);
    expect_end(ear);
    mesh_client_close(host);
    peer_close(peer);
}

static void its_listeners_are_told_of_an_end_when_nobody_goes_on(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *one = child_of(host, "one"), *two = child_of(host, "two");
    struct ear *ear = peer_listen(peer, "mesh.agent.ticker.events");
    expect_int(publish(one, "ticker"), MESH_OK);
    expect_int(serve_text(two, "ticker", "2"), MESH_OK);
    expect_int(mesh_child_swap(NULL, one, NULL), MESH_OK);
    link_message_clear(&(struct link_message){ ear_next(ear, WAIT_MS).handle });
    expect_int(mesh_child_hold(one, WAIT_MS, NULL), MESH_OK);
    hear_on(ear, 1, NEVER_MS);
    expect_int(mesh_child_swap(one, two, NULL), MESH_OK); /* where it is no publisher */
    expect_end(ear);
    expect_int(mesh_child_swap(two, one, NULL), MESH_OK);
    hear_on(ear, 0, NEVER_MS); /* it is held still */
    mesh_child_release(one);
    link_message_clear(&(struct link_message){ ear_next(ear, WAIT_MS).handle });
    expect_int(mesh_child_hold(one, WAIT_MS, NULL), MESH_OK);
    hear_on(ear, 1, NEVER_MS);
    expect_int(mesh_client_stop(one, 0, NULL), MESH_OK);
    expect_end(ear);
    mesh_client_close(one);
    mesh_client_close(two);
    mesh_client_close(host);
    peer_close(peer);
}

/* ---- what joins, and what a gate says ---- */

static void who_joins_meanwhile_waits_too(void)
{
    struct peer *peer = peer_open();
    struct caller caller;
    mesh_client *host = peer_client(NULL), *child = child_answering(host, "one", "1", true);
    struct ear *ear = peer_listen(peer, "mesh.agent.ticker.events");
    expect_int(mesh_child_hold(child, WAIT_MS, NULL), MESH_OK);
    expect_int(serve_text(child, "late", "2"), MESH_OK);
    expect_int(publish(child, "ticker"), MESH_OK);
    caller_start(&caller, host, "late");
    expect_true(queues(child, 1));
    expect_int(hear_on(ear, 0, NEVER_MS), 0);
    mesh_child_release(child);
    expect_said(&caller, "2");
    struct link_message event = ear_next(ear, WAIT_MS);
    expect_str(said_header(&event, "X-Mesh-Stream-Seq"), "0");
    link_message_clear(&event);
    mesh_client_close(child);
    mesh_client_close(host);
    peer_close(peer);
}

static atomic_bool asks_nobody;

static int32_t is_yes(void *state, const mesh_bytes *value)
{
    (void)state;
    expect_false(asks_nobody);
    return value && value->len == 3;
}

static void a_gate_is_not_asked_meanwhile(void)
{
    struct peer *peer = peer_open();
    const mesh_gate gate = { .size = sizeof(gate), .key = "hold.gate", .is_open = is_yes };
    mesh_agent agent = MESH_RESPONDER("gated", "For a test.", answer_text, "{}", NULL);
    static char text[] = "1";
    agent.active_when = &gate;
    mesh_client *host = peer_client(NULL), *child = child_of(host, "one");
    expect_int(link_key_put(peer_link(peer), "mesh-context", "hold.gate", mesh_text("no"), NULL, NULL), MESH_OK);
    expect_int(mesh_register(child, &agent, text, NULL), MESH_OK);
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    expect_int(mesh_child_hold(child, WAIT_MS, NULL), MESH_OK);
    asks_nobody = true;
    struct ear *ear = peer_listen(peer, "hold.nothing");
    expect_int(link_key_put(peer_link(peer), "mesh-context", "hold.gate", mesh_text("yes"), NULL, NULL), MESH_OK);
    expect_int(hear_on(ear, 0, NEVER_MS), 0);
    asks_nobody = false;
    mesh_child_release(child);
    expect_true(becomes_callable(host, "gated", "1"));
    mesh_client_close(child);
    mesh_client_close(host);
    peer_close(peer);
}

SUITE(integration_hold, TEST(what_waits_goes_on_when_it_is_released),
      TEST(what_waits_goes_to_the_next_child_and_counts_there), TEST(who_finds_no_room_with_the_next_is_told_so),
      TEST(what_does_not_end_in_time_is_named_and_goes_on), TEST(a_child_that_is_stopped_meanwhile_begins_nothing),
      TEST(a_child_that_was_swapped_out_stays_held), TEST(a_request_that_is_kept_may_wait_for_a_callback),
      TEST(a_publisher_goes_on_with_the_next_number), TEST(its_listeners_are_told_of_an_end_when_nobody_goes_on),
      TEST(who_joins_meanwhile_waits_too), TEST(a_gate_is_not_asked_meanwhile))
