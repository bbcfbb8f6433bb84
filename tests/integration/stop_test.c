/* SPDX-License-Identifier: Apache-2.0 */
/* What ends calls and streams from outside: their deadline, the stop of their client, the end of the request on whose
 * behalf they are made. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents.h"
#include "base/clock.h"

static mesh_client *child_of(mesh_client *parent)
{
    mesh_client *child = NULL;
    expect_int(mesh_client_child(parent, "child", &child, NULL), MESH_OK);
    return child;
}

static bool has_passed(void *moment)
{
    return clock_left_ms(*(uint64_t *)moment) == 0;
}

/* ---- streams ---- */

static mesh_status stream_on_and_on(mesh_request *request, void *state, mesh_error *err)
{
    mesh_status status = MESH_OK;
    (void)state;
    while (status == MESH_OK && mesh_request_stopped(request) == MESH_STOP_NONE)
        status = mesh_request_chunk(request, mesh_text("1"), err);
    return status;
}

static mesh_status stream_three(mesh_request *request, void *state, mesh_error *err)
{
    mesh_status status = MESH_OK;
    (void)state;
    for (int i = 0; i < 3 && status == MESH_OK; i++)
        status = mesh_request_chunkf(request, err, "%d", i);
    return status;
}

static void serve_stream(mesh_client *client, const char *name, mesh_handler stream)
{
    const mesh_agent agent = {
        .size = sizeof(agent), .name = name, .description = "For a test.", .input_schema = "{}", .stream = stream
    };
    expect_int(mesh_register(client, &agent, NULL, NULL), MESH_OK);
}

static mesh_stream *open_stream(mesh_client *client, const char *agent, uint32_t timeout_ms)
{
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    mesh_stream *stream = NULL;
    options.timeout_ms = timeout_ms;
    expect_int(mesh_stream_open(client, agent, mesh_text("1"), &options, &stream, NULL), MESH_OK);
    return stream;
}

/* How a stream ends that is read as fast as it comes. */
static mesh_status read_to_the_end(mesh_stream *stream)
{
    mesh_bytes chunk;
    mesh_status status;
    while ((status = mesh_stream_next(stream, &chunk, NULL)) == MESH_OK)
        continue;
    return status;
}

static void a_stream_that_never_pauses_ends_at_its_deadline(void)
{
    mesh_client *client = peer_client(NULL);
    serve_stream(client, "endless", stream_on_and_on);
    uint64_t begin = clock_ms();
    mesh_stream *stream = open_stream(client, "endless", 300);
    expect_int(read_to_the_end(stream), MESH_E_TIMEOUT);
    expect_true(clock_ms() - begin < 10000);
    mesh_stream_close(stream);
    mesh_client_close(client);
}

static void what_came_in_time_is_read_after_the_deadline(void)
{
    mesh_client *client = peer_client(NULL);
    mesh_bytes chunk;
    serve_stream(client, "three", stream_three);
    mesh_stream *stream = open_stream(client, "three", 1000);
    uint64_t deadline = clock_deadline(1100);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_OK);
    expect_true(comes_true(has_passed, &deadline, 5000));
    expect_int(read_to_the_end(stream), MESH_E_END);
    mesh_stream_close(stream);
    mesh_client_close(client);
}

struct reader {
    mesh_client *client;
    pthread_t thread;
    atomic_bool reads;
    mesh_status status;
};

static void *read_endless(void *closure)
{
    struct reader *reader = closure;
    mesh_stream *stream = open_stream(reader->client, "endless", 30000);
    mesh_bytes chunk;
    reader->status = mesh_stream_next(stream, &chunk, NULL);
    reader->reads = true;
    if (reader->status == MESH_OK)
        reader->status = read_to_the_end(stream);
    mesh_stream_close(stream);
    return NULL;
}

static bool is_set(void *data)
{
    return *(atomic_bool *)data;
}

static void a_stopped_client_reads_no_further(void)
{
    mesh_client *host = peer_client(NULL), *child = child_of(host);
    struct reader reader = { .client = child };
    mesh_bytes chunk;
    serve_stream(host, "endless", stream_on_and_on);
    serve_stream(host, "three", stream_three);
    pthread_create(&reader.thread, NULL, read_endless, &reader);
    expect_true(comes_true(is_set, &reader.reads, 10000));
    uint64_t begin = clock_ms();
    expect_int(mesh_client_stop(child, 0, NULL), MESH_OK);
    pthread_join(reader.thread, NULL);
    expect_int(reader.status, MESH_E_STOPPED);
    expect_true(clock_ms() - begin < 10000);
    mesh_client_close(child);
    child = child_of(host);
    mesh_stream *stream = open_stream(child, "three", 30000);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_OK);
    expect_int(mesh_client_stop(child, 0, NULL), MESH_OK);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_E_STOPPED);
    mesh_stream_close(stream);
    mesh_client_close(child);
    mesh_client_close(host);
}

/* ---- a close that comes too early ---- */

static atomic_bool told_of_kept_memory;

static void on_event(void *data, const mesh_event *event)
{
    (void)data;
    if (strstr(event->text, "its memory is kept: a stream"))
        told_of_kept_memory = true;
}

/* Everything is as it was but for the client, which is left where it is until the program ends. */
static void what_is_open_while_its_client_closes_can_still_be_closed(void)
{
    static mesh_client *kept;
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_subscribe_options silence = MESH_SUBSCRIBE_OPTIONS_INIT;
    mesh_client *host = peer_client(NULL);
    mesh_subscription *subscription = NULL;
    mesh_watch *watch = NULL;
    mesh_tail *tail = NULL;
    const mesh_message *message = NULL;
    const mesh_entry *entry = NULL;
    const mesh_log_event *event = NULL;
    mesh_bytes chunk;
    options.on_event = on_event;
    silence.subject = "silence";
    serve_stream(host, "three", stream_three);
    kept = peer_client(&options);
    mesh_stream *stream = open_stream(kept, "three", 30000);
    expect_int(mesh_subscribe(kept, &silence, &subscription, NULL), MESH_OK);
    expect_int(mesh_key_watch(kept, "silent.>", &watch, NULL), MESH_OK);
    expect_int(mesh_tail_open(kept, NULL, MESH_LOG_DEBUG, &tail, NULL), MESH_OK);
    expect_true(mesh_client_close(kept) == NULL);
    expect_true(told_of_kept_memory);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_E_STOPPED);
    expect_int(mesh_subscription_next(subscription, &message, NULL), MESH_E_STOPPED);
    expect_int(mesh_watch_next(watch, UINT32_MAX, &entry, NULL), MESH_E_STOPPED);
    expect_int(mesh_tail_next(tail, UINT32_MAX, &event, NULL), MESH_E_STOPPED);
    mesh_stream_close(stream);
    mesh_subscription_close(subscription);
    mesh_watch_close(watch);
    mesh_tail_close(tail);
    mesh_client_close(host);
}

/* ---- calls ---- */

static void a_stopped_client_waits_for_no_answer(void)
{
    struct peer *peer = peer_open();
    struct caller caller;
    mesh_client *host = peer_client(NULL), *child = child_of(host);
    struct ear *requests = peer_listen(peer, "mesh.agent.silent");
    caller_start(&caller, child, "silent");
    struct link_message request = ear_next(requests, 5000);
    expect_int(mesh_client_stop(child, 0, NULL), MESH_OK);
    caller_join(&caller);
    expect_int(caller.failure.status, MESH_E_STOPPED);
    caller_clear(&caller);
    link_message_clear(&request);
    mesh_client_close(child);
    mesh_client_close(host);
    peer_close(peer);
}

struct relay {
    mesh_status before, after; /* of the calls made before and after the stop */
    atomic_bool done;
};

/* Calls an agent that never answers until its own request is given up; then once more. */
static mesh_status call_until_stopped(mesh_request *request, void *state, mesh_error *err)
{
    struct relay *relay = state;
    mesh_reply *reply = NULL;
    relay->before = mesh_call(mesh_request_client(request), "silent", mesh_text("1"), NULL, &reply, err);
    relay->after = mesh_call(mesh_request_client(request), "silent", mesh_text("1"), NULL, &reply, err);
    relay->done = true;
    return MESH_OK;
}

static void calls_end_with_the_request_that_they_are_made_for(void)
{
    struct peer *peer = peer_open();
    struct caller caller;
    struct relay relay = { .done = false };
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.drain_timeout_ms = 100;
    mesh_client *host = peer_client(&options), *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.silent");
    expect_int(serve(host, "relay", call_until_stopped, &relay), MESH_OK);
    caller_start(&caller, client, "relay");
    struct link_message request = ear_next(requests, 5000);
    expect_int(mesh_unregister(host, "relay", NULL), MESH_E_TIMEOUT);
    expect_said(&caller, "not_available: Agent 'relay' gave no answer: it is leaving the mesh");
    expect_true(comes_true(is_set, &relay.done, 10000));
    mesh_client_close(host);
    expect_int(relay.before, MESH_E_STOPPED);
    expect_int(relay.after, MESH_E_STOPPED);
    link_message_clear(&request);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- what outlives its request ---- */

static mesh_status keep_a_stream(mesh_request *request, void *state, mesh_error *err)
{
    return mesh_stream_open(mesh_request_client(request), "theirs", mesh_text("1"), NULL, state, err);
}

static mesh_status be_late(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    (void)err;
    mesh_request_wait(request, 10000);
    return MESH_OK;
}

static void a_stream_that_outlives_its_request_is_not_ended_by_others(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    struct ear *requests = peer_listen(peer, "mesh.agent.theirs");
    const mesh_agent late = { .size = sizeof(late),
                              .name = "late",
                              .description = "Late.",
                              .input_schema = "{}",
                              .call = be_late,
                              .timeout_ms = 5 };
    expect_int(serve(client, "opener", keep_a_stream, &stream), MESH_OK);
    expect_int(mesh_register(client, &late, NULL, NULL), MESH_OK);
    expect_call(client, "opener", "{}");
    for (int i = 0; i < 20; i++) {
        auto_free char *answer = call(client, "late");
        expect_contains(answer, "timeout: ");
    }
    struct link_message request = ear_next(requests, 5000);
    char frames[64];
    snprintf(frames, sizeof(frames), "mesh.stream.%s", said_header(&request, "X-Mesh-Request-Id"));
    peer_say(peer, frames, NULL, "1", "X-Mesh-Stream-Seq", "0", "X-Mesh-Stream-End", "false", NULL);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_OK);
    mesh_stream_close(stream);
    link_message_clear(&request);
    mesh_client_close(client);
    peer_close(peer);
}

SUITE(integration_stop, TEST(a_stream_that_never_pauses_ends_at_its_deadline),
      TEST(what_came_in_time_is_read_after_the_deadline), TEST(a_stopped_client_reads_no_further),
      TEST(what_is_open_while_its_client_closes_can_still_be_closed), TEST(a_stopped_client_waits_for_no_answer),
      TEST(calls_end_with_the_request_that_they_are_made_for),
      TEST(a_stream_that_outlives_its_request_is_not_ended_by_others))
