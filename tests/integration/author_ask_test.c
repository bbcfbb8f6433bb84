/* SPDX-License-Identifier: Apache-2.0 */
/* `agentmesh run --input`: a plugin is asked once, without a server. */
#include <stdlib.h>
#include <string.h>

#include "author.h"
#include "base/cleanup.h"
#include "compiler.h"
#include "folder.h"
#include "suite.h"

/* Ask with these further arguments, ending with NULL; the input is on stdin. */
static void ask(struct outcome *outcome, const struct desk *desk, const char *input, const char *a, const char *b,
                const char *c, const char *d)
{
    const char *const arguments[] = { "run", desk->plugin, "--input", "-", a, b, c, d, NULL };
    desk_run(desk, outcome, input, arguments);
}

#define ASK(outcome, desk, input) ask(outcome, desk, input, NULL, NULL, NULL, NULL)

static void the_answer_is_printed(void)
{
    auto_desk struct desk *desk = desk_new("answer.so");
    auto_outcome struct outcome outcome;
    compile_plugin("answer.c", desk->plugin, "-DVERSION=\"1\"", NULL);
    ASK(&outcome, desk, "{}");
    expect_int(outcome.code, 0);
    expect_str(buf_text(&outcome.out), "{\"version\": \"1\"}\n");
    expect_str(buf_text(&outcome.err), "");
}

static void the_input_may_lie_in_a_file(void)
{
    auto_desk struct desk *desk = desk_new("answer.so");
    auto_outcome struct outcome outcome;
    const char *const arguments[] = { "run", "answer.so", "--input", "in.json", "--json", NULL };
    compile_plugin("answer.c", desk->plugin, "-DVERSION=\"1\"", NULL);
    folder_write(desk->folder, "in.json", "{}");
    desk_run(desk, &outcome, NULL, arguments);
    expect_int(outcome.code, 0);
    expect_str(buf_text(&outcome.out), "{\n  \"version\": \"1\"\n}\n");
}

static void chunks_come_a_line_each(void)
{
    auto_desk struct desk *desk = desk_new("summarizer.so");
    auto_outcome struct outcome outcome;
    folder_copy(desk->folder, "summarizer.so", PLUGINS_FOLDER "/summarizer.so");
    ASK(&outcome, desk, "{\"text\": \"One thing. Two things are better.\"}");
    expect_int(outcome.code, 0);
    expect_str(buf_text(&outcome.out), "{\"delta\": \"One thing.\"}\n{\"delta\": \" Two things are better.\"}\n");
}

static void who_takes_nothing_is_sent_nothing(void)
{
    auto_desk struct desk *desk = desk_new("dice.so");
    auto_outcome struct outcome outcome;
    folder_copy(desk->folder, "dice.so", PLUGINS_FOLDER "/dice.so");
    ASK(&outcome, desk, NULL);
    expect_int(outcome.code, 0);
    expect_contains(buf_text(&outcome.out), "{\"roll\": ");
}

static void what_does_not_fit_is_told_with_its_details(void)
{
    auto_desk struct desk *desk = desk_new("echo.so");
    auto_outcome struct outcome outcome;
    folder_copy(desk->folder, "echo.so", PLUGINS_FOLDER "/echo.so");
    ASK(&outcome, desk, "{}");
    expect_int(outcome.code, 1);
    expect_str(buf_text(&outcome.out), "");
    expect_contains(buf_text(&outcome.err), "Error [invalid_input] Input failed validation for agent 'echo'\n");
    expect_contains(buf_text(&outcome.err), "\"msg\": \"Field required\"");
}

static void it_ends_though_who_started_it_ignores_how_children_end(void)
{
    auto_desk struct desk *desk = desk_new("answer.so");
    auto_outcome struct outcome outcome;
    const char *const argv[] = {
        "/usr/bin/env", "--ignore-signal=CHLD", desk->cli, "run", "answer.so", "--input", "-", NULL
    };
    compile_plugin("answer.c", desk->plugin, "-DVERSION=\"1\"", NULL);
    program_run(&outcome, "{}", argv);
    expect_int(outcome.code, 0);
    expect_str(buf_text(&outcome.out), "{\"version\": \"1\"}\n");
}

static void what_is_no_json_is_not_sent(void)
{
    auto_desk struct desk *desk = desk_new("answer.so");
    auto_outcome struct outcome outcome;
    compile_plugin("answer.c", desk->plugin, "-DVERSION=\"1\"", NULL);
    ASK(&outcome, desk, "{");
    expect_int(outcome.code, 2);
    expect_contains(buf_text(&outcome.err), "Invalid JSON payload: ");
}

static void of_several_agents_one_must_be_named(void)
{
    auto_desk struct desk *desk = desk_new("pair.so");
    auto_outcome struct outcome nobody;
    auto_outcome struct outcome quick;
    auto_outcome struct outcome other;
    compile_plugin("pair.c", desk->plugin, NULL);
    ASK(&nobody, desk, "{}");
    expect_int(nobody.code, 1);
    expect_contains(buf_text(&nobody.err), "name one with --agent: 'quick', 'sleeper'");
    ask(&quick, desk, "{}", "--agent", "quick", NULL, NULL);
    expect_int(quick.code, 0);
    expect_str(buf_text(&quick.out), "{}\n");
    ask(&other, desk, "{}", "--agent", "other", NULL, NULL);
    expect_int(other.code, 1);
    expect_contains(buf_text(&other.err), "no agent 'other' that takes requests: it has ");
}

static void who_takes_no_requests_cannot_be_asked(void)
{
    auto_desk struct desk *desk = desk_new("clock.so");
    auto_outcome struct outcome outcome;
    folder_copy(desk->folder, "clock.so", PLUGINS_FOLDER "/clock.so");
    ASK(&outcome, desk, "{}");
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "no agent that takes requests");
}

static void settings_and_limits_come_from_the_file_that_is_named(void)
{
    auto_desk struct desk *desk = desk_new("setting.so");
    auto_outcome struct outcome outcome;
    compile_plugin("setting.c", desk->plugin, NULL);
    folder_write(desk->folder, "mesh.ini", "[settings setting]\nword = blue\n");
    ask(&outcome, desk, "{}", "--config", "mesh.ini", NULL, NULL);
    expect_int(outcome.code, 0);
    expect_str(buf_text(&outcome.out), "{\"word\": \"blue\"}\n");
}

static void a_file_that_is_wrong_is_told_with_its_line(void)
{
    auto_desk struct desk *desk = desk_new("setting.so");
    auto_outcome struct outcome outcome;
    compile_plugin("setting.c", desk->plugin, NULL);
    folder_write(desk->folder, "mesh.ini", "[settngs setting]\nword = blue\n");
    ask(&outcome, desk, "{}", "--config", "mesh.ini", NULL, NULL);
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "mesh.ini:1:");
}

static void a_start_that_hangs_is_given_up(void)
{
    auto_desk struct desk *desk = desk_new("misdeed.so");
    auto_outcome struct outcome outcome;
    compile_plugin("misdeed.c", desk->plugin, "-DIN_START", "-DDEED=hang()", NULL);
    folder_write(desk->folder, "mesh.ini", "[host]\nstart_timeout = 200ms\n");
    ask(&outcome, desk, "{}", "--config", "mesh.ini", NULL, NULL);
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "its start did not return within 200 ms");
}

static void who_hangs_is_waited_for_until_the_deadline(void)
{
    auto_desk struct desk *desk = desk_new("misdeed.so");
    auto_outcome struct outcome outcome;
    compile_plugin("misdeed.c", desk->plugin, "-DIN_HANDLER", "-DDEED=hang()", NULL);
    ask(&outcome, desk, "{\"now\": true}", "--timeout", "0.2", NULL, NULL);
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "Error [timeout] ");
    expect_contains(buf_text(&outcome.err), "still runs, ending without it");
}

/* Ask a plugin that does, in that place, what none should. */
static void ask_misdeed(struct outcome *outcome, const char *place, const char *deed)
{
    auto_desk struct desk *desk = desk_new("misdeed.so");
    compile_plugin("misdeed.c", desk->plugin, place, deed, NULL);
    ASK(outcome, desk, "{\"now\": true}");
}

static void a_crash_is_told_with_its_agent(void)
{
    auto_outcome struct outcome outcome;
    ask_misdeed(&outcome, "-DIN_HANDLER", "-DDEED=abort()");
    expect_int(outcome.code, 128 + 6);
    expect_contains(buf_text(&outcome.err), "Error: the plugin crashed in a handler of agent 'misdeed': SIGABRT");
}

static void exit_in_a_handler_is_a_crash(void)
{
    auto_outcome struct outcome outcome;
    ask_misdeed(&outcome, "-DIN_HANDLER", "-DDEED=exit(0)");
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "the plugin crashed in a handler of agent 'misdeed': it called exit()");
}

static void an_end_without_a_word_is_no_success(void)
{
    auto_outcome struct outcome outcome;
    ask_misdeed(&outcome, "-DIN_HANDLER", "-DDEED=_exit(0)");
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "Error: the plugin crashed: its process ended");
}

static void a_crash_of_its_start_is_told(void)
{
    auto_outcome struct outcome outcome;
    ask_misdeed(&outcome, "-DIN_START", "-DDEED=abort()");
    expect_int(outcome.code, 128 + 6);
    expect_contains(buf_text(&outcome.err), "Error: the plugin crashed: SIGABRT");
}

static void a_crash_of_its_constructor_is_told(void)
{
    auto_outcome struct outcome outcome;
    ask_misdeed(&outcome, "-DIN_CONSTRUCTOR", "-DDEED=abort()");
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "its trial load crashed (Aborted)");
}

static void who_does_not_stop_is_left_behind(void)
{
    auto_outcome struct outcome outcome;
    ask_misdeed(&outcome, "-DIN_STOP", "-DDEED=hang()");
    expect_int(outcome.code, 0);
    expect_str(buf_text(&outcome.out), "{\"version\": \"1\"}\n");
    expect_contains(buf_text(&outcome.err), "still runs, ending without it");
}

static void what_is_no_plugin_is_refused_with_the_reason(void)
{
    auto_desk struct desk *desk = desk_new("text.so");
    auto_outcome struct outcome outcome;
    folder_write(desk->folder, "text.so", "not a shared object, but long enough to be looked at as one of them\n");
    ASK(&outcome, desk, "{}");
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.err), "Error: ");
}

static void options_that_make_no_sense_are_a_misuse(void)
{
    static const char *const wrong[][6] = {
        { "run", "x.so", "--agent", "a", NULL },
        { "run", "x.so", "--json", NULL },
        { "run", "x.so", "--input", "-", "--port=1", NULL },
        { "run", "x.so", "--log-level", "loud", NULL },
        { "run", NULL },
    };
    auto_desk struct desk *desk = desk_new("x.so");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        auto_outcome struct outcome outcome;
        desk_run(desk, &outcome, NULL, wrong[i]);
        expect_int(outcome.code, 2);
    }
}

SUITE(author_ask, TEST(the_answer_is_printed), TEST(the_input_may_lie_in_a_file), TEST(chunks_come_a_line_each),
      TEST(who_takes_nothing_is_sent_nothing), TEST(what_does_not_fit_is_told_with_its_details),
      TEST(what_is_no_json_is_not_sent), TEST(of_several_agents_one_must_be_named),
      TEST(who_takes_no_requests_cannot_be_asked), TEST(settings_and_limits_come_from_the_file_that_is_named),
      TEST(a_file_that_is_wrong_is_told_with_its_line), TEST(a_start_that_hangs_is_given_up),
      TEST(who_hangs_is_waited_for_until_the_deadline), TEST(a_crash_is_told_with_its_agent),
      TEST(exit_in_a_handler_is_a_crash), TEST(an_end_without_a_word_is_no_success),
      TEST(it_ends_though_who_started_it_ignores_how_children_end), TEST(a_crash_of_its_start_is_told),
      TEST(a_crash_of_its_constructor_is_told), TEST(who_does_not_stop_is_left_behind),
      TEST(what_is_no_plugin_is_refused_with_the_reason), TEST(options_that_make_no_sense_are_a_misuse))
