/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that come, change and go while agentmeshd serves. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "caller.h"
#include "compiler.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "suite.h"

enum { SOON_MS = 10000, RELOADS = 30 };

#define ANSWER(version) "{\"version\": \"" version "\"}"

static struct host *running_host(const char *ini)
{
    struct host *host = host_new(nats_server_url(peer_server()), ini);
    host_start(host, NULL);
    return host;
}

static void drop(const struct host *host, const char *name, const char *version)
{
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = folder_path(elsewhere, "out.so");
    auto_free char *definition = NULL;
    if (asprintf(&definition, "-DVERSION=\"%s\"", version) < 0)
        exit(1);
    compile_plugin("answer.c", path, definition, NULL);
    folder_put(host->plugins, name, path);
}

static void a_dropped_plugin_answers_within_a_second(void)
{
    auto_host struct host *host = running_host("");
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = folder_path(elsewhere, "answer.so");
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", NULL);
    caller_client();

    uint64_t dropped = clock_ms();
    folder_copy(host->plugins, "answer.so", path);
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    expect_true(clock_ms() - dropped < BUDGET_MS);
    expect_true(caller_lists("answer", true, SOON_MS));
}

static void plugins_that_are_there_at_the_start_stand_when_it_is_ready(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    drop(host, "answer.so", "1");
    host_start(host, NULL);
    expect_true(host_says(host, "plugin serves", "plugin=answer"));
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("1"));
}

static void compiling_straight_over_a_plugin_loses_no_call(void)
{
    auto_host struct host *host = running_host("");
    auto_free char *path = folder_path(host->plugins, "answer.so");
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", NULL);
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));

    struct stream_of_calls *calls = calls_begin("answer", "{}");
    compile_plugin("answer.c", path, "-DVERSION=\"2\"", NULL);
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
    compile_plugin("answer.c", path, "-DVERSION=\"3\"", NULL);
    expect_true(caller_hears("answer", "{}", ANSWER("3"), SOON_MS));
    unsigned failed;
    expect_true(calls_end(calls, &failed) > 0);
    expect_int(failed, 0);
    expect_true(host_says(host, "unloaded", "generation=2"));
    expect_false(host_said(host, "pinned", NULL));
}

/* How many entries a folder of /proc/PID has. */
static unsigned count_in_proc(const struct host *host, const char *what)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)host->pid, what);
    DIR *entries = opendir(path);
    unsigned count = 0;
    while (entries && readdir(entries))
        count++;
    if (entries)
        closedir(entries);
    return count;
}

static void many_reloads_lose_no_call_and_leave_nothing_behind(void)
{
    static const char *const answers[] = { ANSWER("1"), ANSWER("2") };
    auto_host struct host *host = running_host("settle = 20ms");
    auto_folder char *elsewhere = folder_new();
    auto_free char *one = folder_path(elsewhere, "1");
    auto_free char *two = folder_path(elsewhere, "2");
    compile_plugin("answer.c", one, "-DVERSION=\"1\"", NULL);
    compile_plugin("answer.c", two, "-DVERSION=\"2\"", NULL);
    folder_put(host->plugins, "answer.so", one);
    expect_true(caller_hears("answer", "{}", answers[0], SOON_MS));
    unsigned descriptors = count_in_proc(host, "fd");

    struct stream_of_calls *calls = calls_begin("answer", "{}");
    for (int i = 1; i <= RELOADS; i++) {
        folder_put(host->plugins, "answer.so", i % 2 ? two : one);
        expect_true(caller_hears("answer", "{}", answers[i % 2], SOON_MS));
    }
    unsigned failed;
    calls_end(calls, &failed);
    expect_int(failed, 0);
    char last[32];
    snprintf(last, sizeof(last), "generation=%d", RELOADS);
    expect_true(host_says(host, "unloaded", last));
    expect_false(host_said(host, "pinned", NULL));
    expect_int(count_in_proc(host, "fd"), descriptors);
}

static void every_way_of_writing_is_noticed(void)
{
    auto_host struct host *host = running_host("");
    auto_folder char *elsewhere = folder_new();
    auto_free char *one = folder_path(elsewhere, "1");
    auto_free char *two = folder_path(elsewhere, "2");
    auto_free char *three = folder_path(elsewhere, "3");
    auto_free char *path = folder_path(host->plugins, "answer.so");
    compile_plugin("answer.c", one, "-DVERSION=\"1\"", NULL);
    compile_plugin("answer.c", two, "-DVERSION=\"2\"", NULL);
    compile_plugin("answer.c", three, "-DVERSION=\"3\"", NULL);

    folder_copy(host->plugins, "answer.so", one); /* cp */
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    folder_put(host->plugins, "answer.so", two); /* mv */
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
    folder_copy(host->plugins, "answer.so", three); /* cp over what is there */
    expect_true(caller_hears("answer", "{}", ANSWER("3"), SOON_MS));
    expect_int(unlink(path), 0);
    expect_int(symlink(one, path), 0); /* ln -s */
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    expect_int(unlink(path), 0);
    expect_int(link(two, path), 0); /* ln */
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
}

static void the_same_content_is_not_loaded_again(void)
{
    auto_host struct host *host = running_host("");
    auto_free char *path = folder_path(host->plugins, "answer.so");
    auto_folder char *elsewhere = folder_new();
    auto_free char *copy = folder_path(elsewhere, "answer.so");
    drop(host, "answer.so", "1");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    folder_copy(elsewhere, "answer.so", path);

    host_mark(host);
    expect_int(utime(path, NULL), 0);
    folder_put(host->plugins, "answer.so", copy);
    drop(host, "other.so", "1"); /* a sign that the folder has been looked at since: it clashes */
    expect_true(host_says(host, "plugin waits", "plugin=other"));
    expect_false(host_said(host, "plugin replaced", NULL));
}

static void a_removed_plugin_leaves_the_catalog(void)
{
    auto_host struct host *host = running_host("grace = 300ms");
    auto_free char *path = folder_path(host->plugins, "answer.so");
    drop(host, "answer.so", "1");
    expect_true(caller_lists("answer", true, SOON_MS));
    expect_int(unlink(path), 0);
    expect_true(caller_lists("answer", false, SOON_MS));
    expect_true(host_says(host, "plugin leaves", "its file is gone"));
    expect_true(host_says(host, "unloaded", "plugin=answer"));
}

static void a_plugin_that_comes_back_within_the_grace_time_never_left(void)
{
    auto_host struct host *host = running_host("grace = 30s");
    auto_free char *path = folder_path(host->plugins, "answer.so");
    drop(host, "answer.so", "1");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    struct stream_of_calls *calls = calls_begin("answer", "{}");
    expect_int(unlink(path), 0);
    drop(host, "answer.so", "2");
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
    unsigned failed;
    calls_end(calls, &failed);
    expect_int(failed, 0);
    expect_false(host_said(host, "plugin leaves", NULL));
}

static void a_folder_that_vanishes_takes_nothing_with_it(void)
{
    auto_host struct host *host = running_host("grace = 100ms");
    auto_free char *away = folder_path(host->folder, "away");
    drop(host, "answer.so", "1");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    expect_int(rename(host->plugins, away), 0);
    expect_true(host_says(host, "keeping their agents", "plugins=1"));
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("1"));

    expect_int(rename(away, host->plugins), 0);
    drop(host, "answer.so", "2");
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
}

static void a_folder_that_is_replaced_by_an_empty_one_takes_nothing_with_it(void)
{
    auto_host struct host *host = running_host("grace = 100ms");
    auto_free char *away = folder_path(host->folder, "away");
    drop(host, "answer.so", "1");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    expect_int(rename(host->plugins, away), 0);
    expect_int(mkdir(host->plugins, 0755), 0); /* as when a file system is not mounted any more */
    expect_true(host_says(host, "keeping their agents", "plugins=1"));
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("1"));
}

static void a_reload_lets_go_what_a_vanished_folder_has_left(void)
{
    auto_host struct host *host = running_host("grace = 100ms");
    auto_free char *away = folder_path(host->folder, "away");
    drop(host, "answer.so", "1");
    expect_true(caller_lists("answer", true, SOON_MS));
    expect_int(rename(host->plugins, away), 0);
    expect_true(host_says(host, "keeping their agents", NULL));
    host_signal(host, SIGHUP);
    expect_true(caller_lists("answer", false, SOON_MS));
}

static void a_folder_that_comes_later_is_noticed(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    expect_int(rmdir(host->plugins), 0);
    host_start(host, NULL);
    expect_int(mkdir(host->plugins, 0755), 0);
    drop(host, "answer.so", "1");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
}

static void an_agent_that_another_plugin_serves_waits_until_that_one_leaves(void)
{
    auto_host struct host *host = running_host("grace = 100ms");
    auto_free char *first = folder_path(host->plugins, "first.so");
    drop(host, "first.so", "1");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    drop(host, "another.so", "2");
    expect_true(host_says(host, "plugin waits", "its agent 'answer' is served by plugin 'first'"));
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("1"));
    expect_int(unlink(first), 0);
    expect_true(caller_hears("answer", "{}", ANSWER("2"), SOON_MS));
}

static void at_the_start_the_first_name_wins(void)
{
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    drop(host, "b.so", "b");
    drop(host, "a.so", "a");
    drop(host, "c.so", "c");
    host_start(host, NULL);
    expect_true(host_says(host, "plugin serves", "plugin=a"));
    expect_true(host_says(host, "plugin waits", "plugin=b"));
    expect_true(host_says(host, "plugin waits", "plugin=c"));
}

static void a_blocked_agent_delays_no_other(void)
{
    struct host *host = running_host("");
    auto_free char *pair = folder_path(host->plugins, "pair.so");
    auto_free char *other = folder_path(host->plugins, "other.so");
    compile_plugin("pair.c", pair, NULL);
    compile_plugin("answer.c", other, "-DVERSION=\"1\"", "-DAGENT=\"other\"", NULL);
    expect_true(caller_hears("other", "{}", ANSWER("1"), SOON_MS));
    expect_true(caller_hears("quick", "{}", "{}", SOON_MS));

    struct stream_of_calls *blocked = calls_begin("sleeper", "{}");
    for (int i = 0; i < 20; i++) {
        uint64_t began = clock_ms();
        auto_free char *other_plugin = caller_ask("other", "{}", 5000);
        auto_free char *same_plugin = caller_ask("quick", "{}", 5000);
        expect_str(other_plugin, ANSWER("1"));
        expect_str(same_plugin, "{}");
        expect_true(clock_ms() - began < BUDGET_MS);
    }
    host_kill(host);
    unsigned failed;
    calls_end(blocked, &failed);
}

static void a_request_in_hand_is_answered_before_the_end(void)
{
    auto_host struct host *host = running_host("");
    drop(host, "answer.so", "1");
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));

    struct stream_of_calls *calls = calls_begin("answer", "{\"sleep_ms\": 1500}");
    expect_true(host_says(host, "going to sleep", NULL));
    host_signal(host, SIGTERM);
    expect_true(host_says(host, "ending: finishing what is in hand", NULL));
    unsigned failed;
    expect_int(calls_end(calls, &failed), 1);
    expect_int(failed, 0);
    expect_int(host_wait(host), 0);
    expect_true(caller_lists("answer", false, SOON_MS));
}

static void an_operator_can_put_a_gate_before_an_agent(void)
{
    auto_host struct host *host = running_host("[agent answer]\ngate = key:doors.answer\n");
    drop(host, "answer.so", "1");
    expect_true(caller_lists("answer", true, SOON_MS));
    auto_free char *closed = caller_ask("answer", "{}", 5000);
    expect_contains(closed, "registered but currently offline");
    expect_int(mesh_key_put(caller_client(), "doors.answer", mesh_text("open"), NULL, NULL), MESH_OK);
    expect_true(caller_hears("answer", "{}", ANSWER("1"), SOON_MS));
    expect_int(mesh_key_delete(caller_client(), "doors.answer", NULL), MESH_OK);
}

SUITE(host, TEST(a_dropped_plugin_answers_within_a_second),
      TEST(plugins_that_are_there_at_the_start_stand_when_it_is_ready),
      TEST(compiling_straight_over_a_plugin_loses_no_call), TEST(many_reloads_lose_no_call_and_leave_nothing_behind),
      TEST(every_way_of_writing_is_noticed), TEST(the_same_content_is_not_loaded_again),
      TEST(a_removed_plugin_leaves_the_catalog), TEST(a_plugin_that_comes_back_within_the_grace_time_never_left),
      TEST(a_folder_that_vanishes_takes_nothing_with_it),
      TEST(a_folder_that_is_replaced_by_an_empty_one_takes_nothing_with_it),
      TEST(a_reload_lets_go_what_a_vanished_folder_has_left), TEST(a_folder_that_comes_later_is_noticed),
      TEST(an_agent_that_another_plugin_serves_waits_until_that_one_leaves), TEST(at_the_start_the_first_name_wins),
      TEST(a_blocked_agent_delays_no_other), TEST(a_request_in_hand_is_answered_before_the_end),
      TEST(an_operator_can_put_a_gate_before_an_agent))
