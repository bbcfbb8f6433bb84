/* SPDX-License-Identifier: Apache-2.0 */
/* What operators ask of a host: agentmesh host, and the control socket behind it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "caller.h"
#include "compiler.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "program.h"
#include "suite.h"

enum { SOON_MS = 10000 };

#define ANSWER(version) "{\"version\": \"" version "\"}"

static void drop(const struct host *host, const char *version)
{
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = folder_path(elsewhere, "out.so");
    auto_free char *flag = NULL;
    if (asprintf(&flag, "-DVERSION=\"%s\"", version) < 0)
        exit(1);
    compile_plugin("answer.c", path, flag, NULL);
    folder_put(host->plugins, "answer.so", path);
}

/* A host that serves "answer", version 1. */
static struct host *serving_host(const char *ini)
{
    struct host *host = host_new(nats_server_url(peer_server()), ini);
    drop(host, "1");
    host_start(host, NULL);
    return host;
}

/* agentmesh host VERB [OPERAND] [OPTION] */
static void tell(const struct host *host, struct outcome *outcome, const char *verb, const char *operand,
                 const char *option)
{
    const char *argv[8] = { getenv("AGENTMESH_CLI"), "host", "--socket", host->control, verb };
    size_t count = 5;
    if (operand)
        argv[count++] = operand;
    if (option)
        argv[count] = option;
    program_run(outcome, NULL, argv);
}

static void expect_done(const struct host *host, const char *verb, const char *operand, const char *said)
{
    auto_outcome struct outcome outcome;
    tell(host, &outcome, verb, operand, NULL);
    expect_int(outcome.code, 0);
    expect_str(buf_text(&outcome.err), "");
    expect_contains(buf_text(&outcome.out), said);
}

static void expect_refused(const struct host *host, const char *verb, const char *operand, int code, const char *said)
{
    auto_outcome struct outcome outcome;
    tell(host, &outcome, verb, operand, NULL);
    expect_int(outcome.code, code);
    expect_contains(buf_text(&outcome.err), said);
}

static void status_tells_how_plugins_stand(void)
{
    auto_host struct host *host = serving_host("");
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("1"));
    auto_outcome struct outcome outcome;
    tell(host, &outcome, "status", NULL, "--json");
    expect_int(outcome.code, 0);
    expect_contains(buf_text(&outcome.out), "\"requests\": 1,");
    expect_contains(buf_text(&outcome.out), "\"state\": \"serving\"");
    expect_done(host, "status", NULL, "answer  serving  1 ");
    expect_done(host, "list", NULL, "answer\n");
    expect_done(host, "gens", NULL, "answer 1 serves, version 1");
}

static void reload_comes_back_when_the_new_version_serves(void)
{
    auto_host struct host *host = serving_host("settle = 1s");
    drop(host, "2");
    expect_done(host, "reload", "answer", "answer  serving  2 ");
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("2"));
}

static void reload_of_everything_comes_back_too(void)
{
    auto_host struct host *host = serving_host("settle = 1s");
    drop(host, "2");
    expect_done(host, "reload", NULL, "answer  serving  2 ");
}

static void a_reload_that_is_refused_says_why_and_fails(void)
{
    auto_host struct host *host = serving_host("");
    folder_write(host->plugins, "answer.so", "no plugin at all");
    auto_outcome struct outcome outcome;
    tell(host, &outcome, "reload", "answer", NULL);
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.out), "not a shared object");
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("1"));
}

static void waiting_is_until_the_probation_is_over(void)
{
    auto_host struct host *host = serving_host("probation = 500ms");
    drop(host, "2");
    auto_outcome struct outcome outcome;
    tell(host, &outcome, "reload", "answer", "--wait");
    expect_int(outcome.code, 0);
    expect_contains(buf_text(&outcome.out), "answer  serving  2 ");
    expect_true(host_says(host, "plugin has proved itself", "generation=2"));
}

static void a_forced_reload_loads_the_same_again(void)
{
    auto_host struct host *host = serving_host("");
    auto_outcome struct outcome outcome;
    tell(host, &outcome, "reload", "answer", "--force");
    expect_int(outcome.code, 0);
    expect_done(host, "gens", NULL, "answer 2 serves, version 1");
}

static void a_disabled_plugin_is_off_the_mesh_also_after_a_restart(void)
{
    auto_host struct host *host = serving_host("");
    expect_done(host, "disable", "answer", "answer  disabled");
    expect_true(caller_lists("answer", false, SOON_MS));
    host_signal(host, SIGTERM);
    expect_int(host_wait(host), 0);
    host_start(host, NULL);
    expect_done(host, "status", NULL, "answer  disabled");
    expect_done(host, "enable", "answer", "answer  serving  1 ");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
}

static void a_drained_plugin_comes_back_with_a_restart(void)
{
    auto_host struct host *host = serving_host("");
    expect_done(host, "drain", "answer", "answer  drained");
    expect_true(caller_lists("answer", false, SOON_MS));
    host_signal(host, SIGTERM);
    expect_int(host_wait(host), 0);
    host_start(host, NULL);
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
}

static void rolling_back_in_the_probation_takes_what_is_warm(void)
{
    auto_host struct host *host = serving_host("probation = 60s");
    drop(host, "2");
    expect_done(host, "reload", "answer", "answer  probation  2 ");
    expect_done(host, "rollback", "answer", "answer  serving  1 ");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
}

static void rolling_back_later_loads_the_version_before(void)
{
    auto_host struct host *host = serving_host("");
    drop(host, "2");
    expect_done(host, "reload", "answer", "answer  serving  2 ");
    expect_done(host, "rollback", "answer", "answer  serving  1 ");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    expect_refused(host, "rollback", "answer", 1, "[conflict] no other good version of plugin 'answer' is known");
}

static void what_cannot_be_done_is_told(void)
{
    auto_host struct host *host = serving_host("");
    expect_refused(host, "reload", "anwser", 1, "there is no plugin 'anwser': did you mean 'answer'?");
    expect_refused(host, "relaod", NULL, 2, "did you mean 'reload'?");
    expect_refused(host, "rollback", NULL, 2, "needs a plugin");
    expect_refused(host, "log-level", "loud", 1, "there is no level 'loud'");
    expect_done(host, "log-level", "error", "");
}

static void expect_told(const struct host *host, int code, const char *said, const char *const *arguments)
{
    const char *argv[10] = { getenv("AGENTMESH_CLI"), "host", "--socket", host->control };
    auto_outcome struct outcome outcome;
    for (size_t i = 0; arguments[i]; i++)
        argv[4 + i] = arguments[i];
    program_run(&outcome, NULL, argv);
    expect_int(outcome.code, code);
    expect_contains(buf_text(code == 2 ? &outcome.err : &outcome.out), said);
}

#define TELLS(host, code, said, ...) expect_told(host, code, said, (const char *const[]){ __VA_ARGS__, NULL })

static void a_file_that_has_just_come_is_found(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    host_start(host, NULL);
    drop(host, "1");
    expect_done(host, "reload", "answer", "answer  serving  1 ");
    expect_refused(host, "reload", "../answer", 1, "there is no plugin '../answer'");
    expect_refused(host, "enable", "other", 1, "there is no plugin 'other'");
}

static void a_refusal_is_a_failure_in_json_too(void)
{
    auto_host struct host *host = serving_host("");
    folder_write(host->plugins, "answer.so", "no plugin at all");
    TELLS(host, 1, "\"refusal\": ", "reload", "answer", "--json");
    TELLS(host, 1, "answer: refused: ", "reload", "answer");
    TELLS(host, 0, "answer  disabled", "disable", "answer");
}

static void what_went_wrong_before_is_told_as_past(void)
{
    auto_host struct host *host = serving_host("");
    folder_write(host->plugins, "answer.so", "no plugin at all");
    TELLS(host, 1, "answer: refused: ", "reload", "answer");
    drop(host, "2");
    TELLS(host, 0, "answer: last failure 20", "reload", "answer");
}

static void a_name_that_is_none_is_told(void)
{
    auto_host struct host *host = serving_host("");
    expect_refused(host, "status", "anwser", 1, "did you mean 'answer'?");
    expect_refused(host, "gens", "other", 1, "there is no plugin 'other'");
    TELLS(host, 0, "answer  serving", "status", "answer");
}

static void options_that_would_do_nothing_are_refused(void)
{
    auto_host struct host *host = serving_host("");
    TELLS(host, 2, "--force is for 'agentmesh host reload PLUGIN'", "reload", "--force");
    TELLS(host, 2, "--force is for", "enable", "answer", "--force");
    TELLS(host, 2, "--wait is for what changes plugins", "status", "--wait");
}

static void what_mesh_ini_forbids_cannot_be_enabled(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "[plugin answer]\nenabled = no");
    drop(host, "1");
    host_start(host, NULL);
    expect_refused(host, "enable", "answer", 1, "mesh.ini has enabled = no in [plugin answer]");
    TELLS(host, 0, "answer  disabled", "reload");
}

static void what_was_decided_outlives_the_file(void)
{
    auto_host struct host *host = serving_host("grace = 100ms");
    auto_free char *path = folder_path(host->plugins, "answer.so");
    TELLS(host, 0, "answer  disabled", "disable", "answer");
    host_mark(host);
    expect_int(unlink(path), 0);
    TELLS(host, 0, "(no plugins)", "reload");
    drop(host, "2");
    TELLS(host, 0, "answer  disabled", "reload");
    TELLS(host, 0, "answer  serving  2 ", "enable", "answer");
}

static void without_a_host_that_is_told(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    const struct host nobody = { .control = path };
    expect_refused(&nobody, "status", NULL, 1, "no agentmeshd listens at '");
}

/* As a host does for users whom it does not hear: it answers before it is asked. */
static pid_t spawn_refuser(const char *path)
{
    static const char answer[] =
        "{\"ok\": false, \"error\": {\"code\": \"connection_denied\", \"message\": \"not you\"}}\n";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect_int(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    expect_int(listen(fd, 1), 0);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int caller = accept(fd, NULL, NULL);
    if (send(caller, answer, strlen(answer), MSG_NOSIGNAL) < 0)
        _exit(1);
    _exit(0);
}

static void who_is_not_heard_is_told_so(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    const struct host refuser = { .control = path };
    pid_t pid = spawn_refuser(path);
    expect_refused(&refuser, "status", NULL, 1, "[connection_denied] not you");
    expect_int(waitpid(pid, NULL, 0), pid);
}

static int dial(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect_int(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Send, and read to the end. */
static void converse(const struct host *host, const char *text, size_t len, struct buf *answer)
{
    auto_fd int fd = dial(host->control);
    char part[4096];
    buf_init(answer, 1 << 20);
    expect_true(send(fd, text, len, MSG_NOSIGNAL) >= 0);
    for (ssize_t got; (got = recv(fd, part, sizeof(part), 0)) > 0;)
        buf_append(answer, part, (size_t)got);
}

static void nonsense_is_answered(void)
{
    auto_host struct host *host = serving_host("");
    static const struct {
        const char *said, *answer;
    } cases[] = {
        { "\n", "\"invalid_json\"" },
        { "[]\n", "must be a JSON object" },
        { "{}\n", "cannot do ''" },
        { "{\"do\": \"statsu\"}\n", "did you mean 'status'?" },
        { "{\"do\": 7}\n", "cannot do ''" },
        { "{\"do\": \"enable\"}\n", "needs the name of a plugin" },
        { "{\"do\": \"status\"}{\n", "\"message\"" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_buf struct buf answer;
        converse(host, cases[i].said, strlen(cases[i].said), &answer);
        expect_contains(buf_text(&answer), "{\"ok\": false, ");
        if (i > 0)
            expect_contains(buf_text(&answer), cases[i].answer);
    }
    expect_done(host, "list", NULL, "answer\n");
}

static void a_line_without_end_is_refused(void)
{
    auto_host struct host *host = serving_host("");
    auto_buf struct buf answer;
    auto_free char *line = malloc(100000);
    memset(line, 'x', 100000);
    converse(host, line, 100000, &answer);
    expect_done(host, "list", NULL, "answer\n");
}

static void those_who_hang_up_disturb_nobody(void)
{
    auto_host struct host *host = serving_host("");
    for (int i = 0; i < 100; i++) {
        auto_fd int fd = dial(host->control);
        const char *half = i % 2 ? "{\"do\": \"sta" : "{\"do\": \"reload\", \"plugin\": \"answer\"}\n";
        expect_true(send(fd, half, strlen(half), MSG_NOSIGNAL) > 0);
    }
    expect_done(host, "list", NULL, "answer\n");
}

/* The file that a reload waits for never comes to rest. */
static void those_who_wait_when_the_host_ends_are_answered(void)
{
    auto_host struct host *host = serving_host("");
    static const char reload[] = "{\"do\": \"reload\"}\n", status[] = "{\"do\": \"status\"}\n";
    host_configure(host, nats_server_url(peer_server()), "settle = 60s");
    host_signal(host, SIGHUP);
    expect_true(host_says(host, " ready ", NULL));
    drop(host, "2");
    host_mark(host);
    auto_fd int waiting = dial(host->control);
    expect_true(send(waiting, reload, strlen(reload), MSG_NOSIGNAL) > 0);
    expect_true(host_says(host, "reloading", NULL));
    auto_buf struct buf answer;
    converse(host, status, strlen(status), &answer);
    host_signal(host, SIGTERM);
    expect_int(host_wait(host), 0);
    char part[256] = "";
    expect_true(recv(waiting, part, sizeof(part) - 1, 0) > 0);
    expect_contains(part, "{\"ok\": true, ");
}

static void what_is_no_socket_is_not_removed(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    folder_write(host->folder, "control", "precious");
    host_spawn(host, NULL);
    expect_int(host_wait(host), 1);
    expect_true(host_says(host, "is in the place of the control socket", NULL));
}

SUITE(host_control, TEST(status_tells_how_plugins_stand), TEST(reload_comes_back_when_the_new_version_serves),
      TEST(reload_of_everything_comes_back_too), TEST(a_reload_that_is_refused_says_why_and_fails),
      TEST(waiting_is_until_the_probation_is_over), TEST(a_forced_reload_loads_the_same_again),
      TEST(a_disabled_plugin_is_off_the_mesh_also_after_a_restart), TEST(a_drained_plugin_comes_back_with_a_restart),
      TEST(rolling_back_in_the_probation_takes_what_is_warm), TEST(rolling_back_later_loads_the_version_before),
      TEST(what_cannot_be_done_is_told), TEST(without_a_host_that_is_told), TEST(who_is_not_heard_is_told_so),
      TEST(nonsense_is_answered), TEST(a_line_without_end_is_refused), TEST(those_who_hang_up_disturb_nobody),
      TEST(a_file_that_has_just_come_is_found), TEST(a_refusal_is_a_failure_in_json_too),
      TEST(what_went_wrong_before_is_told_as_past), TEST(a_name_that_is_none_is_told),
      TEST(options_that_would_do_nothing_are_refused), TEST(what_mesh_ini_forbids_cannot_be_enabled),
      TEST(what_was_decided_outlives_the_file), TEST(those_who_wait_when_the_host_ends_are_answered),
      TEST(what_is_no_socket_is_not_removed))
