/* SPDX-License-Identifier: Apache-2.0 */
/* Listening to agents, channels and subjects (protocol 6.2 to 6.4). */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "recording.h"

enum { PATIENCE_MS = 20000 };

/* ---- what a test listens to ---- */

static mesh_subscription *open_at(mesh_client *client, const mesh_subscribe_options *options)
{
    mesh_subscription *subscription = NULL;
    mesh_error err = MESH_ERROR_INIT;
    if (!expect_int(mesh_subscribe(client, options, &subscription, &err), MESH_OK))
        expect_str(mesh_error_text(&err), "");
    mesh_error_clear(&err);
    return subscription;
}

static mesh_subscription *open_subject(mesh_client *client, const char *subject, uint32_t flags)
{
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    options.subject = subject;
    options.flags = flags;
    options.timeout_ms = PATIENCE_MS;
    return open_at(client, &options);
}

static mesh_subscription *open_channel(mesh_client *client, const char *channel, uint32_t flags)
{
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    options.channel = channel;
    options.flags = flags;
    options.timeout_ms = PATIENCE_MS;
    return open_at(client, &options);
}

/* What comes next: a body, "end", or "code: message". To free(). */
static char *next(mesh_subscription *subscription)
{
    const mesh_message *message = NULL;
    mesh_error err = MESH_ERROR_INIT;
    char *told = NULL;
    mesh_status status = mesh_subscription_next(subscription, &message, &err);
    if (status == MESH_OK)
        told = strdup(mesh_message_body(message).data);
    else if (status == MESH_E_END)
        told = strdup("end");
    else if (asprintf(&told, "%s: %s", mesh_status_text(status), mesh_error_message(&err)) < 0)
        told = NULL;
    mesh_error_clear(&err);
    return told;
}

#define expect_next(subscription, expected)                                                                            \
    do {                                                                                                               \
        auto_free char *told_ = next(subscription);                                                                    \
        expect_str(told_, (expected));                                                                                 \
    } while (0)

static mesh_status next_status(mesh_subscription *subscription)
{
    const mesh_message *message;
    return mesh_subscription_next(subscription, &message, NULL);
}

static void say_event(struct peer *peer, const char *subject, const char *body)
{
    peer_say(peer, subject, NULL, body, "X-Mesh-Stream-Seq", "0", "X-Mesh-Stream-End", "false", NULL);
}

static void say_end(struct peer *peer, const char *subject, const char *body)
{
    peer_say(peer, subject, NULL, body, "X-Mesh-Stream-Seq", "1", "X-Mesh-Stream-End", "true", NULL);
}

/* ---- subjects ---- */

static void what_is_published_later_arrives_as_it_was_sent(void)
{
    static const char *const headers[] = { "X-Custom", "yes", NULL };
    mesh_publish_options options = MESH_PUBLISH_OPTIONS_INIT;
    options.headers = headers;
    options.content_type = MESH_CONTENT_JSON;
    mesh_client *publisher = peer_client(NULL), *reader = peer_client(NULL);
    mesh_subscription *subscription = open_subject(reader, "news.local", 0);
    const mesh_message *message = NULL;
    expect_int(mesh_publish(publisher, "news.local", mesh_text("[1]"), &options, NULL), MESH_OK);
    expect_int(mesh_subscription_next(subscription, &message, NULL), MESH_OK);
    expect_str(mesh_message_body(message).data, "[1]");
    expect_str(mesh_message_subject(message), "news.local");
    expect_str(mesh_message_header(message, "X-Custom"), "yes");
    expect_str(mesh_message_header(message, "X-Mesh-Instance-Id"), mesh_client_instance_id(publisher));
    expect_true(mesh_message_header(message, "X-None") == NULL);
    expect_str(mesh_message_key(message), "");
    expect_int(mesh_message_revision(message), 0);
    expect_int(mesh_message_operation(message), 0);
    mesh_subscription_close(subscription);
    mesh_client_close(publisher);
    mesh_client_close(reader);
}

static void empty_messages_and_what_is_not_json_are_left_out_but_null_is_a_value(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *subscription = open_subject(client, "some.subject", 0);
    static const char *const bodies[] = { "", "not json", "null", "", "{", "\"two\"", "0" };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        peer_say(peer, "some.subject", NULL, bodies[i], NULL);
    expect_next(subscription, "null");
    expect_next(subscription, "\"two\"");
    expect_next(subscription, "0");
    mesh_subscription_close(subscription);
    mesh_client_close(client);
    peer_close(peer);
}

static void what_is_not_json_is_reported_on_demand_and_one_may_go_on(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *subscription = open_subject(client, "some.subject", MESH_SUBSCRIBE_REPORT);
    peer_say(peer, "some.subject", NULL, "not json", NULL);
    peer_say(peer, "some.subject", NULL, "1", NULL);
    mesh_error err = MESH_ERROR_INIT;
    const mesh_message *message;
    expect_int(mesh_subscription_next(subscription, &message, &err), MESH_E_INVALID_JSON);
    expect_contains(mesh_error_text(&err), "a message on 'some.subject' is not JSON");
    expect_next(subscription, "1");
    mesh_error_clear(&err);
    mesh_subscription_close(subscription);
    mesh_client_close(client);
    peer_close(peer);
}

static void raw_takes_every_message_as_it_is(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *subscription = open_subject(client, "some.subject", MESH_SUBSCRIBE_RAW);
    peer_say(peer, "some.subject", NULL, "not json", NULL);
    peer_say(peer, "some.subject", NULL, "{}", "X-Mesh-Status", "error", "X-Mesh-Stream-End", "true", NULL);
    peer_say(peer, "some.subject", NULL, "", "X-Mesh-Stream-End", "true", NULL);
    peer_say(peer, "some.subject", NULL, "after", NULL);
    expect_next(subscription, "not json");
    expect_next(subscription, "{}");
    expect_next(subscription, "");
    expect_next(subscription, "after");
    mesh_subscription_close(subscription);
    mesh_client_close(client);
    peer_close(peer);
}

static void an_end_marker_ends_one_subject_but_no_wildcard(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *one = open_subject(client, "some.subject", 0), *all = open_subject(client, "some.>", 0),
                      *any = open_subject(client, "*.subject", 0);
    say_event(peer, "some.subject", "1");
    say_end(peer, "some.subject", "2");
    say_event(peer, "some.subject", "3");
    expect_next(one, "1");
    expect_next(one, "2");
    expect_next(one, "end");
    expect_next(one, "end");
    expect_next(all, "1");
    expect_next(all, "2");
    expect_next(all, "3");
    expect_next(any, "1");
    expect_next(any, "2");
    expect_next(any, "3");
    mesh_subscription_close(one);
    mesh_subscription_close(all);
    mesh_subscription_close(any);
    mesh_client_close(client);
    peer_close(peer);
}

static void silence_ends_it_after_its_time(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    options.subject = "some.subject";
    options.timeout_ms = 250;
    mesh_subscription *subscription = open_at(client, &options);
    peer_say(peer, "some.subject", NULL, "1", NULL);
    expect_next(subscription, "1");
    uint64_t begin = clock_ms();
    mesh_error err = MESH_ERROR_INIT;
    const mesh_message *message;
    expect_int(mesh_subscription_next(subscription, &message, &err), MESH_E_TIMEOUT);
    expect_str(mesh_error_message(&err), "No message on some.subject within 0.25s");
    expect_str(mesh_error_code(&err), "timeout");
    expect_true(clock_ms() - begin >= 250);
    peer_say(peer, "some.subject", NULL, "2", NULL);
    expect_int(mesh_subscription_next(subscription, &message, &err), MESH_E_TIMEOUT);
    mesh_error_clear(&err);
    mesh_subscription_close(subscription);
    mesh_client_close(client);
    peer_close(peer);
}

static void what_cannot_be_listened_to_is_refused(void)
{
    static const mesh_subscribe_options cases[] = {
        { sizeof(mesh_subscribe_options), NULL, NULL, NULL, 0, 0 },
        { sizeof(mesh_subscribe_options), "a", "b", NULL, 0, 0 },
        { sizeof(mesh_subscribe_options), "a", NULL, "c", 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, "b", "c", 0, 0 },
        { sizeof(mesh_subscribe_options), "a.*", NULL, NULL, 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, "a.>", NULL, 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, "", NULL, 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, NULL, "", 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, NULL, "a..b", 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, NULL, "a b", 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, NULL, "a.\r\nPUB x 0", 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, NULL, "a.>.b", 0, 0 },
        { sizeof(mesh_subscribe_options), NULL, NULL, "a", 0, 64 },
    };
    mesh_client *client = peer_client(NULL);
    mesh_subscription *subscription = NULL;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_int(mesh_subscribe(client, &cases[i], &subscription, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_subscribe(client, NULL, &subscription, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_client_stop(client, 0, NULL), MESH_OK);
    mesh_subscribe_options good = MESH_SUBSCRIBE_OPTIONS_INIT;
    good.subject = "a";
    expect_int(mesh_subscribe(client, &good, &subscription, NULL), MESH_E_STOPPED);
    expect_true(subscription == NULL);
    mesh_client_close(client);
}

/* ---- agents ---- */

#define ENTRY(name, invocable, streaming)                                                                              \
    "{\"name\": \"" name "\", \"description\": \"\", \"version\": \"1\", \"tags\": [], \"invocable\": " invocable      \
    ", \"streaming\": " streaming "}"

static const char catalog[] =
    "[" ENTRY("a.responder", "true", "false") "," ENTRY("a.streamer", "true", "true") "," ENTRY(
        "a.publisher", "false", "true") "," ENTRY("a.task", "false", "false") "," ENTRY("rec.ticker", "false",
                                                                                        "true") "]";

/* A catalog of agents that nobody serves. */
static void tell_catalog(struct peer *peer)
{
    expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text(catalog), NULL, NULL), MESH_OK);
}

static void forget_catalog(struct peer *peer)
{
    expect_int(link_key_delete(peer_link(peer), "mesh-catalog", "catalog", NULL), MESH_OK);
}

struct refusal {
    mesh_client *client;
    const char *verb, *agent;
    char text[256];
};

static mesh_status ask(const struct refusal *refusal, mesh_error *err)
{
    mesh_subscription *subscription = NULL;
    mesh_stream *stream = NULL;
    mesh_reply *reply = NULL;
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    options.agent = refusal->agent;
    mesh_status status;
    if (strcmp(refusal->verb, "call") == 0)
        status = mesh_call(refusal->client, refusal->agent, mesh_text("1"), NULL, &reply, err);
    else if (strcmp(refusal->verb, "stream") == 0)
        status = mesh_stream_open(refusal->client, refusal->agent, mesh_text("1"), NULL, &stream, err);
    else if (strcmp(refusal->verb, "send") == 0)
        status = mesh_send(refusal->client, refusal->agent, mesh_text("1"), NULL, err);
    else
        status = mesh_subscribe(refusal->client, &options, &subscription, err);
    mesh_subscription_close(subscription);
    mesh_stream_close(stream);
    mesh_reply_free(reply);
    return status;
}

/* The catalog may come a moment later than it is told. */
static bool is_refused(void *data)
{
    struct refusal *refusal = data;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = ask(refusal, &err);
    snprintf(refusal->text, sizeof(refusal->text), "%s", mesh_error_message(&err));
    mesh_error_clear(&err);
    return status == MESH_E_INVOCATION_MISMATCH;
}

static void each_verb_is_refused_by_agents_of_another_kind_before_anything_is_sent(void)
{
    static const struct {
        const char *verb, *agent, *text;
    } cases[] = {
        { "call", "a.streamer", "Agent 'a.streamer' is streaming-only. Use stream() instead" },
        { "call", "a.publisher",
          "Agent 'a.publisher' is a publisher and cannot be called. Subscribe to its events instead" },
        { "call", "a.task", "Agent 'a.task' is a background task and cannot be called" },
        { "stream", "a.responder", "Agent 'a.responder' does not support streaming. Use call() instead" },
        { "stream", "a.publisher",
          "Agent 'a.publisher' is a publisher and cannot be streamed. Subscribe to its events instead" },
        { "stream", "a.task", "Agent 'a.task' is a background task and cannot be streamed" },
        { "send", "a.streamer", "Agent 'a.streamer' is streaming-only. Use stream() instead" },
        { "send", "a.publisher",
          "Agent 'a.publisher' is a publisher and cannot be sent to. Subscribe to its events instead" },
        { "send", "a.task", "Agent 'a.task' is a background task and cannot be sent to" },
        { "subscribe", "a.responder", "Agent 'a.responder' does not publish events. Use call() instead" },
        { "subscribe", "a.streamer", "Agent 'a.streamer' streams responses to requests. Use stream() instead" },
        { "subscribe", "a.task", "Agent 'a.task' is a background task and does not publish events" },
    };
    struct peer *peer = peer_open();
    struct ear *ear = peer_listen(peer, "mesh.agent.>");
    tell_catalog(peer);
    mesh_client *client = peer_client(NULL);
    struct refusal first = { client, "subscribe", "a.responder", "" };
    expect_true(comes_true(is_refused, &first, PATIENCE_MS));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct refusal refusal = { client, cases[i].verb, cases[i].agent, "" };
        expect_true(is_refused(&refusal));
        expect_str(refusal.text, cases[i].text);
    }
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    options.agent = "a.publisher";
    mesh_subscription_close(open_at(client, &options));
    expect_int(mesh_send(client, "a.responder", mesh_text("\"last\""), NULL, NULL), MESH_OK);
    struct link_message message = ear_next(ear, 5000);
    expect_str(said(&message), "\"last\"");
    link_message_clear(&message);
    forget_catalog(peer);
    mesh_client_close(client);
    peer_close(peer);
}

static void an_agent_that_is_nowhere_is_not_found(void)
{
    mesh_client *client = peer_client(NULL);
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    mesh_subscription *subscription = NULL;
    mesh_error err = MESH_ERROR_INIT;
    options.agent = "nowhere";
    expect_int(mesh_subscribe(client, &options, &subscription, &err), MESH_E_NOT_FOUND);
    expect_str(mesh_error_text(&err), "subscribe 'nowhere': Agent 'nowhere' not found");
    mesh_error_clear(&err);
    mesh_client_close(client);
}

static bool is_listed(void *data)
{
    struct refusal *refusal = data;
    return ask(refusal, NULL) == MESH_OK;
}

/* A subscription to an agent of the made-up catalog. */
static mesh_subscription *open_agent(struct peer *peer, mesh_client *client, const char *agent)
{
    struct refusal listed = { client, "subscribe", agent, "" };
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    tell_catalog(peer);
    expect_true(comes_true(is_listed, &listed, PATIENCE_MS));
    options.agent = agent;
    options.timeout_ms = PATIENCE_MS;
    return open_at(client, &options);
}

static void recorded_events_are_read_to_their_end(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *subscription = open_agent(peer, client, "rec.ticker");
    struct recording *recording = recording_open("events");
    for (size_t i = 0; i < 4; i++)
        recording_say(recording, i, peer, NULL);
    expect_next(subscription, "{\"n\":0}");
    expect_next(subscription, "{\"n\":1}");
    expect_next(subscription, "{\"n\":2}");
    expect_next(subscription, "end");
    recording_close(recording);
    mesh_subscription_close(subscription);
    forget_catalog(peer);
    mesh_client_close(client);
    peer_close(peer);
}

static void an_error_of_a_publisher_comes_after_its_events_and_ends_it(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *subscription = open_agent(peer, client, "a.publisher");
    say_event(peer, "mesh.agent.a.publisher.events", "1");
    peer_say(peer, "mesh.agent.a.publisher.events", NULL,
             "{\"code\": \"handler_error\", \"message\": \"the belt broke\", \"agent\": \"a.publisher\", "
             "\"request_id\": \"\", \"details\": {\"a\": 1}}",
             "X-Mesh-Status", "error", "X-Mesh-Stream-End", "true", NULL);
    say_event(peer, "mesh.agent.a.publisher.events", "2");
    expect_next(subscription, "1");
    for (int i = 0; i < 2; i++) {
        const mesh_message *message;
        mesh_error err = MESH_ERROR_INIT;
        expect_int(mesh_subscription_next(subscription, &message, &err), MESH_E_HANDLER_ERROR);
        expect_str(mesh_error_text(&err), "subscribe 'a.publisher': the belt broke");
        expect_str(mesh_error_agent(&err), "a.publisher");
        expect_str(mesh_error_details(&err), "{\"a\":1}");
        mesh_error_clear(&err);
    }
    mesh_subscription_close(subscription);
    forget_catalog(peer);
    mesh_client_close(client);
    peer_close(peer);
}

static void errors_of_any_kind_are_errors(void)
{
    static const char *const bodies[] = { "", "not json", "[]", "{\"code\": 7}", "null" };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *subscription = open_subject(client, "some.subject", 0);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        const mesh_message *message;
        peer_say(peer, "some.subject", NULL, bodies[i], "X-Mesh-Status", "error", NULL);
        expect_int(mesh_subscription_next(subscription, &message, &err), MESH_E_MESH);
        expect_str(mesh_error_code(&err), "mesh_error");
        mesh_error_clear(&err);
    }
    peer_say(peer, "some.subject", NULL, "1", NULL);
    expect_next(subscription, "1");
    mesh_subscription_close(subscription);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- channels ---- */

static void a_channel_outlives_its_publishers_and_leaves_out_requests(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *events = open_channel(client, "fin", 0),
                      *all = open_channel(client, "fin", MESH_SUBSCRIBE_REQUESTS);
    say_event(peer, "mesh.agent.fin.a.events", "\"a1\"");
    peer_say(peer, "mesh.agent.fin.a", NULL, "\"request\"", "X-Mesh-Request-Id", "1", NULL);
    say_end(peer, "mesh.agent.fin.a.events", "");
    say_event(peer, "mesh.agent.fin.b.c.events", "\"b1\"");
    peer_say(peer, "mesh.agent.fin.b.events", NULL, "{\"code\": \"handler_error\", \"message\": \"broken\"}",
             "X-Mesh-Status", "error", "X-Mesh-Stream-End", "true", NULL);
    say_event(peer, "mesh.agent.finance.a.events", "\"other\"");
    say_event(peer, "mesh.agent.fin.d.events", "\"d1\"");
    expect_next(events, "\"a1\"");
    expect_next(events, "\"b1\"");
    expect_int(next_status(events), MESH_E_HANDLER_ERROR);
    expect_next(events, "\"d1\"");
    expect_next(all, "\"a1\"");
    expect_next(all, "\"request\"");
    expect_next(all, "\"b1\"");
    expect_int(next_status(all), MESH_E_HANDLER_ERROR);
    expect_next(all, "\"d1\"");
    mesh_subscription_close(events);
    mesh_subscription_close(all);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- readers ---- */

struct reader {
    mesh_subscription *subscription;
    pthread_t thread;
    mesh_status status;
};

static void *read_one(void *closure)
{
    struct reader *reader = closure;
    reader->status = next_status(reader->subscription);
    return NULL;
}

static void a_stop_wakes_the_reader(void)
{
    mesh_client *host = peer_client(NULL), *client = NULL;
    expect_int(mesh_client_child(host, "reader", &client, NULL), MESH_OK);
    struct reader reader = { .subscription = open_subject(client, "silent", 0) };
    pthread_create(&reader.thread, NULL, read_one, &reader);
    expect_int(mesh_client_stop(client, 0, NULL), MESH_OK);
    pthread_join(reader.thread, NULL);
    expect_int(reader.status, MESH_E_STOPPED);
    expect_int(next_status(reader.subscription), MESH_E_STOPPED);
    mesh_subscription_close(reader.subscription);
    mesh_client_close(client);
    mesh_client_close(host);
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    return poll(&one, 1, timeout_ms) == 1;
}

static void the_descriptor_tells_of_messages_and_of_the_end(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_subscription *subscription = open_subject(client, "some.subject", 0);
    int fd = mesh_subscription_fd(subscription);
    expect_true(fd >= 0);
    expect_int(mesh_subscription_fd(subscription), fd);
    expect_false(is_readable(fd, 0));
    peer_say(peer, "some.subject", NULL, "not json", NULL); /* would make it readable with nothing to read */
    say_event(peer, "some.subject", "1");
    expect_true(is_readable(fd, PATIENCE_MS));
    expect_next(subscription, "1");
    expect_false(is_readable(fd, 0));
    say_end(peer, "some.subject", "");
    expect_true(is_readable(fd, PATIENCE_MS));
    expect_next(subscription, "end");
    expect_true(is_readable(fd, 0));
    mesh_subscription_close(subscription);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_reader_that_is_too_slow_is_told_after_what_waited(void)
{
    enum { MESSAGE = 1 << 20, COUNT = 80 };
    mesh_client *publisher = peer_client(NULL), *reader = peer_client(NULL);
    mesh_subscription *subscription = open_subject(reader, "some.flood", MESH_SUBSCRIBE_RAW);
    int fd = mesh_subscription_fd(subscription), count = 0;
    auto_free char *body = calloc(1, MESSAGE);
    for (int i = 0; i < COUNT; i++)
        expect_int(mesh_publish(publisher, "some.flood", mesh_bytes_of(body, MESSAGE - 1024), NULL, NULL), MESH_OK);
    mesh_subscription *last = open_subject(reader, "some.last", 0);
    expect_int(mesh_publish(publisher, "some.last", mesh_text("1"), NULL, NULL), MESH_OK);
    expect_next(last, "1");
    expect_true(is_readable(fd, PATIENCE_MS));
    mesh_status status;
    while ((status = next_status(subscription)) == MESH_OK)
        count++;
    expect_true(count >= 32 && count < COUNT);
    expect_int(status, MESH_E_TOO_LARGE);
    mesh_subscription_close(last);
    mesh_subscription_close(subscription);
    mesh_client_close(reader);
    mesh_client_close(publisher);
}

/* ---- servers ---- */

static void a_refused_subscription_is_told_at_once(void)
{
    static const char permissions[] =
        "authorization { users = [ { user: all, password: p }\n"
        "  { user: some, password: p, permissions: { publish: \">\", subscribe: { deny: [\"Secret.>\"] } } } ] }\n";
    struct nats_server *server = nats_server_start(permissions);
    auto_free char *url = NULL;
    expect_true(asprintf(&url, "nats://some:p@127.0.0.1:%d", nats_server_port(server)) > 0);
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    options.url = url;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    static const char *const subjects[] = { "Secret.plans", "Secret.*", "Secret.Other" };
    for (size_t i = 0; i < 3; i++) {
        mesh_subscribe_options wanted = MESH_SUBSCRIBE_OPTIONS_INIT;
        mesh_subscription *subscription = NULL;
        mesh_error err = MESH_ERROR_INIT;
        wanted.subject = subjects[i];
        expect_int(mesh_subscribe(client, &wanted, &subscription, &err), MESH_E_CONNECTION_DENIED);
        expect_contains(mesh_error_text(&err), "may subscribe to it");
        mesh_error_clear(&err);
        mesh_subscription_close(subscription);
    }
    mesh_client_close(client);
    nats_server_stop(server);
}

/* A round trip: with it everything that was subscribed before stands again. */
static bool is_back(void *data)
{
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    mesh_subscription *subscription = NULL;
    options.subject = "some.other";
    mesh_status status = mesh_subscribe(data, &options, &subscription, NULL);
    mesh_subscription_close(subscription);
    return status == MESH_OK;
}

static void a_subscription_survives_its_server(void)
{
    struct nats_server *server = nats_server_start(NULL);
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    options.url = nats_server_url(server);
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    mesh_subscription *subscription = open_subject(client, "some.subject", 0);
    expect_int(mesh_publish(client, "some.subject", mesh_text("1"), NULL, NULL), MESH_OK);
    expect_next(subscription, "1");
    nats_server_kill(server);
    nats_server_restart(server);
    expect_true(comes_true(is_back, client, PATIENCE_MS));
    expect_int(mesh_publish(client, "some.subject", mesh_text("\"again\""), NULL, NULL), MESH_OK);
    expect_next(subscription, "\"again\"");
    mesh_subscription_close(subscription);
    mesh_client_close(client);
    nats_server_stop(server);
}

SUITE(integration_subscribe, TEST(what_is_published_later_arrives_as_it_was_sent),
      TEST(empty_messages_and_what_is_not_json_are_left_out_but_null_is_a_value),
      TEST(what_is_not_json_is_reported_on_demand_and_one_may_go_on), TEST(raw_takes_every_message_as_it_is),
      TEST(an_end_marker_ends_one_subject_but_no_wildcard), TEST(silence_ends_it_after_its_time),
      TEST(what_cannot_be_listened_to_is_refused),
      STATEMENT("58", each_verb_is_refused_by_agents_of_another_kind_before_anything_is_sent),
      TEST(an_agent_that_is_nowhere_is_not_found), TEST(recorded_events_are_read_to_their_end),
      TEST(an_error_of_a_publisher_comes_after_its_events_and_ends_it), STATEMENT("48", errors_of_any_kind_are_errors),
      STATEMENT("52", a_channel_outlives_its_publishers_and_leaves_out_requests), TEST(a_stop_wakes_the_reader),
      TEST(the_descriptor_tells_of_messages_and_of_the_end), TEST(a_reader_that_is_too_slow_is_told_after_what_waited),
      TEST(a_refused_subscription_is_told_at_once), TEST(a_subscription_survives_its_server))
