/* SPDX-License-Identifier: Apache-2.0 */
/* Staying on the mesh: many hosts at once, servers that come late, restart or forget, and monitors that bury the living
 * (protocol 2.2, 3.1, 4.4, 4.8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "agents.h"
#include "base/clock.h"
#include "golden.h"

/* ---- the connection ---- */

static const char with_system_account[] =
    "accounts { APP { jetstream: enabled, users: [ { user: app, password: app } ] }\n"
    "           SYS { users: [ { user: sys, password: sys } ] } }\n"
    "system_account: SYS\nno_auth_user: app";

/* How many connections of the server have this name, as it says itself. */
static int count_connections(struct peer *system, const char *name)
{
    struct link_message answer = peer_ask(system, "$SYS.REQ.SERVER.PING.CONNZ", "{\"auth\": true}", NULL);
    auto_json cJSON *tree = NULL;
    const cJSON *connection;
    int count = 0;
    json_parse(mesh_text(said(&answer)), &tree, NULL);
    cJSON_ArrayForEach(connection, json_get(json_get(tree, "data"), "connections")) count +=
        strcmp(json_string(connection, "name", ""), name) == 0;
    link_message_clear(&answer);
    return count;
}

struct named {
    struct peer *system;
    const char *name;
};

static bool is_unconnected(void *closure)
{
    const struct named *named = closure;
    return count_connections(named->system, named->name) == 0;
}

static void one_connection_bears_the_name_of_the_instance(void)
{
    struct nats_server *server = nats_server_start(with_system_account);
    char url[64], name[64];
    snprintf(url, sizeof(url), "nats://sys:sys@127.0.0.1:%d", nats_server_port(server));
    struct peer *system = peer_open_at(url);
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.url = nats_server_url(server);
    mesh_client *client = NULL, *child = NULL;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    expect_int(mesh_client_child(client, "child", &child, NULL), MESH_OK);
    expect_int(serve_text(client, "one", "1"), MESH_OK);
    expect_int(serve_text(child, "two", "2"), MESH_OK);
    expect_int(strlen(mesh_client_instance_id(client)), 32);
    expect_int(strspn(mesh_client_instance_id(client), "0123456789abcdef"), 32);
    expect_str(mesh_client_instance_id(child), mesh_client_instance_id(client));
    snprintf(name, sizeof(name), "oam-host-%s", mesh_client_instance_id(client));
    expect_int(count_connections(system, name), 1);
    mesh_client_close(child);
    mesh_client_close(client);
    struct named gone = { system, name };
    expect_true(comes_true(is_unconnected, &gone, 5000)); /* the server notices in its own time */
    peer_close(system);
    nats_server_stop(server);
}

/* ---- many at once ---- */

static void wipe_server(void)
{
    nats_server_kill(peer_server());
    nats_server_wipe(peer_server());
    nats_server_restart(peer_server());
}

struct starter {
    pthread_t thread;
    pthread_barrier_t *together;
    char name[32];
    mesh_client *client;
};

static void *start_host(void *closure)
{
    struct starter *starter = closure;
    pthread_barrier_wait(starter->together);
    starter->client = peer_client(NULL);
    expect_int(serve_text(starter->client, starter->name, "1"), MESH_OK);
    return NULL;
}

static void start_hosts(struct starter *starters, int count)
{
    pthread_barrier_t together;
    pthread_barrier_init(&together, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        starters[i].together = &together;
        snprintf(starters[i].name, sizeof(starters[i].name), "many.%d", i);
        pthread_create(&starters[i].thread, NULL, start_host, &starters[i]);
    }
    for (int i = 0; i < count; i++)
        pthread_join(starters[i].thread, NULL);
    pthread_barrier_destroy(&together);
}

static void close_hosts(struct starter *starters, int count)
{
    for (int i = 0; i < count; i++)
        mesh_client_close(starters[i].client);
}

static char *stream_config(struct peer *peer, const char *stream)
{
    char subject[80];
    snprintf(subject, sizeof(subject), "$JS.API.STREAM.INFO.%s", stream);
    struct link_message answer = peer_ask(peer, subject, "", NULL);
    auto_json cJSON *tree = NULL;
    struct buf text;
    buf_init(&text, 1 << 20);
    json_parse(mesh_text(said(&answer)), &tree, NULL);
    json_print(&text, json_get(tree, "config"));
    link_message_clear(&answer);
    return buf_take(&text);
}

static void hosts_that_open_at_once_on_an_empty_server_all_succeed(void)
{
    enum { HOSTS = 4 };
    static const char *const streams[] = { "KV_mesh-catalog",       "KV_mesh-registry", "KV_mesh-instances",
                                           "KV_mesh-observability", "KV_mesh-context",  "OBJ_mesh-artifacts" };
    struct starter starters[HOSTS];
    wipe_server();
    struct peer *peer = peer_open();
    start_hosts(starters, HOSTS);
    for (int i = 0; i < HOSTS; i++)
        expect_true(is_announced(peer, starters[i].client, starters[i].name));
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        auto_free char *config = stream_config(peer, streams[i]);
        expect_contains(config, streams[i]);
        mesh_client_close(peer_client(NULL));
        auto_free char *after = stream_config(peer, streams[i]);
        expect_str(after, config);
    }
    close_hosts(starters, HOSTS);
    auto_free char *catalog = peer_key(peer, "mesh-catalog", "catalog");
    expect_json(catalog, "[]");
    peer_close(peer);
}

static void a_hundred_hosts_that_register_at_once_are_all_in_the_catalog(void)
{
    enum { HOSTS = 100 };
    struct starter starters[HOSTS];
    struct peer *peer = peer_open();
    start_hosts(starters, HOSTS);
    for (int i = 0; i < HOSTS; i++)
        expect_true(is_announced(peer, starters[i].client, starters[i].name));
    close_hosts(starters, HOSTS);
    peer_close(peer);
}

/* ---- servers come and go ---- */

/* nats-server 2.9.10 dies when it is asked for a key of a stream that is just being created. When a client has opened,
 * the last of the buckets is there, and so are the others. */
static mesh_client *peer_client_with_buckets(void)
{
    return peer_client(NULL);
}

static void a_server_that_was_restarted_is_told_everything_again(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    expect_int(serve_text(host, "stays.a", "1"), MESH_OK);
    expect_int(serve_text(host, "stays.b", "2"), MESH_OK);
    auto_free char *before = stored_contract(peer, "stays.a");
    for (int wipe = 0; wipe < 2; wipe++) {
        nats_server_kill(peer_server());
        if (wipe)
            nats_server_wipe(peer_server());
        nats_server_restart(peer_server());
        mesh_client *caller = peer_client_with_buckets();
        expect_true(becomes_announced(peer, host, "stays.a"));
        expect_true(becomes_announced(peer, host, "stays.b"));
        auto_free char *after = stored_contract(peer, "stays.a");
        expect_str(after, before); /* registered once, whatever the server forgot */
        expect_true(becomes_callable(caller, "stays.a", "1"));
        expect_call(caller, "stays.b", "2");
        mesh_client_close(caller);
    }
    mesh_client_close(host);
    auto_free char *catalog = peer_key(peer, "mesh-catalog", "catalog");
    expect_json(catalog, "[]");
    peer_close(peer);
}

static void a_host_that_keeps_trying_is_there_when_the_server_is(void)
{
    struct nats_server *server = peer_server();
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.flags = MESH_CLIENT_KEEP_TRYING;
    nats_server_kill(server);
    mesh_client *host = peer_client(&options), *child = NULL;
    uint64_t begin = clock_ms();
    expect_int(serve_text(host, "early.a", "1"), MESH_OK);
    expect_int(mesh_client_child(host, "child", &child, NULL), MESH_OK);
    expect_int(serve_text(child, "early.b", "2"), MESH_OK);
    expect_true(clock_ms() - begin < 2000);
    auto_free char *answer = call(host, "early.a");
    expect_contains(answer, "connection_failed: ");

    nats_server_wipe(server);
    nats_server_restart(server);
    mesh_client *caller = peer_client_with_buckets();
    struct peer *peer = peer_open();
    expect_true(becomes_announced(peer, host, "early.a"));
    expect_true(becomes_announced(peer, host, "early.b"));
    expect_call(caller, "early.a", "1");
    expect_call(host, "early.b", "2");
    mesh_client_close(child);
    mesh_client_close(host);
    mesh_client_close(caller);
    peer_close(peer);
}

static bool is_connected(void *client)
{
    return mesh_client_is_connected(client);
}

static bool is_cut_off(void *client)
{
    return !is_connected(client);
}

static void what_leaves_while_the_server_is_away_is_removed_when_it_is_back(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *child = NULL;
    expect_int(mesh_client_child(host, "child", &child, NULL), MESH_OK);
    expect_int(serve_text(host, "stays", "1"), MESH_OK);
    expect_int(serve_text(host, "goes.a", "1"), MESH_OK);
    expect_int(serve_text(child, "goes.b", "1"), MESH_OK);
    nats_server_kill(peer_server());
    expect_true(comes_true(is_cut_off, host, 10000));
    uint64_t begin = clock_ms();
    expect_int(mesh_unregister(host, "goes.a", NULL), MESH_E_CONNECTION_FAILED);
    mesh_client_close(child);
    expect_true(clock_ms() - begin < 25000); /* not the whole drain time; nats.c may flush for ten seconds in vain */
    nats_server_restart(peer_server());
    expect_true(becomes_forgotten(peer, "goes.a"));
    expect_true(becomes_forgotten(peer, "goes.b"));
    expect_true(becomes_announced(peer, host, "stays"));
    auto_free char *record = stored_record(peer, host);
    expect_json(record, "{\"agents\": [\"stays\"]}");
    mesh_client_close(host);
    peer_close(peer);
}

static void a_registration_that_cannot_be_told_is_taken_back(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    mesh_error err = MESH_ERROR_INIT;
    static char text[] = "1";
    const mesh_agent agent = {
        .size = sizeof(agent), .name = "untold", .description = "About.", .input_schema = "{}", .call = answer_text
    };
    expect_int(serve_text(host, "told", "1"), MESH_OK);
    nats_server_kill(peer_server());
    expect_int(mesh_register(host, &agent, text, &err), MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "register agent 'untold': ");
    mesh_error_clear(&err);
    expect_true(comes_true(is_cut_off, host, 10000));
    nats_server_restart(peer_server());
    expect_true(comes_true(is_connected, host, 20000));
    expect_true(becomes_callable(host, "told", "1"));
    expect_true(becomes_announced(peer, host, "told"));
    expect_call(host, "untold", "not_found: Agent 'untold' not found");
    auto_free char *record = stored_record(peer, host);
    expect_json(record, "{\"agents\": [\"told\"]}");
    expect_int(serve_text(host, "untold", "2"), MESH_OK);
    expect_call(host, "untold", "2");
    mesh_client_close(host);
    peer_close(peer);
}

static void a_host_that_never_saw_a_server_closes(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.flags = MESH_CLIENT_KEEP_TRYING;
    nats_server_kill(peer_server());
    mesh_client *host = peer_client(&options);
    uint64_t begin = clock_ms();
    expect_int(serve_text(host, "early", "1"), MESH_OK);
    mesh_client_close(host);
    expect_true(clock_ms() - begin < 5000);
    nats_server_restart(peer_server());
}

static void without_a_server_a_client_does_not_open(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    mesh_error err = MESH_ERROR_INIT;
    options.url = nats_server_url(peer_server());
    nats_server_kill(peer_server());
    expect_int(mesh_client_open(&options, &client, &err), MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "Could not connect to mesh at nats://127.0.0.1:");
    mesh_error_clear(&err);
    nats_server_restart(peer_server());
    struct nats_server *plain = nats_server_start_plain();
    options.url = nats_server_url(plain);
    expect_int(mesh_client_open(&options, &client, &err), MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "JetStream");
    mesh_error_clear(&err);
    nats_server_stop(plain);
}

/* ---- buried alive ---- */

static void delete_key(struct peer *peer, const char *bucket, const char *key)
{
    expect_int(link_key_delete(peer_link(peer), bucket, key, NULL), MESH_OK);
}

/* What the health monitor does when it takes a host for dead, in its order (protocol 13.2). */
static void bury(struct peer *peer, const char *id, const char *agent, bool with_record)
{
    char subject[64], notice[256];
    if (with_record)
        delete_key(peer, "mesh-instances", id);
    expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text("[]"), NULL, NULL), MESH_OK);
    delete_key(peer, "mesh-registry", agent);
    snprintf(subject, sizeof(subject), "mesh.death.%s", agent);
    snprintf(notice, sizeof(notice), "{\"agent\": \"%s\", \"reason\": \"disconnect\", \"instance_id\": \"%s\"}", agent,
             id);
    peer_say(peer, subject, NULL, notice, NULL);
}

static void a_host_that_was_buried_alive_comes_back(void)
{
    enum { TIMES = 10 };
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    expect_int(serve_text(host, "undead", "1"), MESH_OK);
    for (int i = 0; i < TIMES; i++) {
        bury(peer, mesh_client_instance_id(host), "undead", i % 2);
        expect_true(becomes_announced(peer, host, "undead"));
    }
    expect_call(host, "undead", "1");
    mesh_client_close(host);
    peer_close(peer);
}

static void a_record_that_somebody_deletes_comes_back_with_all_it_stands_for(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    expect_int(serve_text(host, "robbed", "1"), MESH_OK);
    delete_key(peer, "mesh-registry", "robbed");
    expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text("[]"), NULL, NULL), MESH_OK);
    delete_key(peer, "mesh-instances", mesh_client_instance_id(host));
    expect_true(becomes_announced(peer, host, "robbed"));
    mesh_client_close(host);
    peer_close(peer);
}

/* It looked for other instances just before we registered, and removed what is ours now. */
static void an_instance_that_leaves_as_we_come_does_not_take_us_along(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    expect_int(serve_text(host, "heir", "1"), MESH_OK);
    expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text("[]"), NULL, NULL), MESH_OK);
    delete_key(peer, "mesh-registry", "heir");
    peer_say(peer, "mesh.death.heir", NULL,
             "{\"agent\": \"heir\", \"reason\": \"graceful_shutdown\", \"instance_id\": \"theirs\"}", NULL);
    expect_true(becomes_announced(peer, host, "heir"));
    mesh_client_close(host);
    peer_close(peer);
}

static void nothing_is_written_again_without_need(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct ear *writes = peer_listen(peer, "$KV.mesh-registry.calm");
    expect_int(serve_text(host, "calm", "1"), MESH_OK);
    peer_say(peer, "mesh.death.another", NULL, "", NULL);
    struct link_message write = ear_next(writes, 5000), again = ear_next(writes, 100);
    expect_contains(said(&write), "\"calm\"");
    expect_str(said(&again), "(none)");
    link_message_clear(&write);
    link_message_clear(&again);
    mesh_client_close(host);
    peer_close(peer);
}

SUITE(integration_presence, STATEMENT("4", one_connection_bears_the_name_of_the_instance),
      STATEMENT("11", hosts_that_open_at_once_on_an_empty_server_all_succeed),
      STATEMENT("20", a_hundred_hosts_that_register_at_once_are_all_in_the_catalog),
      STATEMENT("27", a_server_that_was_restarted_is_told_everything_again),
      TEST(a_host_that_keeps_trying_is_there_when_the_server_is),
      TEST(what_leaves_while_the_server_is_away_is_removed_when_it_is_back),
      TEST(a_registration_that_cannot_be_told_is_taken_back), TEST(a_host_that_never_saw_a_server_closes),
      TEST(without_a_server_a_client_does_not_open), STATEMENT("27", a_host_that_was_buried_alive_comes_back),
      TEST(a_record_that_somebody_deletes_comes_back_with_all_it_stands_for),
      TEST(an_instance_that_leaves_as_we_come_does_not_take_us_along), TEST(nothing_is_written_again_without_need))
