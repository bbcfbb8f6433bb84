/* SPDX-License-Identifier: Apache-2.0 */
/* How requests are dispatched: queues, workers, deadlines, references, stop signals. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "peer.h"
#include "suite.h"

/* A gate that handlers wait at until the test opens it. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int waiting, most;
    bool open;
};

static void gate_init(struct gate *gate)
{
    memset(gate, 0, sizeof(*gate));
    pthread_mutex_init(&gate->lock, NULL);
    clock_cond_init(&gate->changed);
}

static void gate_pass(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->waiting++;
    if (gate->waiting > gate->most)
        gate->most = gate->waiting;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->waiting--;
    pthread_mutex_unlock(&gate->lock);
}

static bool gate_has(struct gate *gate, int count)
{
    uint64_t deadline = clock_deadline(10000);
    pthread_mutex_lock(&gate->lock);
    while (gate->waiting < count && clock_cond_wait(&gate->changed, &gate->lock, deadline))
        ;
    bool has = gate->waiting >= count;
    pthread_mutex_unlock(&gate->lock);
    return has;
}

static void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static mesh_status wait_at_gate(mesh_request *request, void *state, mesh_error *err)
{
    gate_pass(state);
    return mesh_request_answer(request, mesh_text("\"passed\""), err);
}

static mesh_status answer_one(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_text("1"), err);
}

static void serve(mesh_client *client, mesh_agent agent, void *state)
{
    mesh_error err = MESH_ERROR_INIT;
    agent.size = sizeof(agent);
    agent.description = "For a test.";
    agent.input_schema = "{}";
    expect_int(mesh_register(client, &agent, state, &err), MESH_OK);
    mesh_error_clear(&err);
}

/* A call on a thread of its own. */
struct caller {
    mesh_client *client;
    const char *agent;
    pthread_t thread;
    char *said;
};

static char *call(mesh_client *client, const char *agent)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    char *text = NULL;
    if (mesh_call(client, agent, mesh_text("1"), NULL, &reply, &err) == MESH_OK)
        text = strdup(mesh_reply_body(reply).data);
    else if (asprintf(&text, "%s: %s", mesh_error_code(&err), mesh_error_message(&err)) < 0)
        text = NULL;
    mesh_reply_free(reply);
    mesh_error_clear(&err);
    return text;
}

static void *run_caller(void *closure)
{
    struct caller *caller = closure;
    caller->said = call(caller->client, caller->agent);
    return NULL;
}

static void start_call(struct caller *caller, mesh_client *client, const char *agent)
{
    *caller = (struct caller){ .client = client, .agent = agent };
    pthread_create(&caller->thread, NULL, run_caller, caller);
}

static void expect_said(struct caller *caller, const char *expected)
{
    pthread_join(caller->thread, NULL);
    expect_str(caller->said, expected);
    free(caller->said);
}

#define expect_call(client, agent, expected)                                                                           \
    do {                                                                                                               \
        auto_free char *answer_ = call((client), (agent));                                                             \
        expect_str(answer_, (expected));                                                                               \
    } while (0)

static void a_blocked_agent_delays_no_other(void)
{
    struct gate gate;
    struct caller blocked;
    gate_init(&gate);
    mesh_client *client = peer_client(NULL);
    serve(client, (mesh_agent){ .name = "slow", .call = wait_at_gate }, &gate);
    serve(client, (mesh_agent){ .name = "fast", .call = answer_one }, NULL);
    start_call(&blocked, client, "slow");
    expect_true(gate_has(&gate, 1));
    for (int i = 0; i < 100; i++)
        expect_call(client, "fast", "1");
    gate_open(&gate);
    expect_said(&blocked, "\"passed\"");
    mesh_client_close(client);
}

static void an_agent_runs_as_many_at_once_as_it_says(void)
{
    struct gate one, three;
    struct caller callers[8];
    gate_init(&one);
    gate_init(&three);
    mesh_client *client = peer_client(NULL);
    serve(client, (mesh_agent){ .name = "one", .call = wait_at_gate }, &one);
    serve(client, (mesh_agent){ .name = "three", .call = wait_at_gate, .concurrency = 3 }, &three);
    for (int i = 0; i < 8; i++)
        start_call(&callers[i], client, i % 2 ? "one" : "three");
    expect_true(gate_has(&three, 3));
    expect_true(gate_has(&one, 1));
    gate_open(&one);
    gate_open(&three);
    for (int i = 0; i < 8; i++)
        expect_said(&callers[i], "\"passed\"");
    expect_int(one.most, 1);
    expect_int(three.most, 3);
    mesh_client_close(client);
}

static void count_events(void *data, const mesh_event *event)
{
    if (event->status == MESH_E_OVERLOADED)
        atomic_fetch_add((atomic_int *)data, 1);
}

static void a_full_queue_answers_overloaded_at_once(void)
{
    enum { QUEUE = 4, REFUSED = 20 };
    struct gate gate;
    struct caller callers[1 + QUEUE];
    atomic_int warnings = 0;
    gate_init(&gate);
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.queue = QUEUE;
    options.on_event = count_events;
    options.on_event_data = &warnings;
    mesh_client *client = peer_client(&options), *caller = peer_client(NULL);
    serve(client, (mesh_agent){ .name = "slow", .call = wait_at_gate }, &gate);
    start_call(&callers[0], caller, "slow");
    expect_true(gate_has(&gate, 1));
    for (int i = 1; i <= QUEUE; i++)
        start_call(&callers[i], caller, "slow");
    mesh_counters counters = { .size = sizeof(counters) };
    uint64_t deadline = clock_deadline(10000);
    while (counters.queued < QUEUE && clock_left_ms(deadline) > 0)
        mesh_child_counters(client, &counters);
    for (int i = 0; i < REFUSED; i++)
        expect_call(caller, "slow", "overloaded: Agent 'slow' is overloaded: 4 requests wait for it already");
    mesh_child_counters(client, &counters);
    expect_int(counters.overloaded, REFUSED);
    expect_true(warnings >= 1 && warnings < REFUSED);
    gate_open(&gate);
    for (int i = 0; i <= QUEUE; i++)
        expect_said(&callers[i], "\"passed\"");
    mesh_client_close(caller);
    mesh_client_close(client);
}

/* {"down": n} of agent link.n: calls link.(n-1). */
static mesh_status call_down(mesh_request *request, void *state, mesh_error *err)
{
    int depth;
    char next[32];
    mesh_reply *reply = NULL;
    (void)state;
    sscanf(mesh_request_agent(request), "link.%d", &depth);
    if (depth == 0)
        return mesh_request_answer(request, mesh_text("0"), err);
    snprintf(next, sizeof(next), "link.%d", depth - 1);
    mesh_status status = mesh_call(mesh_request_client(request), next, mesh_text("1"), NULL, &reply, err);
    if (status == MESH_OK)
        status = mesh_request_answerf(request, err, "%d", atoi(mesh_reply_body(reply).data) + 1);
    mesh_reply_free(reply);
    return status;
}

static void chains_deeper_than_the_workers_do_not_lock_each_other_out(void)
{
    enum { DEPTH = 40 };
    char names[DEPTH + 1][32];
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.workers = 4;
    mesh_client *client = peer_client(&options);
    for (int i = 0; i <= DEPTH; i++) {
        snprintf(names[i], sizeof(names[i]), "link.%d", i);
        serve(client, (mesh_agent){ .name = names[i], .call = call_down }, NULL);
    }
    expect_call(client, names[DEPTH], "40");
    mesh_client_close(client);
}

/* ---- time ---- */

static mesh_status wait_for_stop(mesh_request *request, void *state, mesh_error *err)
{
    *(_Atomic int32_t *)state = mesh_request_wait(request, 20000);
    return mesh_request_answer(request, mesh_text("1"), err);
}

static void a_handler_over_its_time_is_answered_for(void)
{
    _Atomic int32_t reason = 0;
    mesh_client *client = peer_client(NULL);
    serve(client, (mesh_agent){ .name = "late", .call = wait_for_stop, .timeout_ms = 200 }, &reason);
    uint64_t begin = clock_ms();
    expect_call(client, "late", "timeout: Agent 'late' gave no answer: its handler took longer than 200 ms");
    expect_true(clock_ms() - begin >= 200);
    expect_int(mesh_unregister(client, "late", NULL), MESH_OK);
    expect_int(reason, MESH_STOP_DEADLINE);
    mesh_counters counters = { .size = sizeof(counters) };
    mesh_child_counters(client, &counters);
    expect_int(counters.timeouts, 1);
    expect_true(counters.late >= 1);
    mesh_client_close(client);
}

static mesh_status wait_on_fd(mesh_request *request, void *state, mesh_error *err)
{
    struct pollfd stop = { .fd = mesh_request_stop_fd(request), .events = POLLIN };
    *(atomic_int *)state = poll(&stop, 1, 20000);
    return mesh_request_answer(request, mesh_text("1"), err);
}

static void the_stop_signal_is_a_descriptor_too(void)
{
    atomic_int readable = 0;
    mesh_client *client = peer_client(NULL);
    serve(client, (mesh_agent){ .name = "late", .call = wait_on_fd, .timeout_ms = 100 }, &readable);
    auto_free char *answer = call(client, "late");
    expect_contains(answer, "timeout: ");
    expect_int(mesh_unregister(client, "late", NULL), MESH_OK);
    expect_int(readable, 1);
    mesh_client_close(client);
}

/* Calls the agent named by state, with what is left of its own time. */
static mesh_status relay(mesh_request *request, void *state, mesh_error *err)
{
    mesh_reply *reply = NULL;
    uint64_t begin = clock_ms();
    mesh_status status = mesh_call(mesh_request_client(request), "slow", mesh_text("1"), NULL, &reply, err);
    *(_Atomic uint64_t *)state = clock_ms() - begin;
    mesh_reply_free(reply);
    return status;
}

static void calls_of_a_handler_end_with_its_request(void)
{
    struct gate gate;
    _Atomic uint64_t took_ms = 0;
    gate_init(&gate);
    mesh_client *client = peer_client(NULL);
    serve(client, (mesh_agent){ .name = "slow", .call = wait_at_gate }, &gate);
    serve(client, (mesh_agent){ .name = "relay", .call = relay, .timeout_ms = 200 }, &took_ms);
    auto_free char *answer = call(client, "relay");
    expect_contains(answer, "timeout: ");
    expect_int(mesh_unregister(client, "relay", NULL), MESH_OK);
    expect_true(took_ms > 0 && took_ms < 10000);
    gate_open(&gate);
    mesh_client_close(client);
}

/* ---- references ---- */

struct keeper {
    mesh_request *kept;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static mesh_status keep(mesh_request *request, void *state, mesh_error *err)
{
    struct keeper *keeper = state;
    (void)err;
    pthread_mutex_lock(&keeper->lock);
    keeper->kept = mesh_request_ref(request);
    pthread_cond_signal(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    return MESH_OK;
}

static mesh_request *await_kept(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->kept)
        pthread_cond_wait(&keeper->changed, &keeper->lock);
    mesh_request *request = take(&keeper->kept);
    pthread_mutex_unlock(&keeper->lock);
    return request;
}

static void a_kept_request_is_answered_later(void)
{
    struct keeper keeper = { NULL, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
    struct caller callers[3];
    mesh_client *client = peer_client(NULL);
    serve(client, (mesh_agent){ .name = "kept", .call = keep }, &keeper);

    start_call(&callers[0], client, "kept");
    mesh_request *request = await_kept(&keeper);
    expect_int(mesh_request_answer(request, mesh_text("\"later\""), NULL), MESH_OK);
    expect_int(mesh_request_answer(request, mesh_text("\"again\""), NULL), MESH_E_ANSWERED);
    mesh_request_unref(request);
    expect_said(&callers[0], "\"later\"");

    mesh_error failure = MESH_ERROR_INIT;
    mesh_error_set_code(&failure, "given_up", "no luck", NULL);
    start_call(&callers[1], client, "kept");
    request = await_kept(&keeper);
    expect_int(mesh_request_fail(request, &failure, NULL), MESH_OK);
    mesh_request_unref(request);
    expect_said(&callers[1], "given_up: no luck");
    mesh_error_clear(&failure);

    start_call(&callers[2], client, "kept");
    mesh_request_unref(await_kept(&keeper));
    expect_said(&callers[2], "{}");
    mesh_client_close(client);
}

static void a_stop_waits_for_kept_requests_and_says_who_keeps_them(void)
{
    struct keeper keeper = { NULL, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
    struct caller caller;
    mesh_client *root = peer_client(NULL), *child = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_client_child(root, "child", &child, NULL), MESH_OK);
    serve(child, (mesh_agent){ .name = "kept", .call = keep }, &keeper);
    start_call(&caller, root, "kept");
    mesh_request *request = await_kept(&keeper);
    expect_int(mesh_client_stop(child, 100, &err), MESH_E_TIMEOUT);
    expect_str(mesh_error_text(&err),
               "after 100 ms there is still in hand: agent 'kept': 0 running, 1 kept by reference, 0 waiting");
    expect_said(&caller, "not_available: Agent 'kept' gave no answer: it is leaving the mesh");
    expect_int(mesh_request_stopped(request), MESH_STOP_DRAIN);
    mesh_request_unref(request);
    mesh_error_clear(&err);
    expect_int(mesh_client_stop(child, 100, &err), MESH_OK);
    mesh_client_close(child);
    mesh_client_close(root);
}

static void a_stopped_client_makes_no_calls(void)
{
    mesh_client *root = peer_client(NULL), *child = NULL;
    expect_int(mesh_client_child(root, "child", &child, NULL), MESH_OK);
    serve(root, (mesh_agent){ .name = "one", .call = answer_one }, NULL);
    expect_call(child, "one", "1");
    expect_int(mesh_client_stop(child, 0, NULL), MESH_OK);
    auto_free char *answer = call(child, "one");
    expect_contains(answer, "stopped");
    expect_call(root, "one", "1");
    mesh_client_close(child);
    mesh_client_close(root);
}

SUITE(integration_serve, TEST(a_blocked_agent_delays_no_other), TEST(an_agent_runs_as_many_at_once_as_it_says),
      TEST(a_full_queue_answers_overloaded_at_once), TEST(chains_deeper_than_the_workers_do_not_lock_each_other_out),
      TEST(a_handler_over_its_time_is_answered_for), TEST(the_stop_signal_is_a_descriptor_too),
      TEST(calls_of_a_handler_end_with_its_request), TEST(a_kept_request_is_answered_later),
      TEST(a_stop_waits_for_kept_requests_and_says_who_keeps_them), TEST(a_stopped_client_makes_no_calls))
