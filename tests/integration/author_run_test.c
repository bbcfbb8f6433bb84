/* SPDX-License-Identifier: Apache-2.0 */
/* `agentmesh run`: a plugin is served while it is written. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentmesh/agentmesh.h>

#include "author.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "compiler.h"
#include "folder.h"
#include "suite.h"

enum { SOON_MS = 20000, BUILDS = 3 };

/* A plugin that is being run, and somebody in the other terminal. */
struct session {
    struct desk *desk;
    struct program program;
    mesh_client *caller;
    bool has_ended;
};

static mesh_client *join(const char *line)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    char url[64] = "";
    const char *at = line ? strstr(line, "nats://") : NULL;
    sscanf(at ? at : "", "%63[^; ]", url);
    options.url = url;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    return client;
}

/* As soon as the server is there. */
static struct session *begin(struct desk *desk, const char *const *more)
{
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        exit(1);
    session->desk = desk;
    desk_start(desk, &session->program, more);
    auto_free char *line = desk_hears(&session->program, "A mesh of its own is at ");
    session->caller = join(line);
    return session;
}

static struct session *begin_with(const char *source, const char *name, const char *flag)
{
    struct desk *desk = desk_new(name);
    compile_plugin(source, desk->plugin, flag, NULL);
    return begin(desk, NULL);
}

static int end_by(struct session *session, int number)
{
    session->caller = mesh_client_close(session->caller);
    session->has_ended = true;
    return program_stop(&session->program, number);
}

static void session_end(struct session **slot)
{
    struct session *session = *slot;
    if (!session->has_ended)
        expect_int(end_by(session, SIGINT), 0);
    desk_free(session->desk);
    free(session);
}

#define auto_session __attribute__((cleanup(session_end)))

static void expect_line(const struct session *session, const char *words)
{
    auto_free char *line = desk_hears(&session->program, words);
    expect_true(line);
}

/* What an agent answers, to free(); NULL: it did not. */
static char *ask(mesh_client *client, const char *agent, const char *input)
{
    mesh_reply *reply = NULL;
    char *answer = NULL;
    if (mesh_call(client, agent, mesh_text(input), NULL, &reply, NULL) == MESH_OK)
        answer = strdup(mesh_reply_body(reply).data);
    mesh_reply_free(reply);
    return answer;
}

/* After a crash it is back after a while. */
static bool comes_to_answer(const struct session *session, const char *agent, const char *expected)
{
    for (uint64_t deadline = clock_deadline(SOON_MS); clock_left_ms(deadline) > 0;) {
        auto_free char *answer = ask(session->caller, agent, "{}");
        if (answer && strcmp(answer, expected) == 0)
            return true;
    }
    return false;
}

/* ---- serving ---- */

static void it_is_served_and_the_other_terminal_finds_it(void)
{
    auto_session struct session *session = begin_with("answer.c", "answer.so", "-DVERSION=\"1\"");
    auto_outcome struct outcome outcome;
    static const char *const call[] = { "call", "answer", "{}", NULL };
    expect_line(session, "loaded: version 1");
    expect_line(session, "    agentmesh call answer '{}'");
    desk_run(session->desk, &outcome, NULL, call);
    expect_str(buf_text(&outcome.out), "{\"version\": \"1\"}\n");
}

static void its_neighbours_are_not_touched(void)
{
    struct desk *desk = desk_new("answer.so");
    auto_free char *neighbour = folder_path(desk->folder, "neighbour.so");
    compile_plugin("answer.c", desk->plugin, "-DVERSION=\"1\"", NULL);
    compile_plugin("answer.c", neighbour, "-DVERSION=\"1\"", "-DAGENT=\"neighbour\"", NULL);
    auto_session struct session *session = begin(desk, NULL);
    mesh_catalog *catalog = NULL;
    expect_line(session, "loaded: version 1");
    expect_int(mesh_catalog_read(session->caller, NULL, &catalog, NULL), MESH_OK);
    expect_int(mesh_catalog_count(catalog), 1);
    mesh_catalog_free(catalog);
}

static void settings_and_limits_come_from_the_file_that_is_named(void)
{
    struct desk *desk = desk_new("setting.so");
    static const char *const config[] = { "--config", "mesh.ini", NULL };
    compile_plugin("setting.c", desk->plugin, NULL);
    folder_write(desk->folder, "mesh.ini", "[settings setting]\nword = blue\n");
    auto_session struct session *session = begin(desk, config);
    expect_line(session, "loaded: version ");
    auto_free char *answer = ask(session->caller, "setting", "{}");
    expect_str(answer, "{\"word\": \"blue\"}");
}

/* A checkout that a group works on, or a folder that everybody may write to. */
static void whoever_else_can_write_the_file_it_is_loaded(void)
{
    struct desk *desk = desk_new("answer.so");
    compile_plugin("answer.c", desk->plugin, "-DVERSION=\"1\"", NULL);
    expect_int(chmod(desk->plugin, 0777), 0);
    expect_int(chmod(desk->folder, 0777), 0);
    auto_session struct session *session = begin(desk, NULL);
    expect_line(session, "loaded: version 1");
}

/* ---- builds ---- */

/* Calls one after the other until told to stop, and counts what failed. */
struct calls {
    mesh_client *client;
    atomic_bool is_over;
    unsigned made, failed;
    pthread_t thread;
};

static void *call_on(void *closure)
{
    struct calls *calls = closure;
    while (!atomic_load(&calls->is_over)) {
        auto_free char *answer = ask(calls->client, "answer", "{}");
        calls->made++;
        calls->failed += !answer;
    }
    return NULL;
}

static void each_build_is_loaded_and_no_call_fails(void)
{
    auto_session struct session *session = begin_with("answer.c", "answer.so", "-DVERSION=\"0\"");
    struct calls calls = { .client = session->caller };
    expect_line(session, "loaded: version 0");
    expect_int(pthread_create(&calls.thread, NULL, call_on, &calls), 0);
    for (int i = 1; i <= BUILDS; i++) {
        char flag[32], words[32], expected[32];
        snprintf(flag, sizeof(flag), "-DVERSION=\"%d\"", i);
        snprintf(words, sizeof(words), "reloaded: version %d", i);
        snprintf(expected, sizeof(expected), "{\"version\": \"%d\"}", i);
        compile_plugin("answer.c", session->desk->plugin, flag, NULL);
        expect_line(session, words);
        auto_free char *answer = ask(session->caller, "answer", "{}");
        expect_str(answer, expected);
    }
    atomic_store(&calls.is_over, true);
    pthread_join(calls.thread, NULL);
    expect_true(calls.made > 0);
    expect_int(calls.failed, 0);
}

static void a_broken_build_is_refused_and_the_one_before_goes_on(void)
{
    auto_session struct session *session = begin_with("answer.c", "answer.so", "-DVERSION=\"1\"");
    expect_line(session, "loaded: version 1");
    compile_plugin("misdeed.c", session->desk->plugin, "-DIN_HANDLER", "-DDEED=extern void missing(void); missing()",
                   NULL);
    auto_free char *line = desk_hears(&session->program, "refused: it cannot be loaded: undefined symbol: missing");
    expect_contains(line ? line : "", "the version that serves stays");
    auto_free char *answer = ask(session->caller, "answer", "{}");
    expect_str(answer, "{\"version\": \"1\"}");
    compile_plugin("answer.c", session->desk->plugin, "-DVERSION=\"2\"", NULL);
    expect_line(session, "reloaded: version 2");
}

static void a_first_build_that_is_broken_may_be_mended(void)
{
    struct desk *desk = desk_new("answer.so");
    folder_write(desk->folder, "answer.so", "no shared object at all\n");
    auto_session struct session *session = begin(desk, NULL);
    expect_line(session, "refused: ");
    compile_plugin("answer.c", desk->plugin, "-DVERSION=\"2\"", NULL);
    expect_line(session, "loaded: version 2");
    expect_line(session, "    agentmesh call answer");
}

static void while_the_file_is_missing_its_last_build_serves(void)
{
    auto_session struct session *session = begin_with("answer.c", "answer.so", "-DVERSION=\"1\"");
    expect_line(session, "loaded: version 1");
    expect_int(unlink(session->desk->plugin), 0);
    auto_free char *answer = ask(session->caller, "answer", "{}");
    expect_str(answer, "{\"version\": \"1\"}");
    compile_plugin("answer.c", session->desk->plugin, "-DVERSION=\"2\"", NULL);
    expect_line(session, "reloaded: version 2");
}

/* ---- crashes ---- */

static void after_a_crash_it_serves_again(void)
{
    struct desk *desk = desk_new("misdeed.so");
    compile_plugin("misdeed.c", desk->plugin, "-DIN_HANDLER", "-DDEED=abort()", NULL);
    auto_session struct session *session = begin(desk, NULL);
    expect_line(session, "    agentmesh call misdeed"); /* by now it is on record as good */
    free(ask(session->caller, "misdeed", "{\"now\": true}"));
    expect_line(session, "The plugin crashed (Aborted); starting again.");
    expect_line(session, "it crashed (SIGABRT), in a handler of agent 'misdeed'");
    expect_line(session, "loaded: version 1");
    expect_true(comes_to_answer(session, "misdeed", "{\"version\": \"1\"}"));
}

static void after_a_crash_of_a_new_build_the_one_before_serves(void)
{
    auto_session struct session *session = begin_with("misdeed.c", "misdeed.so", "-DVERSION=\"1\"");
    expect_line(session, "loaded: version 1");
    compile_plugin("misdeed.c", session->desk->plugin, "-DVERSION=\"2\"", "-DIN_HANDLER", "-DDEED=abort()", NULL);
    expect_line(session, "reloaded: version 2");
    free(ask(session->caller, "misdeed", "{\"now\": true}"));
    expect_line(session, "it crashed (SIGABRT), in a handler of agent 'misdeed'; this version is set aside");
    expect_line(session, "loaded: version 1");
    expect_true(comes_to_answer(session, "misdeed", "{\"version\": \"1\"}"));
    compile_plugin("misdeed.c", session->desk->plugin, "-DVERSION=\"3\"", NULL);
    expect_line(session, "reloaded: version 3");
}

/* ---- the end ---- */

static bool nobody_answers(const char *url)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    options.url = url;
    mesh_status status = mesh_client_open(&options, &client, NULL);
    mesh_client_close(client);
    return status == MESH_E_CONNECTION_FAILED;
}

/* That no file is left is seen when the desk is cleared. */
static void each_signal_ends_all_of_it(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        auto_session struct session *session = begin_with("answer.c", "answer.so", "-DVERSION=\"1\"");
        auto_free char *url = strdup(mesh_client_url(session->caller));
        expect_line(session, "loaded: version 1");
        expect_int(end_by(session, numbers[i]), 0);
        expect_true(nobody_answers(url));
    }
}

static void a_signal_during_the_start_ends_it_too(void)
{
    auto_session struct session *session = begin_with("answer.c", "answer.so", "-DVERSION=\"1\"");
    expect_int(end_by(session, SIGINT), 0);
}

static void a_wrong_file_ends_the_start(void)
{
    static const struct {
        const char *file, *words;
    } cases[] = {
        { "missing.so", "build it first" },
        { "plugin.c", "ends in .so" },
    };
    auto_desk struct desk *desk = desk_new("x.so");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const arguments[] = { "run", cases[i].file, NULL };
        auto_outcome struct outcome outcome;
        desk_run(desk, &outcome, NULL, arguments);
        expect_int(outcome.code, 1);
        expect_contains(buf_text(&outcome.err), cases[i].words);
    }
}

static void a_wrong_mesh_ini_ends_the_start(void)
{
    auto_desk struct desk *desk = desk_new("answer.so");
    static const char *const arguments[] = { "run", "answer.so", "--config", "mesh.ini", NULL };
    auto_outcome struct outcome outcome;
    compile_plugin("answer.c", desk->plugin, "-DVERSION=\"1\"", NULL);
    folder_write(desk->folder, "mesh.ini", "[hst]\n");
    desk_run(desk, &outcome, NULL, arguments);
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "mesh.ini:1:");
}

SUITE(author_run, TEST(it_is_served_and_the_other_terminal_finds_it), TEST(its_neighbours_are_not_touched),
      TEST(settings_and_limits_come_from_the_file_that_is_named), TEST(whoever_else_can_write_the_file_it_is_loaded),
      TEST(each_build_is_loaded_and_no_call_fails), TEST(a_broken_build_is_refused_and_the_one_before_goes_on),
      TEST(a_first_build_that_is_broken_may_be_mended), TEST(while_the_file_is_missing_its_last_build_serves),
      TEST(after_a_crash_it_serves_again), TEST(after_a_crash_of_a_new_build_the_one_before_serves),
      TEST(each_signal_ends_all_of_it), TEST(a_signal_during_the_start_ends_it_too), TEST(a_wrong_file_ends_the_start),
      TEST(a_wrong_mesh_ini_ends_the_start))
