/* SPDX-License-Identifier: Apache-2.0 */
/* Log events, the levels from which they are published, and those who follow them (protocol 12.1 to 12.4). */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/observe.h>

#include "agents.h"
#include "bus.h"
#include "golden.h"

enum { SOON_MS = 20000, QUIET_MS = 100 };

static mesh_status fail(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    return mesh_error_set_code(err, state, "it \"went\" wrong", NULL);
}

static void set_raw(struct peer *peer, const char *key, const char *value)
{
    expect_int(link_key_put(peer_link(peer), "mesh-observability", key, mesh_text(value), NULL, NULL), MESH_OK);
}

/* ---- what is on the wire ---- */

/* Equal to a recorded event, but for its time, the agent and the request. */
static void expect_event(const struct link_message *message, const char *recorded, const mesh_client *host)
{
    auto_free char *reference = golden(recorded);
    auto_free char *agent = string_at(said(message), "agent"), *stamp = string_at(said(message), "timestamp");
    auto_free char *id = string_at(said(message), "request_id"), *text = string_at(said(message), "message");
    auto_free char *timed = with_string(reference, "timestamp", stamp);
    auto_free char *named = with_string(timed, "agent", agent);
    auto_free char *asked = with_string(named, "request_id", id);
    auto_free char *expected = with_string(asked, "message", text);
    expect_json(said(message), expected);
    expect_true(is_stamp(stamp));
    expect_str(said_header(message, "X-Mesh-Instance-Id"), mesh_client_instance_id(host));
}

static void expect_next(struct ear *ear, const char *event)
{
    struct link_message message = ear_next(ear, SOON_MS);
    auto_free char *got = string_at(message.handle ? said(&message) : "{}", "event");
    expect_str(got, event);
    link_message_clear(&message);
}

static void expect_silence(struct ear *ear)
{
    struct link_message message = ear_next(ear, QUIET_MS);
    expect_str(said(&message), "(none)");
    link_message_clear(&message);
}

static void an_agent_tells_that_it_comes_and_goes(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "mesh.logs.comes.>");
    serve_text(host, "comes.x", "1");
    expect_int(mesh_unregister(host, "comes.x", NULL), MESH_OK);
    struct link_message came = ear_next(ear, SOON_MS), went = ear_next(ear, SOON_MS);
    expect_event(&came, "log/agent_registered.json", host);
    expect_event(&went, "log/agent_deregistered.json", host);
    expect_contains(said(&came), "\"message\":\"Agent 'comes.x' registered\"");
    expect_contains(said(&went), "\"message\":\"Agent 'comes.x' deregistered\"");
    link_message_clear(&came);
    link_message_clear(&went);
    mesh_client_close(host);
    peer_close(peer);
}

static void each_request_is_told_at_debug(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    expect_int(mesh_level_set(host, "told", MESH_LOG_DEBUG, NULL), MESH_OK);
    struct ear *ear = peer_listen(peer, "mesh.logs.told");
    serve_text(host, "told", "1");
    expect_next(ear, "agent_registered");
    struct link_message answer = peer_ask(peer, "mesh.agent.told", "1", "X-Mesh-Request-Id", "77", NULL);
    struct link_message received = ear_next(ear, SOON_MS), completed = ear_next(ear, SOON_MS);
    auto_free char *event = string_at(said(&received), "event"), *id = string_at(said(&received), "request_id");
    expect_event(&received, "log/request_received.json", host);
    expect_str(event, "request_received");
    expect_str(id, "77");
    expect_contains(said(&completed), "\"event\":\"request_completed\",\"request_id\":\"77\",\"message\":\"Request "
                                      "completed in ");
    expect_contains(said(&completed), "ms\",\"data\":{\"duration_ms\":");
    link_message_clear(&answer);
    link_message_clear(&received);
    link_message_clear(&completed);
    expect_int(mesh_level_unset(host, "told", NULL), MESH_OK);
    mesh_client_close(host);
    peer_close(peer);
}

static void at_info_only_failures_are_told(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "mesh.logs.quiet.>");
    serve_text(host, "quiet.fine", "1");
    serve(host, "quiet.fails", fail, (void *)"handler_error");
    expect_next(ear, "agent_registered");
    expect_next(ear, "agent_registered");
    expect_call(host, "quiet.fine", "1");
    expect_silence(ear);
    expect_call(host, "quiet.fails", "handler_error: it \"went\" wrong");
    struct link_message failed = ear_next(ear, SOON_MS);
    expect_event(&failed, "log/request_failed.json", host);
    expect_contains(said(&failed), "\"message\":\"it \\\"went\\\" wrong\"");
    link_message_clear(&failed);
    expect_silence(ear);
    mesh_client_close(host);
    peer_close(peer);
}

static void what_does_not_fit_is_a_validation_error(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "mesh.logs.>");
    serve_text(host, "strict", "1");
    serve(host, "strict.too", fail, (void *)"invalid_input");
    serve(host, "strict.not", fail, (void *)"odd \"code\"");
    expect_next(ear, "agent_registered");
    expect_next(ear, "agent_registered");
    expect_next(ear, "agent_registered");
    struct link_message answer = peer_ask(peer, "mesh.agent.strict", "no JSON", NULL);
    struct link_message refused = ear_next(ear, SOON_MS);
    expect_event(&refused, "log/validation_error.json", host);
    expect_contains(said(&refused), "Input failed validation for agent 'strict'");
    link_message_clear(&answer);
    link_message_clear(&refused);
    expect_call(host, "strict.too", "invalid_input: it \"went\" wrong");
    expect_next(ear, "validation_error");
    expect_call(host, "strict.not", "odd \"code\": it \"went\" wrong");
    refused = ear_next(ear, SOON_MS);
    expect_contains(said(&refused), "\"event\":\"request_failed\"");
    expect_contains(said(&refused), "\"data\":{\"code\":\"odd \\\"code\\\"\"}");
    link_message_clear(&refused);
    mesh_client_close(host);
    peer_close(peer);
}

/* ---- levels ---- */

/* The agent is called until it tells of it, or does not. */
struct noise {
    mesh_client *client;
    struct ear *ear;
    const char *agent;
    bool wanted;
};

static bool is_as_noisy(void *data)
{
    const struct noise *noise = data;
    for (struct link_message old; old = ear_next(noise->ear, 0), old.handle; link_message_clear(&old))
        ;
    free(call(noise->client, noise->agent));
    struct link_message heard = ear_next(noise->ear, noise->wanted ? 1000 : QUIET_MS);
    bool is_noisy = heard.handle != NULL;
    link_message_clear(&heard);
    return is_noisy == noise->wanted;
}

static bool becomes_noisy(mesh_client *client, struct ear *ear, const char *agent, bool wanted)
{
    struct noise noise = { client, ear, agent, wanted };
    return comes_true(is_as_noisy, &noise, SOON_MS);
}

static void levels_change_live_for_one_agent_and_for_all(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *boss = peer_client(NULL);
    serve_text(host, "live.a", "1");
    serve_text(host, "live.b", "1");
    struct ear *a = peer_listen(peer, "mesh.logs.live.a"), *b = peer_listen(peer, "mesh.logs.live.b");
    expect_true(becomes_noisy(host, a, "live.a", false));

    expect_int(mesh_level_set(boss, "live.a", MESH_LOG_DEBUG, NULL), MESH_OK);
    expect_true(becomes_noisy(host, a, "live.a", true));
    expect_true(becomes_noisy(host, b, "live.b", false));

    expect_int(mesh_level_set(boss, NULL, MESH_LOG_DEBUG, NULL), MESH_OK);
    expect_true(becomes_noisy(host, b, "live.b", true));
    expect_int(mesh_level_set(boss, "live.a", MESH_LOG_OFF, NULL), MESH_OK);
    expect_true(becomes_noisy(host, a, "live.a", false));
    expect_true(becomes_noisy(host, b, "live.b", true));

    expect_int(mesh_level_unset(boss, "live.a", NULL), MESH_OK);
    expect_true(becomes_noisy(host, a, "live.a", true));
    expect_int(mesh_level_unset(boss, NULL, NULL), MESH_OK);
    expect_true(becomes_noisy(host, a, "live.a", false));
    expect_true(becomes_noisy(host, b, "live.b", false));
    mesh_client_close(boss);
    mesh_client_close(host);
    peer_close(peer);
}

static void values_that_are_no_level_count_as_nothing_set(void)
{
    static const char *const odd[] = {
        "{\"log_level\": [\"x\"]}", "{\"log_level\": null}", "{\"log_level\": \"loud\"}", "no JSON", "", "[]",
    };
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    serve_text(host, "odd", "1");
    struct ear *ear = peer_listen(peer, "mesh.logs.odd");
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        int32_t level = 0, origin = 0;
        set_raw(peer, "global", odd[i]);
        set_raw(peer, "odd", "{\"log_level\": \"debug\", \"by\": \"me\"}");
        expect_true(becomes_noisy(host, ear, "odd", true));
        set_raw(peer, "odd", odd[i]);
        expect_true(becomes_noisy(host, ear, "odd", false));
        expect_int(mesh_level_get(host, "odd", &level, &origin, NULL), MESH_OK);
        expect_int(level, MESH_LOG_INFO);
        expect_int(origin, MESH_LEVEL_DEFAULT);
    }
    expect_int(mesh_level_unset(host, NULL, NULL), MESH_OK);
    expect_int(mesh_level_unset(host, "odd", NULL), MESH_OK);
    mesh_client_close(host);
    peer_close(peer);
}

static void an_agent_that_is_off_does_not_even_say_that_it_comes(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    expect_int(mesh_level_set(host, "hidden", MESH_LOG_OFF, NULL), MESH_OK);
    struct ear *ear = peer_listen(peer, "mesh.logs.hidden");
    serve(host, "hidden", fail, (void *)"handler_error");
    expect_call(host, "hidden", "handler_error: it \"went\" wrong");
    expect_int(mesh_unregister(host, "hidden", NULL), MESH_OK);
    expect_silence(ear);
    expect_int(mesh_level_unset(host, "hidden", NULL), MESH_OK);
    mesh_client_close(host);
    peer_close(peer);
}

static void expect_level(mesh_client *client, const char *agent, int32_t level, int32_t origin)
{
    int32_t got = 0, from = 0;
    expect_int(mesh_level_get(client, agent, &got, &from, NULL), MESH_OK);
    expect_int(got, level);
    expect_int(from, origin);
    expect_int(mesh_level_get(client, agent, &got, NULL, NULL), MESH_OK);
}

static void a_level_is_told_with_where_it_comes_from(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    expect_level(client, NULL, MESH_LOG_INFO, MESH_LEVEL_DEFAULT);
    expect_level(client, "whose", MESH_LOG_INFO, MESH_LEVEL_DEFAULT);
    expect_int(mesh_level_set(client, NULL, MESH_LOG_WARN, NULL), MESH_OK);
    expect_level(client, NULL, MESH_LOG_WARN, MESH_LEVEL_GLOBAL);
    expect_level(client, "whose", MESH_LOG_WARN, MESH_LEVEL_GLOBAL);
    expect_level(client, "global", MESH_LOG_WARN, MESH_LEVEL_GLOBAL);
    expect_int(mesh_level_set(client, "whose", MESH_LOG_ERROR, NULL), MESH_OK);
    expect_level(client, "whose", MESH_LOG_ERROR, MESH_LEVEL_AGENT);
    expect_level(client, NULL, MESH_LOG_WARN, MESH_LEVEL_GLOBAL);
    auto_free char *stored = peer_key(peer, "mesh-observability", "whose");
    expect_str(stored, "{\"log_level\":\"error\"}");
    expect_int(mesh_level_unset(client, "whose", NULL), MESH_OK);
    expect_int(mesh_level_unset(client, "whose", NULL), MESH_OK);
    expect_level(client, "whose", MESH_LOG_WARN, MESH_LEVEL_GLOBAL);
    expect_int(mesh_level_unset(client, NULL, NULL), MESH_OK);
    expect_level(client, "whose", MESH_LOG_INFO, MESH_LEVEL_DEFAULT);
    mesh_client_close(client);
    peer_close(peer);
}

static void what_cannot_be_set_is_refused_and_leaves_all_as_it_was(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_error err = MESH_ERROR_INIT;
    int32_t level = 0;
    expect_int(mesh_level_set(client, "a", 15, &err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(&err), "15 is no level");
    expect_int(mesh_level_set(client, "a b", MESH_LOG_INFO, &err), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_level_set(client, "global", MESH_LOG_INFO, &err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(&err), "the level of the whole mesh");
    expect_int(mesh_level_unset(client, "global", &err), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_level_get(client, "a.", &level, NULL, &err), MESH_E_INVALID_ARGUMENT);
    auto_free char *stored = peer_key(peer, "mesh-observability", "global");
    expect_str(stored, NULL);
    mesh_client_stop(client, 0, NULL);
    expect_int(mesh_level_set(client, "a", MESH_LOG_INFO, &err), MESH_E_STOPPED);
    mesh_error_clear(&err);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- tails ---- */

static mesh_tail *open_tail(mesh_client *client, const char *agent, int32_t level)
{
    mesh_tail *tail = NULL;
    expect_int(mesh_tail_open(client, agent, level, &tail, NULL), MESH_OK);
    return tail;
}

/* The next event as "agent event level request_id message data", to free(). */
static char *next_of(mesh_tail *tail)
{
    const mesh_log_event *event = NULL;
    struct buf text;
    buf_init(&text, 1 << 16);
    if (mesh_tail_next(tail, SOON_MS, &event, NULL) != MESH_OK)
        return strdup("(none)");
    expect_true(is_stamp(event->timestamp));
    expect_int(event->size, sizeof(*event));
    buf_printf(&text, "%s %s %s [%s] %s %s", event->agent, event->event, mesh_level_name(event->level),
               event->request_id, event->message, event->data);
    return buf_take(&text);
}

#define expect_tail(tail, expected)                                                                                    \
    do {                                                                                                               \
        auto_free char *next_ = next_of(tail);                                                                         \
        expect_str(next_, (expected));                                                                                 \
    } while (0)

static void a_tail_tells_events_from_its_level_up(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *watcher = peer_client(NULL);
    mesh_tail *all = open_tail(watcher, NULL, MESH_LOG_DEBUG), *one = open_tail(watcher, "tail.b", MESH_LOG_WARN);
    expect_int(mesh_level_set(host, "tail.a", MESH_LOG_DEBUG, NULL), MESH_OK);
    serve_text(host, "tail.a", "1");
    serve(host, "tail.b", fail, (void *)"mine");
    struct link_message answer = peer_ask(peer, "mesh.agent.tail.a", "1", "X-Mesh-Request-Id", "5", NULL);
    expect_tail(all, "tail.a agent_registered info [] Agent 'tail.a' registered {}");
    expect_tail(all, "tail.b agent_registered info [] Agent 'tail.b' registered {}");
    expect_tail(all, "tail.a request_received debug [5]  {}");
    auto_free char *completed = next_of(all);
    expect_contains(completed, "tail.a request_completed debug [5] Request completed in ");
    link_message_clear(&answer);
    answer = peer_ask(peer, "mesh.agent.tail.b", "1", NULL);
    expect_tail(one, "tail.b request_failed warn [] it \"went\" wrong {\"code\":\"mine\"}");
    link_message_clear(&answer);
    expect_int(mesh_level_unset(host, "tail.a", NULL), MESH_OK);
    mesh_tail_close(all);
    mesh_tail_close(one);
    mesh_client_close(watcher);
    mesh_client_close(host);
    peer_close(peer);
}

static void what_a_tail_cannot_understand_is_left_out(void)
{
    static const char *const odd[] = { "", "no JSON", "[]", "{\"level\": \"loud\"}", "{\"level\": \"debug\"}" };
    struct peer *peer = peer_open();
    mesh_client *watcher = peer_client(NULL);
    mesh_tail *tail = open_tail(watcher, NULL, MESH_LOG_INFO);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        peer_say(peer, "mesh.logs.odd.one", NULL, odd[i], NULL);
    peer_say(peer, "mesh.logs.odd.one", NULL, "{\"level\": \"error\", \"event\": \"e\", \"data\": null}", NULL);
    peer_say(peer, "mesh.logs.odd.one", NULL, "{\"level\": \"info\", \"agent\": \"other\", \"data\": {\"n\": 1.0}}",
             NULL);
    expect_tail(tail, "odd.one e error []  {}");
    expect_tail(tail, "other  info []  {\"n\":1.0}");
    mesh_tail_close(tail);
    mesh_client_close(watcher);
    peer_close(peer);
}

static void a_tail_waits_no_longer_than_it_is_told(void)
{
    mesh_client *watcher = peer_client(NULL);
    mesh_tail *tail = open_tail(watcher, "nobody", MESH_LOG_DEBUG);
    const mesh_log_event *event = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_tail_next(tail, 20, &event, &err), MESH_E_TIMEOUT);
    expect_int(mesh_tail_next(tail, 0, &event, NULL), MESH_E_TIMEOUT);
    expect_contains(mesh_error_text(&err), "no log event within 20 ms");
    mesh_error_clear(&err);
    mesh_tail_close(tail);
    mesh_client_close(watcher);
}

static void the_descriptor_of_a_tail_tells_that_an_event_waits(void)
{
    struct peer *peer = peer_open();
    mesh_client *watcher = peer_client(NULL);
    mesh_tail *tail = open_tail(watcher, "fd", MESH_LOG_DEBUG);
    struct pollfd ready = { .fd = mesh_tail_fd(tail), .events = POLLIN };
    expect_int(poll(&ready, 1, 0), 0);
    peer_say(peer, "mesh.logs.fd", NULL, "{\"level\": \"info\", \"event\": \"e\"}", NULL);
    expect_int(poll(&ready, 1, SOON_MS), 1);
    expect_tail(tail, "fd e info []  {}");
    expect_int(poll(&ready, 1, 0), 0);
    mesh_tail_close(tail);
    mesh_client_close(watcher);
    peer_close(peer);
}

static void *read_until_the_end(void *data)
{
    const mesh_log_event *event = NULL;
    return (void *)(intptr_t)mesh_tail_next(data, UINT32_MAX, &event, NULL);
}

static void stopping_the_client_wakes_a_tail(void)
{
    mesh_client *watcher = peer_client(NULL);
    mesh_tail *tail = open_tail(watcher, NULL, MESH_LOG_DEBUG), *late = NULL;
    mesh_error err = MESH_ERROR_INIT;
    pthread_t reader;
    void *status = NULL;
    pthread_create(&reader, NULL, read_until_the_end, tail);
    expect_int(mesh_client_stop(watcher, 0, NULL), MESH_OK);
    pthread_join(reader, &status);
    expect_int((intptr_t)status, MESH_E_STOPPED);
    expect_int(mesh_tail_open(watcher, NULL, MESH_LOG_DEBUG, &late, &err), MESH_E_STOPPED);
    mesh_error_clear(&err);
    mesh_tail_close(tail);
    mesh_client_close(watcher);
}

static void a_tail_of_what_is_no_agent_or_level_is_refused(void)
{
    mesh_client *watcher = peer_client(NULL);
    mesh_tail *tail = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_tail_open(watcher, "a.*", MESH_LOG_INFO, &tail, &err), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_tail_open(watcher, NULL, MESH_LOG_OFF, &tail, &err), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_tail_open(watcher, NULL, 0, &tail, &err), MESH_E_INVALID_ARGUMENT);
    expect_true(mesh_tail_close(NULL) == NULL);
    mesh_error_clear(&err);
    mesh_client_close(watcher);
}

/* ---- what the server does not allow ---- */

static void keep_worst(void *data, const mesh_event *event)
{
    atomic_int *worst = data;
    if (event->level > *worst && strstr(event->text, "cannot follow the levels of log events"))
        *worst = event->level;
}

static mesh_client *open_as(const struct nats_server *server, const char *user, atomic_int *worst)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    auto_free char *url = NULL;
    expect_true(asprintf(&url, "nats://%s:x@127.0.0.1:%d", user, nats_server_port(server)) > 0);
    options.url = url;
    options.on_event = keep_worst;
    options.on_event_data = worst;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    return client;
}

static void who_may_not_see_levels_or_events_is_told_and_stays_at_info(void)
{
    if (!bus_has_server("it has the server refuse"))
        return;
    struct nats_server *server = nats_server_start(
        "authorization { users = [ { user: all, password: x }, { user: blind, password: x, permissions: {\n"
        "  publish: { deny: [\"$JS.API.CONSUMER.CREATE.KV_mesh-observability.>\"] }\n"
        "  subscribe: { deny: [\"mesh.logs.>\"] } } } ] }");
    atomic_int worst = 0;
    mesh_error err = MESH_ERROR_INIT;
    mesh_tail *tail = NULL, *denied = NULL;
    const mesh_log_event *event = NULL;
    mesh_client *boss = open_as(server, "all", &worst), *host = open_as(server, "blind", &worst);
    expect_int(mesh_level_set(boss, "blind", MESH_LOG_OFF, NULL), MESH_OK);
    expect_int(mesh_tail_open(boss, "blind", MESH_LOG_DEBUG, &tail, NULL), MESH_OK);
    serve_text(host, "blind", "1");
    expect_tail(tail, "blind agent_registered info [] Agent 'blind' registered {}");
    expect_int(worst, MESH_LOG_WARN);
    mesh_status status = mesh_tail_open(host, NULL, MESH_LOG_DEBUG, &denied, &err);
    if (status == MESH_OK) /* the server's word came after the round trip */
        status = mesh_tail_next(denied, SOON_MS, &event, &err);
    expect_int(status, MESH_E_CONNECTION_DENIED);
    expect_contains(mesh_error_text(&err), "mesh.logs.>");
    mesh_error_clear(&err);
    mesh_tail_close(denied);
    mesh_tail_close(tail);
    mesh_client_close(host);
    mesh_client_close(boss);
    nats_server_stop(server);
}

struct follower {
    mesh_client *boss;
    mesh_tail *tail;
};

static bool tells_of_requests(void *data)
{
    const struct follower *follower = data;
    const mesh_log_event *event = NULL;
    free(call(follower->boss, "pardoned"));
    while (mesh_tail_next(follower->tail, 100, &event, NULL) == MESH_OK)
        if (strcmp(event->event, "request_received") == 0)
            return true;
    return false;
}

static void who_may_see_levels_after_all_follows_them(void)
{
    if (!bus_has_server("it has the server refuse"))
        return;
    static const char users[] =
        "authorization { users = [ { user: all, password: x }, { user: blind, password: x%s } ] }";
    char before[400], after[400];
    snprintf(before, sizeof(before), users,
             ", permissions: { publish: { deny: [\"$JS.API.CONSUMER.CREATE.KV_mesh-observability.>\"] } }");
    snprintf(after, sizeof(after), users, "");
    struct nats_server *server = nats_server_start(before);
    atomic_int worst = 0;
    struct follower follower = { NULL, NULL };
    mesh_client *host = open_as(server, "blind", &worst);
    serve_text(host, "pardoned", "1");
    expect_int(worst, MESH_LOG_WARN);
    nats_server_configure(server, after);
    nats_server_kill(server);
    nats_server_restart(server);
    follower.boss = open_as(server, "all", &worst);
    expect_int(mesh_level_set(follower.boss, "pardoned", MESH_LOG_DEBUG, NULL), MESH_OK);
    expect_int(mesh_tail_open(follower.boss, "pardoned", MESH_LOG_DEBUG, &follower.tail, NULL), MESH_OK);
    expect_true(comes_true(tells_of_requests, &follower, SOON_MS));
    mesh_tail_close(follower.tail);
    mesh_client_close(host);
    mesh_client_close(follower.boss);
    nats_server_stop(server);
}

SUITE(integration_observe, STATEMENT("59", an_agent_tells_that_it_comes_and_goes),
      STATEMENT("59", each_request_is_told_at_debug), STATEMENT("60", at_info_only_failures_are_told),
      STATEMENT("59", what_does_not_fit_is_a_validation_error),
      STATEMENT("60", levels_change_live_for_one_agent_and_for_all),
      STATEMENT("60", values_that_are_no_level_count_as_nothing_set),
      STATEMENT("60", an_agent_that_is_off_does_not_even_say_that_it_comes),
      STATEMENT("60", a_level_is_told_with_where_it_comes_from),
      TEST(what_cannot_be_set_is_refused_and_leaves_all_as_it_was), TEST(a_tail_tells_events_from_its_level_up),
      TEST(what_a_tail_cannot_understand_is_left_out), TEST(a_tail_waits_no_longer_than_it_is_told),
      TEST(the_descriptor_of_a_tail_tells_that_an_event_waits), TEST(stopping_the_client_wakes_a_tail),
      TEST(a_tail_of_what_is_no_agent_or_level_is_refused),
      STATEMENT("60", who_may_not_see_levels_or_events_is_told_and_stays_at_info),
      TEST(who_may_see_levels_after_all_follows_them))
