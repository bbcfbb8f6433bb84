/* SPDX-License-Identifier: Apache-2.0 */
/* The health monitor: who is buried, who is spared, and what it ignores (protocol 13.2). */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "folder.h"
#include "program.h"

enum { WAIT_MS = 20000, SWEEP_MS = 300 };

/* ---- a mesh with a system account ---- */

static const char accounts[] = "accounts { APP { jetstream: enabled, users: [ { user: app, password: app } ] }\n"
                               "           SYS { users: [ { user: sys, password: sys } ] } }\n"
                               "system_account: SYS\nno_auth_user: app";

struct mesh {
    struct nats_server *server;
    struct peer *peer;
    struct ear *deaths;
    char sys_url[64];
};

static void mesh_begin(struct mesh *mesh)
{
    mesh->server = nats_server_start(accounts);
    snprintf(mesh->sys_url, sizeof(mesh->sys_url), "nats://sys:sys@127.0.0.1:%d", nats_server_port(mesh->server));
    mesh->peer = peer_open_at(nats_server_url(mesh->server));
    expect_int(link_buckets_ensure(peer_link(mesh->peer), NULL), MESH_OK);
    mesh->deaths = peer_listen(mesh->peer, "mesh.death.>");
}

static void mesh_end(struct mesh *mesh)
{
    peer_close(mesh->peer);
    nats_server_stop(mesh->server);
}

/* on_event may be NULL, data is handed to it. */
static mesh_monitor *watch_with(const struct mesh *mesh, void (*on_event)(void *data, const mesh_event *event),
                                void *data)
{
    mesh_monitor_options options = MESH_MONITOR_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_monitor *monitor = NULL;
    options.url = nats_server_url(mesh->server);
    options.sys_url = mesh->sys_url;
    options.sweep_ms = SWEEP_MS;
    options.on_event = on_event;
    options.on_event_data = data;
    if (!expect_int(mesh_monitor_start(&options, &monitor, &err), MESH_OK))
        printf("%s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return monitor;
}

static mesh_monitor *watch(const struct mesh *mesh)
{
    return watch_with(mesh, NULL, NULL);
}

/* ---- hosts by hand: what they leave on a mesh, and a connection of their name ---- */

struct host {
    char id[ID_SIZE];
    struct link *link;
};

static struct link *connect_as(const struct mesh *mesh, const char *id)
{
    char name[64];
    struct link *link = NULL;
    snprintf(name, sizeof(name), "oam-host-%s", id);
    const struct link_options options = { .url = nats_server_url(mesh->server),
                                          .name = name,
                                          .connect_timeout_ms = 5000 };
    expect_int(link_open(&options, &link, NULL), MESH_OK);
    return link;
}

/* The record, the contracts and the whole catalog are as given; agents: JSON strings without the brackets. */
static struct host host_begin(const struct mesh *mesh, const char *agents)
{
    struct host host;
    char record[256];
    id_new(host.id);
    host.link = connect_as(mesh, host.id);
    snprintf(record, sizeof(record), "{\"agents\": [%s]}", agents);
    expect_int(link_key_put(host.link, "mesh-instances", host.id, mesh_text(record), NULL, NULL), MESH_OK);
    return host;
}

/* As a crash looks from outside: the connection ends, everything else stays. */
static void host_crash(struct host *host)
{
    host->link = link_close(host->link);
}

static void list(const struct mesh *mesh, const char *const *agents, size_t count)
{
    auto_buf struct buf catalog;
    buf_init(&catalog, 4096);
    buf_putc(&catalog, '[');
    for (size_t i = 0; i < count; i++) {
        buf_printf(&catalog,
                   "%s{\"name\":\"%s\",\"description\":\"\",\"version\":\"1\",\"tags\":[],\"invocable\":true,"
                   "\"streaming\":false,\"kept\":1}",
                   i > 0 ? "," : "", agents[i]);
        expect_int(link_key_put(peer_link(mesh->peer), "mesh-registry", agents[i], mesh_text("{}"), NULL, NULL),
                   MESH_OK);
    }
    buf_putc(&catalog, ']');
    expect_int(link_key_put(peer_link(mesh->peer), "mesh-catalog", "catalog", buf_bytes(&catalog), NULL, NULL),
               MESH_OK);
}

/* ---- what there is to see ---- */

static bool has_key(const struct mesh *mesh, const char *bucket, const char *key)
{
    auto_free char *value = peer_key(mesh->peer, bucket, key);
    return value != NULL;
}

static bool is_listed(const struct mesh *mesh, const char *agent)
{
    char entry[128];
    auto_free char *catalog = peer_key(mesh->peer, "mesh-catalog", "catalog");
    snprintf(entry, sizeof(entry), "\"%s\"", agent);
    return catalog && strstr(catalog, entry);
}

/* The next notice of a death tells of this agent and this host, and what goes with it is done. */
static bool expect_death(const struct mesh *mesh, const char *agent, const char *id)
{
    char subject[128];
    auto_json cJSON *tree = NULL;
    struct link_message notice = ear_next(mesh->deaths, WAIT_MS);
    snprintf(subject, sizeof(subject), "mesh.death.%s", agent);
    if (!expect_true(notice.handle != NULL))
        return false;
    expect_str(link_message_subject(&notice), subject);
    expect_int(json_parse(link_message_body(&notice), &tree, NULL), MESH_OK);
    expect_str(json_string(tree, "agent", ""), agent);
    expect_str(json_string(tree, "reason", ""), "disconnect");
    expect_str(json_string(tree, "instance_id", ""), id);
    link_message_clear(&notice);
    expect_false(has_key(mesh, "mesh-instances", id));
    expect_false(is_listed(mesh, agent));
    return expect_false(has_key(mesh, "mesh-registry", agent));
}

static void expect_no_death(const struct mesh *mesh)
{
    struct link_message notice = ear_next(mesh->deaths, 0);
    if (!expect_true(notice.handle == NULL))
        link_message_clear(&notice);
}

/* ---- burials ---- */

static void a_crashed_host_is_buried(void)
{
    struct mesh mesh;
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "lone", "other" }, 2);
    mesh_monitor *monitor = watch(&mesh);
    struct host host = host_begin(&mesh, "\"lone\"");
    host_crash(&host);
    expect_death(&mesh, "lone", host.id);
    expect_true(is_listed(&mesh, "other"));
    expect_true(has_key(&mesh, "mesh-registry", "other"));
    auto_free char *catalog = peer_key(mesh.peer, "mesh-catalog", "catalog");
    expect_contains(catalog, "\"kept\":1");
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

static void what_others_serve_stays(void)
{
    struct mesh mesh;
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "lone", "shared" }, 2);
    mesh_monitor *monitor = watch(&mesh);
    struct host first = host_begin(&mesh, "\"lone\", \"shared\"");
    struct host second = host_begin(&mesh, "\"shared\"");
    host_crash(&first);
    expect_death(&mesh, "lone", first.id);
    expect_no_death(&mesh);
    expect_true(is_listed(&mesh, "shared"));
    expect_true(has_key(&mesh, "mesh-registry", "shared"));
    host_crash(&second);
    expect_death(&mesh, "shared", second.id);
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

static void names_that_can_be_none_hold_up_nobody(void)
{
    struct mesh mesh;
    char id[ID_SIZE], record[8192];
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "lone" }, 1);
    mesh_monitor *monitor = watch(&mesh);
    id_new(id);
    struct host host = { .link = connect_as(&mesh, id) };
    snprintf(record, sizeof(record), "{\"agents\": [\"lone\", \"a b\", \"\", \"%05000d\"]}", 1);
    expect_int(link_key_put(host.link, "mesh-instances", id, mesh_text(record), NULL, NULL), MESH_OK);
    host_crash(&host);
    expect_death(&mesh, "lone", id);
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

static void hosts_that_died_before_are_found(void)
{
    struct mesh mesh;
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "old", "alive" }, 2);
    struct host old = host_begin(&mesh, "\"old\""), alive = host_begin(&mesh, "\"alive\"");
    host_crash(&old);
    mesh_monitor *monitor = watch(&mesh);
    expect_death(&mesh, "old", old.id);
    expect_true(is_listed(&mesh, "alive"));
    expect_true(has_key(&mesh, "mesh-instances", alive.id));
    expect_no_death(&mesh);
    host_crash(&alive);
    expect_death(&mesh, "alive", alive.id);
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

struct grave {
    const struct mesh *mesh;
    const char *agent, *id;
};

static bool is_buried(void *data)
{
    const struct grave *grave = data;
    return !has_key(grave->mesh, "mesh-instances", grave->id) && !is_listed(grave->mesh, grave->agent) &&
           !has_key(grave->mesh, "mesh-registry", grave->agent);
}

/* The notice is not waited for: whoever listens may be connected again only after it was sent. */
static void hosts_that_died_while_the_server_was_away_are_found(void)
{
    struct mesh mesh;
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "gone" }, 1);
    mesh_monitor *monitor = watch(&mesh);
    struct host gone = host_begin(&mesh, "\"gone\"");
    nats_server_kill(mesh.server);
    host_crash(&gone);
    nats_server_restart(mesh.server);
    struct grave grave = { &mesh, "gone", gone.id };
    expect_true(comes_true(is_buried, &grave, 2 * WAIT_MS));
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

static void many_hosts_die_at_once(void)
{
    enum { COUNT = 30 };
    struct mesh mesh;
    struct host hosts[COUNT];
    char names[COUNT][32], quoted[40];
    const char *agents[COUNT];
    mesh_begin(&mesh);
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "many.%d", i);
        agents[i] = names[i];
    }
    list(&mesh, agents, COUNT);
    mesh_monitor *monitor = watch(&mesh);
    for (int i = 0; i < COUNT; i++) {
        snprintf(quoted, sizeof(quoted), "\"many.%d\"", i);
        hosts[i] = host_begin(&mesh, quoted);
    }
    for (int i = 0; i < COUNT; i++)
        host_crash(&hosts[i]);
    for (int i = 0; i < COUNT; i++) {
        struct link_message notice = ear_next(mesh.deaths, WAIT_MS);
        expect_true(notice.handle != NULL);
        if (notice.handle)
            link_message_clear(&notice);
    }
    auto_free char *catalog = peer_key(mesh.peer, "mesh-catalog", "catalog");
    expect_str(catalog, "[]");
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

/* ---- the living ---- */

static void a_host_that_is_connected_again_is_spared(void)
{
    struct mesh mesh;
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "back", "mark" }, 2);
    mesh_monitor *monitor = watch(&mesh);
    struct host back = host_begin(&mesh, "\"back\""), mark = host_begin(&mesh, "\"mark\"");
    struct link *again = connect_as(&mesh, back.id);
    host_crash(&back);
    host_crash(&mark); /* advisories are dealt with in their order: when this one is, the other has been */
    expect_death(&mesh, "mark", mark.id);
    expect_no_death(&mesh);
    expect_true(is_listed(&mesh, "back"));
    expect_true(has_key(&mesh, "mesh-instances", back.id));
    link_close(again);
    expect_death(&mesh, "back", back.id);
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

/* What a monitor has said of a burial. */
struct saying {
    atomic_bool is_tried_again, is_spared;
};

/* [any-thread] */
static void note_saying(void *data, const mesh_event *event)
{
    struct saying *saying = data;
    if (strstr(event->text, "trying again"))
        atomic_store(&saying->is_tried_again, true);
    if (strstr(event->text, "is there again"))
        atomic_store(&saying->is_spared, true);
}

static bool is_set(void *flag)
{
    return atomic_load((atomic_bool *)flag);
}

static void a_host_that_is_back_before_its_burial_is_over_is_spared(void)
{
    struct mesh mesh;
    struct saying saying = { false, false };
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "back" }, 1);
    mesh_monitor *monitor = watch_with(&mesh, note_saying, &saying);
    struct host back = host_begin(&mesh, "\"back\"");
    struct link_message gone = peer_ask(mesh.peer, "$JS.API.STREAM.DELETE.KV_mesh-registry", "", NULL);
    link_message_clear(&gone);
    host_crash(&back);
    expect_true(comes_true(is_set, &saying.is_tried_again, WAIT_MS));
    struct link *again = connect_as(&mesh, back.id);
    expect_true(comes_true(is_set, &saying.is_spared, WAIT_MS));
    expect_int(link_buckets_ensure(peer_link(mesh.peer), NULL), MESH_OK);
    list(&mesh, (const char *[]){ "back", "mark" }, 2);
    struct host mark = host_begin(&mesh, "\"mark\"");
    host_crash(&mark);
    expect_death(&mesh, "mark", mark.id);
    expect_no_death(&mesh);
    expect_true(is_listed(&mesh, "back"));
    link_close(again);
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

static void who_says_goodbye_is_not_buried(void)
{
    struct mesh mesh;
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    mesh_begin(&mesh);
    mesh_monitor *monitor = watch(&mesh);
    options.url = nats_server_url(mesh.server);
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    expect_int(serve_text(client, "polite", "1"), MESH_OK);
    expect_true(is_listed(&mesh, "polite"));
    mesh_client_close(client);
    struct link_message notice = ear_next(mesh.deaths, WAIT_MS);
    expect_contains(said(&notice), "graceful_shutdown");
    link_message_clear(&notice);
    list(&mesh, (const char *[]){ "mark" }, 1);
    struct host mark = host_begin(&mesh, "\"mark\"");
    host_crash(&mark);
    expect_death(&mesh, "mark", mark.id);
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

static void what_tells_of_nobody_is_ignored(void)
{
    static const char *const advisories[] = {
        "",
        "not json",
        "[]",
        "{\"client\": 7}",
        "{\"client\": {\"name\": \"somebody\"}}",
        "{\"client\": {\"name\": \"oam-host-\"}}",
        "{\"client\": {\"name\": \"oam-host-*\"}}",
        "{\"client\": {\"name\": \"oam-host->\"}}",
        "{\"client\": {\"name\": \"oam-host-unknown\"}}",
        "{\"client\": {\"name\": \"oam-host-broken\"}}",
        "{\"client\": {\"name\": \"oam-host-strange\"}}",
    };
    struct mesh mesh;
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "safe", "mark" }, 2);
    struct link *link = peer_link(mesh.peer);
    link_key_put(link, "mesh-instances", "broken", mesh_text("{\"agents\": [\"safe\""), NULL, NULL);
    link_key_put(link, "mesh-instances", "strange", mesh_text("{\"agents\": \"safe\"}"), NULL, NULL);
    mesh_monitor *monitor = watch(&mesh);
    struct host safe = host_begin(&mesh, "\"safe\""), mark = host_begin(&mesh, "\"mark\"");
    struct peer *system = peer_open_at(mesh.sys_url);
    for (size_t i = 0; i < sizeof(advisories) / sizeof(advisories[0]); i++)
        peer_say(system, "$SYS.ACCOUNT.APP.DISCONNECT", NULL, advisories[i], NULL);
    host_crash(&mark);
    expect_death(&mesh, "mark", mark.id);
    expect_no_death(&mesh);
    expect_true(is_listed(&mesh, "safe"));
    expect_true(has_key(&mesh, "mesh-instances", safe.id));
    peer_close(system);
    link_close(safe.link);
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

static void a_catalog_that_cannot_be_read_is_left_as_it_is(void)
{
    struct mesh mesh;
    mesh_begin(&mesh);
    list(&mesh, (const char *[]){ "lone" }, 1);
    link_key_put(peer_link(mesh.peer), "mesh-catalog", "catalog", mesh_text("not a catalog"), NULL, NULL);
    mesh_monitor *monitor = watch(&mesh);
    struct host host = host_begin(&mesh, "\"lone\"");
    host_crash(&host);
    expect_death(&mesh, "lone", host.id);
    auto_free char *catalog = peer_key(mesh.peer, "mesh-catalog", "catalog");
    expect_str(catalog, "not a catalog");
    mesh_monitor_stop(monitor);
    mesh_end(&mesh);
}

/* ---- starting ---- */

static void expect_refused(const mesh_monitor_options *options, mesh_status status, const char *part)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_monitor *monitor = NULL;
    expect_int(mesh_monitor_start(options, &monitor, &err), status);
    expect_contains(mesh_error_text(&err), part);
    mesh_error_clear(&err);
    mesh_monitor_stop(monitor);
}

static void wrong_options_are_refused(void)
{
    struct mesh mesh;
    auto_folder char *empty = folder_new();
    mesh_monitor_options options = MESH_MONITOR_OPTIONS_INIT;
    mesh_begin(&mesh);
    options.url = nats_server_url(mesh.server);
    expect_refused(&options, MESH_E_CONNECTION_DENIED, "not the system account");
    options.sys_url = "nats://sys:wrong@127.0.0.1";
    options.flags = 8;
    expect_refused(&options, MESH_E_INVALID_ARGUMENT, "flags");
    options.flags = MESH_MONITOR_LOCAL;
    expect_refused(&options, MESH_E_INVALID_ARGUMENT, "url");
    options.url = options.sys_url = NULL;
    options.store = empty;
    expect_refused(&options, MESH_E_NOT_FOUND, empty);
    mesh_end(&mesh);
}

/* ---- programs ---- */

static bool is_greeter_listed(void *mesh)
{
    return is_listed(mesh, "example.greeter");
}

/* A host in a process of its own, as it is killed in life. */
static void kill_a_host(struct mesh *mesh, const char *url)
{
    struct program host;
    setenv("OAM_URL", url, 1);
    program_start(&host, (const char *[]){ getenv("EXAMPLE_SERVE"), NULL });
    expect_true(comes_true(is_greeter_listed, mesh, WAIT_MS));
    program_stop(&host, SIGKILL);
    unsetenv("OAM_URL");
}

static void the_command_watches_until_ctrl_c(void)
{
    struct mesh mesh;
    struct program monitor;
    mesh_begin(&mesh);
    program_start(&monitor, (const char *[]){ getenv("AGENTMESH_CLI"), "monitor", "--url", nats_server_url(mesh.server),
                                              "--sys-url", mesh.sys_url, NULL });
    auto_free char *first = program_line(&monitor);
    expect_contains(first, "Health monitor watching nats://127.0.0.1:");
    kill_a_host(&mesh, nats_server_url(mesh.server));
    auto_free char *second = program_line(&monitor);
    expect_contains(second, "'example.greeter' has left the mesh");
    expect_false(is_listed(&mesh, "example.greeter"));
    expect_int(program_stop(&monitor, SIGINT), 0);
    mesh_end(&mesh);
}

static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        abort();
    return ntohs(address.sin_port);
}

/* The process that holds the monitor's lock. */
static int32_t monitor_pid(const char *store)
{
    auto_free char *path = folder_path(store, "server.json");
    auto_buf struct buf text = { .max = 4096 };
    auto_json cJSON *tree = NULL;
    expect_int(file_read(path, &text, NULL), MESH_OK);
    expect_int(json_parse(buf_bytes(&text), &tree, NULL), MESH_OK);
    return (int32_t)json_int(tree, "monitor", 0);
}

static bool is_gone(void *pid)
{
    return waitpid(*(pid_t *)pid, NULL, WNOHANG) == *(pid_t *)pid || kill(*(pid_t *)pid, 0) < 0;
}

static void a_detached_server_has_a_monitor_beside_it(void)
{
    auto_folder char *store = folder_new();
    char port[8], url[64];
    struct mesh mesh = { .server = NULL };
    auto_outcome struct outcome up = { 0 }, down = { 0 };
    snprintf(port, sizeof(port), "%d", free_port());
    snprintf(url, sizeof(url), "nats://127.0.0.1:%s", port);
    setenv("AGENTMESH_RUNTIME_DIR", store, 1);
    if (chdir(store) < 0)
        abort();
    program_run(&up, NULL, (const char *[]){ getenv("AGENTMESH_CLI"), "up", "--port", port, "--store", store, NULL });
    expect_int(up.code, 0);
    pid_t pid = monitor_pid(store);
    expect_true(pid > 0 && kill(pid, 0) == 0);
    mesh.peer = peer_open_at(url);
    mesh.deaths = peer_listen(mesh.peer, "mesh.death.>");
    kill_a_host(&mesh, url);
    struct link_message notice = ear_next(mesh.deaths, WAIT_MS);
    expect_contains(said(&notice), "\"disconnect\"");
    link_message_clear(&notice);
    expect_false(is_listed(&mesh, "example.greeter"));
    peer_close(mesh.peer);
    program_run(&down, NULL, (const char *[]){ getenv("AGENTMESH_CLI"), "down", "--store", store, NULL });
    expect_int(down.code, 0);
    expect_true(comes_true(is_gone, &pid, WAIT_MS));
    if (chdir("/") < 0)
        abort();
    unsetenv("AGENTMESH_RUNTIME_DIR");
}

static bool monitor_runs(const char *store)
{
    auto_free char *path = folder_path(store, "monitor.lock");
    auto_fd int lock = open(path, O_RDWR | O_CLOEXEC);
    return expect_true(lock >= 0) && flock(lock, LOCK_EX | LOCK_NB) < 0;
}

static void a_start_that_fails_at_last_leaves_no_monitor(void)
{
    auto_folder char *store = folder_new();
    auto_free char *in_the_way = folder_path(store, "oam-url");
    mesh_local_options options = MESH_LOCAL_OPTIONS_INIT;
    mesh_local *local = NULL;
    mesh_error err = MESH_ERROR_INIT;
    setenv("AGENTMESH_RUNTIME_DIR", store, 1);
    if (mkdir(in_the_way, 0700) < 0)
        abort();
    options.store = store;
    options.port = (uint32_t)free_port();
    options.flags = MESH_LOCAL_DETACH;
    options.monitor = getenv("AGENTMESH_CLI");
    expect_int(mesh_local_start(&options, &local, &err), MESH_E_SYSTEM);
    expect_contains(mesh_error_text(&err), in_the_way);
    expect_false(monitor_runs(store));
    mesh_error_clear(&err);
    unsetenv("AGENTMESH_RUNTIME_DIR");
}

static void the_monitor_ends_with_its_server(void)
{
    auto_folder char *store = folder_new();
    mesh_local_options options = MESH_LOCAL_OPTIONS_INIT;
    mesh_local *local = NULL;
    setenv("AGENTMESH_RUNTIME_DIR", store, 1);
    options.store = store;
    options.port = (uint32_t)free_port();
    options.flags = MESH_LOCAL_DETACH;
    options.monitor = getenv("AGENTMESH_CLI");
    expect_int(mesh_local_start(&options, &local, NULL), MESH_OK);
    pid_t server = mesh_local_pid(local), pid = monitor_pid(store);
    expect_true(pid > 0);
    mesh_local_stop(local);
    kill(server, SIGKILL);
    expect_true(comes_true(is_gone, &pid, WAIT_MS));
    expect_true(comes_true(is_gone, &server, WAIT_MS)); /* its connections end before it does */
    expect_int(mesh_local_stop_running(store, NULL, NULL), MESH_E_NOT_FOUND);
    unsetenv("AGENTMESH_RUNTIME_DIR");
}

static void a_server_of_ones_own_is_watched(void)
{
    auto_folder char *store = folder_new();
    mesh_local_options options = MESH_LOCAL_OPTIONS_INIT;
    mesh_local *local = NULL;
    struct mesh mesh = { .server = NULL };
    setenv("AGENTMESH_RUNTIME_DIR", store, 1);
    options.store = store;
    options.port = (uint32_t)free_port();
    expect_int(mesh_local_start(&options, &local, NULL), MESH_OK);
    mesh.peer = peer_open_at(mesh_local_url(local));
    mesh.deaths = peer_listen(mesh.peer, "mesh.death.>");
    kill_a_host(&mesh, mesh_local_url(local));
    struct link_message notice = ear_next(mesh.deaths, WAIT_MS);
    expect_contains(said(&notice), "\"disconnect\"");
    link_message_clear(&notice);
    peer_close(mesh.peer);
    mesh_local_stop(local);
    unsetenv("AGENTMESH_RUNTIME_DIR");
}

SUITE(monitor, STATEMENT("63", a_crashed_host_is_buried), STATEMENT("63", what_others_serve_stays),
      TEST(names_that_can_be_none_hold_up_nobody), STATEMENT("63", hosts_that_died_before_are_found),
      TEST(hosts_that_died_while_the_server_was_away_are_found), TEST(many_hosts_die_at_once),
      TEST(a_host_that_is_connected_again_is_spared), TEST(a_host_that_is_back_before_its_burial_is_over_is_spared),
      TEST(who_says_goodbye_is_not_buried), STATEMENT("64", what_tells_of_nobody_is_ignored),
      TEST(a_catalog_that_cannot_be_read_is_left_as_it_is), TEST(wrong_options_are_refused),
      TEST(the_command_watches_until_ctrl_c), TEST(a_detached_server_has_a_monitor_beside_it),
      TEST(a_start_that_fails_at_last_leaves_no_monitor), TEST(the_monitor_ends_with_its_server),
      TEST(a_server_of_ones_own_is_watched))
