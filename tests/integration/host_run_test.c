/* SPDX-License-Identifier: Apache-2.0 */
/* How agentmeshd starts, reads its configuration again, and ends. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "caller.h"
#include "compiler.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "suite.h"

enum { SOON_MS = 10000 };

#define ANSWER(version) "{\"version\": \"" version "\"}"

static void drop_answer(const struct host *host)
{
    auto_free char *path = folder_path(host->plugins, "answer.so");
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", NULL);
}

static struct host *host_with(const char *source, const char *name, const char *ini)
{
    struct host *host = host_new(nats_server_url(peer_server()), ini);
    auto_free char *path = folder_path(host->plugins, name);
    compile_plugin(source, path, "-DVERSION=\"1\"", NULL);
    host_start(host, NULL);
    return host;
}

static void reload(struct host *host)
{
    host_mark(host);
    host_signal(host, SIGHUP);
    expect_true(host_says(host, " ready ", NULL));
}

/* Whether "answer" answers a client that is not the usual one. */
static bool answers(void *client)
{
    mesh_reply *reply = NULL;
    mesh_status status = mesh_call(client, "answer", mesh_text("{}"), NULL, &reply, NULL);
    mesh_reply_free(reply);
    return status == MESH_OK;
}

/* ---- configuration ---- */

static void a_reload_moves_plugins_to_their_new_settings(void)
{
    auto_host struct host *host = host_with("setting.c", "setting.so", "[settings setting]\nword = one");
    expect_true(caller_hears("setting", "{}", "{\"word\": \"one\"}", SOON_MS));
    host_configure(host, nats_server_url(peer_server()), "[settings setting]\nword = two");
    reload(host);
    auto_free char *answer = caller_ask("setting", "{}", 5000);
    expect_str(answer, "{\"word\": \"two\"}");
}

static void a_reload_without_changes_moves_nothing(void)
{
    auto_host struct host *host = host_with("setting.c", "setting.so", "[settings setting]\nword = one");
    reload(host);
    expect_false(host_said(host, "plugin replaced", NULL));
}

static void a_bad_file_leaves_the_old_configuration_in_use(void)
{
    auto_host struct host *host = host_with("setting.c", "setting.so", "[settings setting]\nword = one");
    host_configure(host, nats_server_url(peer_server()), "colour = red\n[settings setting]\nword = two\n[what]\n");
    reload(host);
    expect_true(host_says(host, "colour", NULL));
    expect_true(host_says(host, "what", NULL));
    expect_true(host_says(host, "keeping the one in use", NULL));
    auto_free char *answer = caller_ask("setting", "{}", 5000);
    expect_str(answer, "{\"word\": \"one\"}");
}

static void what_is_disabled_leaves_and_what_is_enabled_comes(void)
{
    auto_host struct host *host = host_with("answer.c", "answer.so", "[plugin answer]\nenabled = no");
    expect_true(caller_lists("answer", false, SOON_MS));
    host_configure(host, nats_server_url(peer_server()), "");
    reload(host);
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    host_configure(host, nats_server_url(peer_server()), "[plugin answer]\nenabled = no");
    reload(host);
    expect_true(caller_lists("answer", false, SOON_MS));
}

static void limits_of_an_agent_take_effect_on_reload(void)
{
    auto_host struct host *host = host_with("answer.c", "answer.so", "");
    host_configure(host, nats_server_url(peer_server()), "[agent answer]\ntimeout = 100ms");
    reload(host);
    expect_true(host_says(host, "plugin replaced", "plugin=answer"));
    auto_free char *answer = caller_ask("answer", "{\"sleep_ms\": 1000}", 5000);
    expect_contains(answer, "error");
}

static void a_key_that_needs_a_restart_is_named(void)
{
    auto_host struct host *host = host_with("answer.c", "answer.so", "");
    host_configure(host, "nats://127.0.0.1:9", "");
    reload(host);
    expect_true(host_says(host, "until agentmeshd is restarted", "url"));
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("1"));
}

/* ---- start ---- */

static void a_bad_configuration_ends_the_start_with_78(void)
{
    auto_host struct host *host = host_new(NULL, "nonsense");
    host_spawn(host, NULL);
    expect_int(host_wait(host), 78);
}

static void a_wrong_command_line_ends_the_start_with_2(void)
{
    static const char *const wrong[][3] = { { "--what", NULL }, { "--log-level", "loud", NULL }, { "more", NULL } };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        auto_host struct host *host = host_new(NULL, "");
        host_spawn(host, wrong[i]);
        expect_int(host_wait(host), 2);
    }
}

static void asking_starts_nothing(void)
{
    static const char *const questions[][2] = { { "--help", NULL }, { "--version", NULL }, { "--print-config", NULL } };
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        auto_host struct host *host = host_new(NULL, "");
        host_spawn(host, questions[i]);
        expect_int(host_wait(host), 0);
        expect_true(access(host->state, F_OK) != 0);
    }
}

static void checking_starts_nothing(void)
{
    static const char *const check[] = { "--check", NULL };
    auto_host struct host *host = host_new("nats://127.0.0.1:9", "");
    host_spawn(host, check);
    expect_int(host_wait(host), 0);
    expect_true(access(host->state, F_OK) != 0);
    host_configure(host, NULL, "colour = red");
    host_spawn(host, check);
    expect_int(host_wait(host), 78);
}

static void a_second_host_over_the_same_state_is_refused(void)
{
    auto_host struct host *first = host_with("answer.c", "answer.so", "");
    auto_host struct host *second = host_new(nats_server_url(peer_server()), "");
    const char *const same[] = { "--state", first->state, NULL };
    host_spawn(second, same);
    expect_true(host_says(second, "another agentmeshd (process ", NULL));
    expect_int(host_wait(second), 1);
}

static void a_server_that_is_not_there_yet_is_waited_for(void)
{
    struct nats_server *server = nats_server_start(NULL);
    auto_free char *url = strdup(nats_server_url(server));
    nats_server_kill(server);
    auto_host struct host *host = host_new(url, "");
    drop_answer(host);
    host_start(host, NULL);
    expect_true(host_says(host, "plugin serves", "plugin=answer"));
    nats_server_restart(server);

    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    options.url = url;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    expect_true(comes_true(answers, client, SOON_MS));
    mesh_client_close(client);
    host_signal(host, SIGTERM);
    expect_int(host_wait(host), 0);
    nats_server_stop(server);
}

/* ---- noexec ---- */

static bool write_text(const char *path, const char *text)
{
    auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) > 0;
}

/* Root in a user namespace of our own may mount. */
static bool become_root_of_a_namespace(void)
{
    char user[32], group[32];
    snprintf(user, sizeof(user), "0 %u 1", (unsigned)geteuid());
    snprintf(group, sizeof(group), "0 %u 1", (unsigned)getegid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
           write_text("/proc/self/uid_map", user) && write_text("/proc/self/gid_map", group);
}

static bool mount_noexec(const struct host *host)
{
    return become_root_of_a_namespace() && mount("none", host->state, "tmpfs", MS_NOEXEC, "mode=0700") == 0;
}

static void a_state_folder_mounted_noexec_is_explained(void)
{
    auto_host struct host *host = host_new("nats://127.0.0.1:9", "");
    expect_int(mkdir(host->state, 0700), 0);
    host->prepare = mount_noexec;
    host_spawn(host, NULL);
    int code = host_wait(host);
    if (code == 77) {
        skip("no mount namespace can be made here");
        return;
    }
    expect_int(code, 1);
    expect_true(host_says(host, "is mounted with the option noexec", host->state));
}

/* ---- end ---- */

static void an_idle_host_ends_at_once(void)
{
    auto_host struct host *host = host_with("answer.c", "answer.so", "");
    host_signal(host, SIGINT);
    expect_int(host_wait(host), 0);
    expect_true(host_says(host, "unloaded", "plugin=answer"));
    expect_true(caller_lists("answer", false, SOON_MS));
}

static void a_second_signal_ends_what_takes_too_long(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    auto_free char *path = folder_path(host->plugins, "sleepy.so");
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", "-DAGENT=\"sleepy\"", NULL);
    host_start(host, NULL);
    struct stream_of_calls *calls = calls_begin("sleepy", "{\"sleep_ms\": 4000}");
    expect_true(host_says(host, "going to sleep", NULL));
    host_signal(host, SIGTERM);
    expect_true(host_says(host, "ending: finishing what is in hand", NULL));
    host_signal(host, SIGTERM);
    expect_int(host_wait(host), 128 + SIGTERM);
    unsigned failed;
    calls_end(calls, &failed);
}

static void what_does_not_end_in_time_is_left_behind(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "drain_timeout = 200ms");
    auto_free char *path = folder_path(host->plugins, "stuck.so");
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", "-DAGENT=\"stuck\"", NULL);
    host_start(host, NULL);
    struct stream_of_calls *calls = calls_begin("stuck", "{\"sleep_ms\": 600000}");
    expect_true(host_says(host, "going to sleep", NULL));
    host_signal(host, SIGTERM);
    expect_int(host_wait(host), 0);
    expect_true(host_says(host, "still in use after the drain timeout", "stuck"));
    expect_true(host_says(host, "ending although something still runs", NULL));
    unsigned failed;
    calls_end(calls, &failed);
}

/* ---- the service manager ---- */

/* Whether the next datagrams, one within some seconds, contain these words. */
static bool is_told(int fd, const char *words)
{
    char text[512];
    for (;;) {
        struct pollfd poll_fd = { fd, POLLIN, 0 };
        if (poll(&poll_fd, 1, SOON_MS) != 1)
            return false;
        ssize_t len = recv(fd, text, sizeof(text) - 1, 0);
        text[len > 0 ? len : 0] = '\0';
        if (strstr(text, words))
            return true;
    }
}

static void the_service_manager_is_told(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    auto_free char *path = folder_path(host->folder, "notify");
    auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    expect_int(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "300000", 1);
    drop_answer(host);
    host_start(host, NULL);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");

    expect_true(is_told(fd, "READY=1"));
    expect_true(is_told(fd, "WATCHDOG=1"));
    host_signal(host, SIGHUP);
    expect_true(is_told(fd, "RELOADING=1"));
    expect_true(is_told(fd, "READY=1"));
    host_signal(host, SIGTERM);
    expect_true(is_told(fd, "STOPPING=1"));
    expect_int(host_wait(host), 0);
}

/* ---- a server of its own ---- */

static struct host *host_with_server(void)
{
    static const char *const local[] = { "--local", NULL };
    struct host *host = host_new(NULL, "");
    auto_free char *ini = NULL;
    if (asprintf(&ini, "local_store = %s/server", host->folder) < 0)
        exit(1);
    setenv("AGENTMESH_RUNTIME_DIR", host->folder, 1);
    host_configure(host, NULL, ini);
    drop_answer(host);
    if (chdir(host->folder) != 0)
        exit(1);
    host_start(host, local);
    if (chdir("/") != 0)
        exit(1);
    return host;
}

static mesh_client *join_local(const struct host *host)
{
    auto_free char *path = folder_path(host->folder, "oam-url");
    auto_buf struct buf text;
    buf_init(&text, 4096);
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    expect_int(file_read(path, &text, NULL), MESH_OK);
    char url[128] = "";
    const char *at = strstr(buf_text(&text), "nats://");
    sscanf(at ? at : "", "%127[^\" \n]", url);
    options.url = url;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    return client;
}

static void a_host_that_wants_a_local_server_joins_the_one_that_runs(void)
{
    auto_host struct host *first = host_with_server();
    auto_host struct host *second = host_new("local", "");
    expect_true(host_says(first, "joining the mesh", "our local server"));
    host_start(second, NULL);
    expect_true(host_says(second, "joining the mesh", "/oam-url"));
}

static pid_t pid_of_server(const struct host *host)
{
    auto_free char *path = folder_path(host->folder, "server/server.json");
    auto_buf struct buf text;
    int pid = 0;
    buf_init(&text, 4096);
    expect_int(file_read(path, &text, NULL), MESH_OK);
    const char *at = strstr(buf_text(&text), "\"pid\":");
    if (!at || sscanf(at, "\"pid\":%d", &pid) != 1) {
        fprintf(stderr, "no pid in %s\n", buf_text(&text));
        exit(1);
    }
    return pid;
}

static void a_server_of_its_own_is_started_and_ended_with_it(void)
{
    auto_host struct host *host = host_with_server();
    auto_free char *path = folder_path(host->folder, "oam-url");
    auto_free char *mark = folder_path(host->folder, ".oam-url");
    mesh_client *client = join_local(host);
    expect_true(answers(client));
    mesh_client_close(client);
    expect_int(access(mark, F_OK), 0);
    host_signal(host, SIGTERM);
    expect_int(host_wait(host), 0);
    expect_true(access(path, F_OK) != 0);
    expect_true(access(mark, F_OK) != 0);
}

static void who_only_looks_at_folders_is_at_rest(void)
{
    auto_host struct host *host = host_with("answer.c", "answer.so", "poll = 200ms\nlog_level = debug\n");
    expect_true(host_says(host, "at rest", NULL));
}

static void a_server_that_dies_is_started_again(void)
{
    auto_host struct host *host = host_with_server();
    kill(pid_of_server(host), SIGKILL);
    expect_true(host_says(host, "the local server has ended by itself", NULL));
    expect_true(host_says(host, "the local server runs again", NULL));
    mesh_client *client = join_local(host);
    expect_true(comes_true(answers, client, SOON_MS));
    mesh_client_close(client);
}

SUITE(host_run, TEST(a_reload_moves_plugins_to_their_new_settings), TEST(a_reload_without_changes_moves_nothing),
      TEST(a_bad_file_leaves_the_old_configuration_in_use), TEST(what_is_disabled_leaves_and_what_is_enabled_comes),
      TEST(limits_of_an_agent_take_effect_on_reload), TEST(a_key_that_needs_a_restart_is_named),
      TEST(a_bad_configuration_ends_the_start_with_78), TEST(a_wrong_command_line_ends_the_start_with_2),
      TEST(asking_starts_nothing), TEST(checking_starts_nothing), TEST(a_second_host_over_the_same_state_is_refused),
      TEST(a_server_that_is_not_there_yet_is_waited_for), TEST(a_state_folder_mounted_noexec_is_explained),
      TEST(an_idle_host_ends_at_once), TEST(a_second_signal_ends_what_takes_too_long),
      TEST(what_does_not_end_in_time_is_left_behind), TEST(the_service_manager_is_told),
      TEST(a_server_of_its_own_is_started_and_ended_with_it),
      TEST(a_host_that_wants_a_local_server_joins_the_one_that_runs), TEST(who_only_looks_at_folders_is_at_rest),
      TEST(a_server_that_dies_is_started_again))
