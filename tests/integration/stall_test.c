/* SPDX-License-Identifier: Apache-2.0 */
/* Agents all of whose handlers are long past their deadline. */
#include <stdio.h>
#include <string.h>

#include "agents.h"
#include "base/clock.h"

enum { WAIT_MS = 20000, TIMEOUT_MS = 100, CALLS = 50 };

/* What a client has told of "busy". */
struct told {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int stuck, back;
};

static void hear(void *data, const mesh_event *event)
{
    struct told *told = data;
    if (!event->agent || strcmp(event->agent, "busy") != 0)
        return;
    pthread_mutex_lock(&told->lock);
    told->stuck += strstr(event->text, "it is stuck") != NULL;
    told->back += strstr(event->text, "takes requests again") != NULL;
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->lock);
}

static bool has_told(struct told *told, const int *what)
{
    uint64_t deadline = clock_deadline(WAIT_MS);
    pthread_mutex_lock(&told->lock);
    while (*what == 0 && clock_cond_wait(&told->changed, &told->lock, deadline))
        ;
    bool has = *what == 1;
    pthread_mutex_unlock(&told->lock);
    return has;
}

/* A client whose agent "busy" waits at a gate, so many at a time. */
static mesh_client *stuck_client(struct told *told, struct gate *gate, uint32_t concurrency)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_agent agent = MESH_RESPONDER("busy", "For a test.", wait_at_gate, "{}", NULL);
    memset(told, 0, sizeof(*told));
    pthread_mutex_init(&told->lock, NULL);
    clock_cond_init(&told->changed);
    gate_init(gate);
    options.on_event = hear;
    options.on_event_data = told;
    agent.timeout_ms = TIMEOUT_MS;
    agent.concurrency = concurrency;
    mesh_client *client = peer_client(&options);
    expect_int(mesh_register(client, &agent, gate, NULL), MESH_OK);
    return client;
}

static void who_is_stuck_alone_is_not_available_until_it_is_back(void)
{
    struct told told;
    struct gate gate;
    struct caller first, second, waiting;
    mesh_client *client = stuck_client(&told, &gate, 2);
    caller_start(&first, client, "busy");
    caller_start(&second, client, "busy");
    expect_true(gate_has(&gate, 2));
    caller_start(&waiting, client, "busy");
    expect_said(&first, "timeout: Agent 'busy' gave no answer: its handler took longer than 100 ms");
    expect_said(&second, "timeout: Agent 'busy' gave no answer: its handler took longer than 100 ms");
    expect_said(&waiting, "not_available: Agent 'busy' gave no answer: it is stuck with those that came before");
    expect_true(has_told(&told, &told.stuck));
    uint64_t began = clock_ms();
    auto_free char *answer = call(client, "busy");
    expect_contains(answer, "not_available: Agent 'busy' is ");
    expect_true(clock_ms() - began < WAIT_MS / 4);
    gate_open(&gate);
    expect_true(has_told(&told, &told.back));
    expect_call(client, "busy", "\"passed\"");
    mesh_client_close(client);
    expect_int(told.stuck, 1);
    expect_int(told.back, 1);
}

static void its_replicas_have_all_requests(void)
{
    struct told told;
    struct gate gate;
    struct caller caller;
    mesh_client *client = stuck_client(&told, &gate, 1), *replica = peer_client(NULL);
    caller_start(&caller, client, "busy");
    expect_true(gate_has(&gate, 1));
    expect_int(serve_text(replica, "busy", "2"), MESH_OK);
    expect_true(has_told(&told, &told.stuck));
    for (int i = 0; i < CALLS; i++)
        expect_call(client, "busy", "2");
    gate_open(&gate);
    expect_said(&caller, "timeout: Agent 'busy' gave no answer: its handler took longer than 100 ms");
    expect_true(has_told(&told, &told.back));
    mesh_client_close(replica);
    expect_true(becomes_callable(client, "busy", "\"passed\""));
    mesh_client_close(client);
}

static void one_handler_that_is_left_goes_on(void)
{
    struct told told;
    struct gate gate;
    struct caller caller;
    mesh_client *client = stuck_client(&told, &gate, 2);
    caller_start(&caller, client, "busy");
    expect_said(&caller, "timeout: Agent 'busy' gave no answer: its handler took longer than 100 ms");
    expect_call(client, "busy", "timeout: Agent 'busy' gave no answer: its handler took longer than 100 ms");
    gate_open(&gate);
    mesh_client_close(client);
}

static void it_can_be_unregistered_and_its_client_closed(void)
{
    struct told told;
    struct gate gate;
    struct caller caller;
    mesh_client *client = stuck_client(&told, &gate, 1);
    caller_start(&caller, client, "busy");
    expect_true(has_told(&told, &told.stuck));
    caller_join(&caller);
    caller_clear(&caller);
    gate_open(&gate);
    expect_int(mesh_unregister(client, "busy", NULL), MESH_OK);
    expect_int(serve_text(client, "busy", "3"), MESH_OK);
    expect_call(client, "busy", "3");
    mesh_client_close(client);
}

SUITE(integration_stall, TEST(who_is_stuck_alone_is_not_available_until_it_is_back),
      TEST(its_replicas_have_all_requests), TEST(one_handler_that_is_left_goes_on),
      TEST(it_can_be_unregistered_and_its_client_closed))
