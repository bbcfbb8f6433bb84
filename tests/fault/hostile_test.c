/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin may do to the process that it lives in. A supervisor starts the host again when it has ended, as a
 * service manager does: soon the last good version answers, and so does everybody else. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "caller.h"
#include "compiler.h"
#include "control.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "suite.h"

enum { SOON_MS = 20000, BACK_MS = SANITIZED ? 20000 : 2000, FEW = 3 };

#define ANSWER(version) "{\"version\": \"" version "\"}"
#define NOW "{\"now\": true}"
#define INI "probation = 60s\nstart_timeout = 1s\ndrain_timeout = 1s\ngrace = 1s\n[agent misdeed]\ntimeout = 200ms"

/* A host with version 1 of "misdeed", which is good and known to be so, and "answer", which has no part in anything. */
struct scene {
    struct host *host;
    unsigned deaths;
};

static char *compiled(const char *folder, const char *source, const char *version, const char *place, const char *deed)
{
    char *path = folder_path(folder, "out.so");
    auto_free char *version_flag = NULL, *place_flag = NULL, *deed_flag = NULL;
    if (asprintf(&version_flag, "-DVERSION=\"%s\"", version) < 0 || asprintf(&place_flag, "-D%s", place) < 0 ||
        asprintf(&deed_flag, "-DDEED=%s", deed) < 0)
        exit(1);
    compile_plugin(source, path, version_flag, place_flag, deed_flag, NULL);
    return path;
}

static void drop(const struct scene *scene, const char *version, const char *place, const char *deed)
{
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = compiled(elsewhere, "misdeed.c", version, place, deed);
    folder_put(scene->host->plugins, "misdeed.so", path);
}

static struct scene scene_new(void)
{
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = compiled(elsewhere, "answer.c", "0", "NONE", "");
    struct scene scene = { .host = host_new(nats_server_url(peer_server()), "") };
    folder_put(scene.host->plugins, "answer.so", path);
    drop(&scene, "1", "NONE", "");
    host_start(scene.host, NULL);
    host_configure(scene.host, nats_server_url(peer_server()), INI);
    host_mark(scene.host);
    host_signal(scene.host, SIGHUP);
    expect_true(host_says(scene.host, " ready ", NULL));
    return scene;
}

/* It ends as it should if it still lives, which no plugin can keep it from. */
static void scene_end(struct scene *scene)
{
    host_free(scene->host);
}

/* ---- the supervisor ---- */

static bool has_ended(const struct host *host)
{
    siginfo_t info = { .si_pid = 0 };
    return waitid(P_PID, (id_t)host->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

static void supervise(struct scene *scene)
{
    if (!has_ended(scene->host))
        return;
    scene->deaths++;
    host_wait(scene->host);
    host_spawn(scene->host, NULL);
}

struct wish {
    struct scene *scene;
    const char *version;
    char *answer, *other;
};

static bool all_answer(void *data)
{
    struct wish *wish = data;
    supervise(wish->scene);
    free(wish->answer);
    free(wish->other);
    wish->answer = caller_ask("misdeed", "{}", 250);
    wish->other = caller_ask("answer", "{}", 250);
    auto_free char *expected = NULL;
    if (asprintf(&expected, "{\"version\": \"%s\"}", wish->version) < 0)
        exit(1);
    return strcmp(wish->answer, expected) == 0 && strcmp(wish->other, ANSWER("0")) == 0;
}

/* Within the time the version of "misdeed" answers, and the other plugin too. */
static bool is_back(struct scene *scene, const char *version, unsigned timeout_ms, const char *deed)
{
    struct wish wish = { .scene = scene, .version = version };
    uint64_t began = clock_ms();
    bool back = comes_true(all_answer, &wish, timeout_ms);
    if (!back)
        fprintf(stderr, "hostile: after %s, in place of version %s: '%s', and beside it '%s'\n", deed, version,
                wish.answer, wish.other);
    else
        printf("     %s: back after %u ms, the host ended %u times\n", deed, (unsigned)(clock_ms() - began),
               scene->deaths);
    free(wish.answer);
    free(wish.other);
    return back;
}

/* ---- deeds ---- */

static const char *const deaths[] = { "crash()", "abort()", "exit(3)", "overflow(0)" };

enum { DEATHS = sizeof(deaths) / sizeof(deaths[0]) };

static void nothing_in_a_constructor_reaches_the_host(void)
{
    static const char *const deeds[] = { "hang()",     "crash()",  "abort()",
                                         "exit(0)",    "_exit(0)", "close_descriptors()",
                                         "overflow(0)" };
    struct scene scene = scene_new();
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        host_mark(scene.host);
        drop(&scene, "2", "IN_CONSTRUCTOR", deeds[i]);
        expect_true(host_says(scene.host, "plugin refused", "plugin=misdeed"));
        expect_true(is_back(&scene, "1", BACK_MS, deeds[i]));
        expect_int(scene.deaths, 0);
    }
    scene_end(&scene);
}

static void a_start_that_hangs_is_given_up(void)
{
    struct scene scene = scene_new();
    drop(&scene, "2", "IN_START", "hang()");
    expect_true(host_says(scene.host, "plugin refused", "plugin=misdeed"));
    expect_true(is_back(&scene, "1", BACK_MS, "hang() in start"));
    expect_int(scene.deaths, 0);
    host_kill(scene.host);
}

/* Wait until the host has ended, however it does. */
static bool ends(void *data)
{
    return has_ended(data);
}

static void expect_back_after_death(const char *version, const char *place, const char *deed)
{
    struct scene scene = scene_new();
    drop(&scene, "2", place, deed);
    bool in_handler = strcmp(place, "IN_HANDLER") == 0, in_stop = strcmp(place, "IN_STOP") == 0;
    if (in_handler || in_stop)
        expect_true(caller_hears("misdeed", "{}", ANSWER("2"), SOON_MS));
    if (in_handler)
        free(caller_ask("misdeed", NOW, 250));
    if (in_stop)
        drop(&scene, "3", "NONE", "");
    if (expect_true(comes_true(ends, scene.host, SOON_MS)))
        expect_true(is_back(&scene, version, BACK_MS, deed));
    expect_int(scene.deaths, 1);
    scene_end(&scene);
}

static void a_start_that_ends_the_host_is_not_called_again(void)
{
    for (size_t i = 0; i < DEATHS; i++)
        expect_back_after_death("1", "IN_START", deaths[i]);
}

static void a_handler_that_ends_the_host_is_not_called_again(void)
{
    for (size_t i = 0; i < DEATHS; i++)
        expect_back_after_death("1", "IN_HANDLER", deaths[i]);
}

/* A sanitizer's report of a full stack, the last of them, wants the loader's lock, which a constructor's caller holds.
 */
static void a_constructor_that_behaved_when_tried_is_found_out(void)
{
    static const char *const deeds[] = { "UNLESS_TRIED(crash())", "UNLESS_TRIED(abort())", "UNLESS_TRIED(exit(3))",
                                         "UNLESS_TRIED((void)overflow(0))" };
    for (size_t i = 0; i < DEATHS - SANITIZED; i++)
        expect_back_after_death("1", "IN_CONSTRUCTOR", deeds[i]);
}

/* Its stop is called when version 3 has proved itself. */
static void a_stop_that_ends_the_host_is_that_of_the_old_one(void)
{
    for (size_t i = 0; i < DEATHS; i++)
        expect_back_after_death("3", "IN_STOP", deaths[i]);
}

/* ---- what does not end the host ---- */

static void drop_and_hear(const struct scene *scene, const char *version, const char *place, const char *deed)
{
    auto_free char *expected = NULL;
    drop(scene, version, place, deed);
    if (asprintf(&expected, "{\"version\": \"%s\"}", version) < 0)
        exit(1);
    expect_true(caller_hears("misdeed", "{}", expected, SOON_MS));
}

static void a_handler_that_hangs_harms_its_own_callers_alone_and_can_be_replaced(void)
{
    struct scene scene = scene_new();
    drop_and_hear(&scene, "2", "IN_HANDLER", "hang()");
    for (int i = 0; i < FEW; i++) {
        auto_free char *answer = caller_ask("misdeed", NOW, 500);
        auto_free char *other = caller_ask("answer", "{}", 5000);
        expect_contains(answer, "error: ");
        expect_str(other, ANSWER("0"));
    }
    auto_free char *said = control_ask(scene.host->control, "{\"do\": \"rollback\", \"plugin\": \"misdeed\"}");
    expect_contains(said, "{\"ok\": true");
    expect_true(is_back(&scene, "1", BACK_MS, "hang() in a handler"));
    expect_int(scene.deaths, 0);
    scene_end(&scene);
}

/* Done, replaced, and nobody else has noticed. ends_as: what the log says of the end of that version. */
static void expect_replaced_in_peace(const char *place, const char *deed, const char *ends_as)
{
    struct scene scene = scene_new();
    drop_and_hear(&scene, "2", place, deed);
    free(caller_ask("misdeed", NOW, 5000));
    host_mark(scene.host);
    drop_and_hear(&scene, "3", "NONE", "");
    expect_true(host_says(scene.host, ends_as, "plugin=misdeed"));
    expect_true(is_back(&scene, "3", BACK_MS, deed));
    expect_int(scene.deaths, 0);
    scene_end(&scene);
}

static void what_is_left_behind_disturbs_nobody(void)
{
    static const struct {
        const char *deed, *ends_as;
    } cases[] = {
        { "leave_thread()", "pinned in memory" }, { "leave_key()", "unloaded" },     { "take_storage()", "unloaded" },
        { "fork_and_stay()", "unloaded" },        { "fork_and_exit()", "unloaded" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_replaced_in_peace("IN_START", cases[i].deed, cases[i].ends_as);
        expect_replaced_in_peace("IN_HANDLER", cases[i].deed, cases[i].ends_as);
    }
}

static void crashes_are_known_again_after_a_plugin_has_taken_the_signals(void)
{
    struct scene scene = scene_new();
    drop_and_hear(&scene, "2", "IN_START", "leave_signal_handlers()");
    host_mark(scene.host);
    drop_and_hear(&scene, "3", "NONE", "");
    expect_true(host_says(scene.host, "a signal handler was left behind", NULL));
    expect_true(host_says(scene.host, "unloaded", "plugin=misdeed"));
    drop_and_hear(&scene, "4", "IN_HANDLER", "crash()");
    free(caller_ask("misdeed", NOW, 250));
    expect_true(comes_true(ends, scene.host, SOON_MS));
    expect_true(is_back(&scene, "1", BACK_MS, "crash() after a change of hands"));
    scene_end(&scene);
}

static void the_end_of_a_process_that_a_plugin_made_is_not_the_end_of_the_host(void)
{
    struct scene scene = scene_new();
    drop_and_hear(&scene, "2", "IN_HANDLER", "fork_and_exit()");
    free(caller_ask("misdeed", NOW, 5000));
    host_signal(scene.host, SIGTERM);
    expect_int(host_wait(scene.host), 0);
    host_start(scene.host, NULL);
    expect_false(host_said(scene.host, "a plugin ended the last host", NULL));
    expect_true(is_back(&scene, "2", BACK_MS, "fork_and_exit()"));
    scene_end(&scene);
}

static void a_host_without_its_descriptors_ends_and_is_back(void)
{
    struct scene scene = scene_new();
    host_configure(scene.host, nats_server_url(peer_server()), "");
    host_signal(scene.host, SIGHUP);
    drop_and_hear(&scene, "2", "IN_HANDLER", "close_descriptors()");
    free(caller_ask("misdeed", NOW, 250));
    expect_true(comes_true(ends, scene.host, BACK_MS));
    expect_true(is_back(&scene, "2", BACK_MS, "close_descriptors()"));
    expect_int(scene.deaths, 1);
    scene_end(&scene);
}

SUITE(hostile, TEST(nothing_in_a_constructor_reaches_the_host), TEST(a_start_that_hangs_is_given_up),
      TEST(a_start_that_ends_the_host_is_not_called_again), TEST(a_handler_that_ends_the_host_is_not_called_again),
      TEST(a_constructor_that_behaved_when_tried_is_found_out), TEST(a_stop_that_ends_the_host_is_that_of_the_old_one),
      TEST(a_handler_that_hangs_harms_its_own_callers_alone_and_can_be_replaced),
      TEST(what_is_left_behind_disturbs_nobody), TEST(crashes_are_known_again_after_a_plugin_has_taken_the_signals),

      TEST(the_end_of_a_process_that_a_plugin_made_is_not_the_end_of_the_host),
      TEST(a_host_without_its_descriptors_ends_and_is_back))
