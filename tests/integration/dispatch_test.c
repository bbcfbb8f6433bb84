/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers and callbacks in a loop of the program's own. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents.h"
#include "base/clock.h"

enum { WAIT_MS = 20000 };

static mesh_client *open_dispatching(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.flags = MESH_CLIENT_DISPATCH;
    return peer_client(&options);
}

/* Dispatch as a program with a loop of its own does, until it is so. */
static bool loop_until(mesh_client *client, bool (*is_so)(void *data), void *data)
{
    uint64_t deadline = clock_deadline(WAIT_MS);
    while (!is_so(data) && clock_left_ms(deadline) > 0) {
        struct pollfd readable = { .fd = mesh_dispatch_fd(client), .events = POLLIN };
        if (poll(&readable, 1, 50) == 1)
            expect_int(mesh_dispatch(client, 0, NULL), MESH_OK);
    }
    return is_so(data);
}

/* ---- handlers ---- */

struct here {
    pthread_t thread;
    atomic_int calls, elsewhere;
};

static mesh_status note_thread(mesh_request *request, void *state, mesh_error *err)
{
    struct here *here = state;
    here->calls++;
    if (!pthread_equal(pthread_self(), here->thread))
        here->elsewhere++;
    return mesh_request_answer(request, mesh_text("1"), err);
}

struct callers {
    struct caller callers[8];
    atomic_int left;
};

static void *call_one(void *closure)
{
    struct callers *callers = closure;
    struct caller *caller = NULL;
    static atomic_int next;
    caller = &callers->callers[next++ % 8];
    caller->said = call(caller->client, caller->agent);
    callers->left--;
    return NULL;
}

static bool are_answered(void *data)
{
    return ((struct callers *)data)->left == 0;
}

static void handlers_run_in_the_thread_that_dispatches(void)
{
    mesh_client *client = open_dispatching(), *other = peer_client(NULL);
    struct here here = { .thread = pthread_self() };
    expect_int(serve(client, "loop.here", note_thread, &here), MESH_OK);
    struct callers callers = { .left = 8 };
    for (int i = 0; i < 8; i++) {
        callers.callers[i] = (struct caller){ .client = other, .agent = "loop.here" };
        pthread_create(&callers.callers[i].thread, NULL, call_one, &callers);
    }
    expect_true(loop_until(client, are_answered, &callers));
    for (int i = 0; i < 8; i++) {
        pthread_join(callers.callers[i].thread, NULL);
        expect_str(callers.callers[i].said, "1");
        free(callers.callers[i].said);
    }
    expect_int(here.calls, 8);
    expect_int(here.elsewhere, 0);
    mesh_client_close(client);
    mesh_client_close(other);
}

static void the_descriptor_tells_whether_there_is_something_to_do(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = open_dispatching();
    struct here here = { .thread = pthread_self() };
    struct pollfd readable = { .fd = mesh_dispatch_fd(client), .events = POLLIN };
    expect_int(serve(client, "loop.fd", note_thread, &here), MESH_OK);
    expect_int(poll(&readable, 1, 0), 0);
    expect_int(mesh_dispatch(client, 0, NULL), MESH_E_TIMEOUT);
    expect_int(mesh_dispatch(client, 20, NULL), MESH_E_TIMEOUT);
    peer_say(peer, "mesh.agent.loop.fd", NULL, "1", NULL);
    expect_int(poll(&readable, 1, WAIT_MS), 1);
    expect_int(poll(&readable, 1, 0), 1); /* it stays so */
    expect_int(here.calls, 0);
    expect_int(mesh_dispatch(client, UINT32_MAX, NULL), MESH_OK);
    expect_int(here.calls, 1);
    expect_int(poll(&readable, 1, 0), 0);
    mesh_client_close(client);
    peer_close(peer);
}

static mesh_status finish(const mesh_message *message, void *state, mesh_error *err)
{
    struct here *here = state;
    (void)message;
    (void)err;
    here->calls++;
    if (!pthread_equal(pthread_self(), here->thread))
        here->elsewhere++;
    return MESH_OK;
}

static bool has_three(void *data)
{
    return ((struct here *)data)->calls >= 3;
}

static void messages_and_gates_are_dispatched_too(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = open_dispatching();
    struct here here = { .thread = pthread_self() };
    const mesh_gate gate = MESH_KEY_GATE("loop.gate");
    const mesh_source source = MESH_SUBJECT_SOURCE("loop.news", NULL);
    const mesh_source *const sources[] = { &source, NULL };
    mesh_agent agent = MESH_LISTENER("loop.listener", "For a test.", finish, sources);
    agent.active_when = &gate;
    expect_int(link_key_put(peer_link(peer), "mesh-context", "loop.gate", mesh_text("on"), NULL, NULL), MESH_OK);
    expect_int(mesh_register(client, &agent, &here, NULL), MESH_OK); /* asks the gate, here */
    for (int i = 0; i < 3; i++)
        peer_say(peer, "loop.news", NULL, "m", NULL);
    expect_true(loop_until(client, has_three, &here));
    expect_int(link_key_put(peer_link(peer), "mesh-context", "loop.gate", mesh_text("off"), NULL, NULL), MESH_OK);
    struct ear *logs = peer_listen(peer, "mesh.logs.loop.listener");
    expect_int(mesh_dispatch(client, WAIT_MS, NULL), MESH_OK);
    struct link_message event = ear_next(logs, WAIT_MS);
    expect_contains(said(&event), "agent_deactivated");
    link_message_clear(&event);
    expect_int(here.elsewhere, 0);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- callbacks ---- */

static void on_reply(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    struct here *here = data;
    (void)reply;
    (void)err;
    expect_int(status, MESH_OK);
    here->calls++;
    if (!pthread_equal(pthread_self(), here->thread))
        here->elsewhere++;
}

static void an_agent_and_its_caller_may_share_a_loop(void)
{
    mesh_client *client = open_dispatching();
    struct here serving = { .thread = pthread_self() }, calling = { .thread = pthread_self() };
    expect_int(serve(client, "loop.both", note_thread, &serving), MESH_OK);
    for (int i = 0; i < 3; i++)
        expect_int(mesh_call_start(client, "loop.both", mesh_text("1"), NULL, on_reply, &calling, NULL), MESH_OK);
    expect_true(loop_until(client, has_three, &calling));
    expect_int(serving.elsewhere + calling.elsewhere, 0);
    mesh_client_close(client);
}

/* ---- the end ---- */

static void leaving_runs_what_is_left(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = open_dispatching();
    struct here here = { .thread = pthread_self() };
    struct ear *replies = peer_listen(peer, "loop.replies");
    expect_int(serve(client, "loop.left", note_thread, &here), MESH_OK);
    for (int i = 0; i < 3; i++)
        peer_say(peer, "mesh.agent.loop.left", "loop.replies", "1", NULL);
    struct pollfd readable = { .fd = mesh_dispatch_fd(client), .events = POLLIN };
    expect_int(poll(&readable, 1, WAIT_MS), 1);
    expect_int(mesh_unregister(client, "loop.left", NULL), MESH_OK);
    for (int i = 0; i < 3; i++) {
        struct link_message reply = ear_next(replies, WAIT_MS);
        expect_str(said(&reply), "1");
        link_message_clear(&reply);
    }
    expect_int(here.elsewhere, 0);
    expect_int(mesh_client_stop(client, 0, NULL), MESH_OK);
    expect_int(mesh_dispatch(client, 0, NULL), MESH_E_STOPPED);
    mesh_client_close(client);
    peer_close(peer);
}

static mesh_status end_the_run(mesh_request *request, void *state, mesh_error *err)
{
    mesh_status status = note_thread(request, state, err);
    mesh_stop(mesh_request_client(request));
    return status;
}

static void a_run_dispatches_by_itself(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = open_dispatching();
    struct here here = { .thread = pthread_self() };
    expect_int(serve(client, "loop.run", end_the_run, &here), MESH_OK);
    peer_say(peer, "mesh.agent.loop.run", NULL, "1", NULL);
    expect_int(mesh_run(client, NULL), MESH_OK);
    expect_int(here.calls, 1);
    expect_int(here.elsewhere, 0);
    mesh_client_close(client);
    peer_close(peer);
}

static void other_clients_do_not_dispatch(void)
{
    mesh_client *client = peer_client(NULL);
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_dispatch(client, 0, &err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(&err), "MESH_CLIENT_DISPATCH");
    expect_int(mesh_dispatch_fd(client), -1);
    mesh_error_clear(&err);
    mesh_client_close(client);
}

SUITE(integration_dispatch, TEST(handlers_run_in_the_thread_that_dispatches),
      TEST(the_descriptor_tells_whether_there_is_something_to_do), TEST(messages_and_gates_are_dispatched_too),
      TEST(an_agent_and_its_caller_may_share_a_loop), TEST(leaving_runs_what_is_left), TEST(a_run_dispatches_by_itself),
      TEST(other_clients_do_not_dispatch))
