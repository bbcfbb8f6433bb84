/* SPDX-License-Identifier: Apache-2.0 */
/* New versions that do harm: the host goes back by itself, also when they take it along. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "caller.h"
#include "compiler.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "suite.h"

enum { SOON_MS = 10000, ENOUGH = 25 };

#define ANSWER(version) "{\"version\": \"" version "\"}"
#define NOW "{\"now\": true}"
#define FAIL "return mesh_error_set(err, MESH_E_HANDLER_ERROR, \"broken\")"
#define SAY_NO "return mesh_error_set_code(err, \"quota\", \"not today\", NULL)"

static struct host *running_host(const char *ini)
{
    struct host *host = host_new(nats_server_url(peer_server()), ini);
    host_start(host, NULL);
    return host;
}

/* Drop a version that does the deed when it is asked to; NULL: none. */
static void drop(const struct host *host, const char *version, const char *deed)
{
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = folder_path(elsewhere, "out.so");
    auto_free char *version_flag = NULL, *deed_flag = NULL;
    if (asprintf(&version_flag, "-DVERSION=\"%s\"", version) < 0 ||
        asprintf(&deed_flag, "-DDEED=%s", deed ? deed : "") < 0)
        exit(1);
    compile_plugin("answer.c", path, version_flag, deed_flag, NULL);
    folder_put(host->plugins, "answer.so", path);
}

static void drop_and_hear(const struct host *host, const char *version, const char *deed)
{
    auto_free char *expected = NULL;
    drop(host, version, deed);
    if (asprintf(&expected, "{\"version\": \"%s\"}", version) < 0)
        exit(1);
    expect_true(caller_hears("answer", "{}", expected, SOON_MS));
}

static void ask_often(const char *input)
{
    for (int i = 0; i < ENOUGH; i++) {
        auto_free char *answer = caller_ask("answer", input, 5000);
        (void)answer;
    }
}

static void a_version_that_fails_more_often_is_rolled_back(void)
{
    auto_host struct host *host = running_host("probation = 60s");
    drop_and_hear(host, "1", NULL);
    ask_often("{}");
    drop_and_hear(host, "2", FAIL);
    ask_often(NOW);
    expect_true(host_says(host, "plugin rolled back", "requests failed"));
    expect_true(caller_hears("answer", NOW, ANSWER("1"), SOON_MS));
}

static void one_that_was_rolled_back_is_not_tried_again_but_the_next_one_is(void)
{
    auto_host struct host *host = running_host("probation = 60s");
    drop_and_hear(host, "1", NULL);
    drop_and_hear(host, "2", FAIL);
    ask_often(NOW);
    expect_true(host_says(host, "plugin rolled back", NULL));
    drop(host, "2", FAIL);
    drop(host, "3", NULL);
    expect_true(caller_hears("answer", "{}", ANSWER("3"), SOON_MS));
}

static void a_version_that_hangs_is_rolled_back(void)
{
    auto_host struct host *host = running_host("probation = 60s\n[agent answer]\ntimeout = 200ms");
    drop_and_hear(host, "1", NULL);
    drop_and_hear(host, "2", "sleep(30)");
    auto_free char *answer = caller_ask("answer", NOW, 5000);
    expect_contains(answer, "error: ");
    expect_true(host_says(host, "plugin rolled back", "1 of its handlers do not come back"));
    expect_true(caller_hears("answer", NOW, ANSWER("1"), SOON_MS));
    host_signal(host, SIGKILL); /* what hangs would hold it up */
    expect_int(host_wait(host), 128 + SIGKILL);
}

static void refusals_of_a_handler_are_no_reason_to_go_back(void)
{
    auto_host struct host *host = running_host("probation = 1s");
    drop_and_hear(host, "1", NULL);
    drop_and_hear(host, "2", SAY_NO);
    host_mark(host);
    ask_often(NOW);
    expect_true(host_says(host, "plugin has proved itself", "plugin=answer"));
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
    expect_false(host_said(host, "plugin rolled back", NULL));
}

static void what_has_proved_itself_lets_the_old_one_go(void)
{
    auto_host struct host *host = running_host("probation = 300ms");
    drop_and_hear(host, "1", NULL);
    expect_true(host_says(host, "plugin has proved itself", "generation=1"));
    drop_and_hear(host, "2", NULL);
    expect_true(host_says(host, "plugin has proved itself", "generation=2"));
    expect_true(host_says(host, "unloaded", "generation=1"));
}

/* The host ends by what a handler does; the next one on the same state serves what was good. */
static void expect_last_good_one_after(const char *deed, const char *what)
{
    auto_host struct host *host = running_host("");
    drop_and_hear(host, "1", NULL);
    drop_and_hear(host, "2", deed);
    expect_true(host_says(host, "plugin has proved itself", "generation=2"));
    host_configure(host, nats_server_url(peer_server()), "probation = 60s");
    host_signal(host, SIGHUP);
    expect_true(host_says(host, " ready ", NULL));
    drop_and_hear(host, "3", deed);
    auto_free char *answer = caller_ask("answer", NOW, 2000);
    expect_contains(answer, "error: ");
    expect_true(host_wait(host) != 0);

    host_start(host, NULL);
    expect_true(host_says(host, "a plugin ended the last host", what));
    expect_true(host_says(host, "this version was set aside", NULL));
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
}

static void a_crash_brings_the_last_good_version_back(void)
{
    expect_last_good_one_after("abort()", "SIGABRT");
}

static void an_exit_is_a_crash_too(void)
{
    expect_last_good_one_after("exit(0)", "exit");
}

static void the_only_version_is_tried_again_after_a_crash_but_not_for_ever(void)
{
    auto_host struct host *host = running_host("");
    drop_and_hear(host, "1", "abort()");
    expect_true(host_says(host, "plugin has proved itself", NULL));
    for (int crash = 1; crash <= 3; crash++) {
        auto_free char *answer = caller_ask("answer", NOW, 2000);
        expect_contains(answer, "error: ");
        expect_true(host_wait(host) != 0);
        host_start(host, NULL);
        if (crash < 3)
            expect_true(host_says(host, "plugin has proved itself", NULL));
        if (crash < 3)
            expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    }
    expect_true(host_says(host, "this version was set aside", "SIGABRT ended the host, in a handler of agent answer"));
    drop_and_hear(host, "2", NULL);
}

static void a_killed_host_blames_nobody(void)
{
    auto_host struct host *host = running_host("probation = 60s");
    drop_and_hear(host, "1", NULL);
    drop_and_hear(host, "2", NULL);
    host_signal(host, SIGKILL);
    expect_int(host_wait(host), 128 + SIGKILL);
    host_start(host, NULL);
    expect_false(host_said(host, "a plugin ended the last host", NULL));
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
}

SUITE(host_trial, TEST(a_version_that_fails_more_often_is_rolled_back),
      TEST(one_that_was_rolled_back_is_not_tried_again_but_the_next_one_is), TEST(a_version_that_hangs_is_rolled_back),
      TEST(refusals_of_a_handler_are_no_reason_to_go_back), TEST(what_has_proved_itself_lets_the_old_one_go),
      TEST(a_crash_brings_the_last_good_version_back), TEST(an_exit_is_a_crash_too),
      TEST(the_only_version_is_tried_again_after_a_crash_but_not_for_ever), TEST(a_killed_host_blames_nobody))
