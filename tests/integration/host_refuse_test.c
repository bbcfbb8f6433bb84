/* SPDX-License-Identifier: Apache-2.0 */
/* What is no plugin, or a bad one: it is refused with a reason, and nothing that serves is disturbed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

enum { SOON_MS = 10000, FILE_MAX = 64 << 20 };

#define ANSWER(version) "{\"version\": \"" version "\"}"

/* A host in which "answer" serves and is called without pause. */
struct scene {
    struct host *host;
    struct stream_of_calls *calls;
};

static struct scene scene_new(const char *ini)
{
    struct scene scene = { .host = host_new(nats_server_url(peer_server()), ini) };
    auto_free char *path = folder_path(scene.host->plugins, "answer.so");
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", NULL);
    host_start(scene.host, NULL);
    scene.calls = calls_begin("answer", "{}");
    return scene;
}

/* It has answered all the time. */
static void scene_end(struct scene *scene)
{
    unsigned failed;
    expect_true(calls_end(scene->calls, &failed) > 0);
    expect_int(failed, 0);
    auto_free char *answer = caller_ask("answer", "{}", 5000);
    expect_str(answer, ANSWER("1"));
    host_free(scene->host);
}

/* Compile the hostile plugin in peace, then drop it. */
static void drop_hostile(const struct host *host, const char *place, const char *deed)
{
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = folder_path(elsewhere, "hostile.so");
    auto_free char *where = NULL, *what = NULL;
    if (asprintf(&where, "-D%s", place) < 0 || asprintf(&what, "-DDEED=%s", deed) < 0)
        exit(1);
    compile_plugin("hostile.c", path, where, what, NULL);
    folder_put(host->plugins, "hostile.so", path);
}

static void files_that_are_no_plugins_are_refused(void)
{
    static const struct {
        const char *name, *content, *reason;
    } cases[] = {
        { "text.so", "this is a text\n", "it is not a shared object" },
        { "empty.so", "", "it is empty" },
        { "script.so", "#!/bin/sh\n", "it is not a shared object" },
        { "header.so", "\177ELF", "it is not whole" },
    };
    struct scene scene = scene_new("");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        host_mark(scene.host);
        folder_write(scene.host->plugins, cases[i].name, cases[i].content);
        expect_true(host_says(scene.host, "plugin refused", cases[i].reason));
    }
    scene_end(&scene);
}

static void a_truncated_plugin_in_the_place_of_a_good_one_is_refused(void)
{
    struct scene scene = scene_new("");
    auto_free char *path = folder_path(scene.host->plugins, "answer.so");
    auto_buf struct buf content;
    buf_init(&content, FILE_MAX);
    expect_int(file_read(path, &content, NULL), MESH_OK);
    folder_write_bytes(scene.host->plugins, "answer.so", buf_text(&content), content.len / 2);
    expect_true(host_says(scene.host, "plugin refused", "it is not whole"));
    expect_true(host_says(scene.host, "plugin=answer", "the version that serves"));
    scene_end(&scene);
}

static void a_refusal_is_told_once_per_content(void)
{
    struct scene scene = scene_new("");
    folder_write(scene.host->plugins, "text.so", "this is a text\n");
    expect_true(host_says(scene.host, "plugin refused", "plugin=text"));
    host_mark(scene.host);
    folder_write(scene.host->plugins, "text.so", "this is a text\n");
    folder_write(scene.host->plugins, "second.so", "a sign that the folder has been looked at since\n");
    expect_true(host_says(scene.host, "plugin refused", "plugin=second"));
    expect_false(host_said(scene.host, "plugin refused", "plugin=text"));
    host_signal(scene.host, SIGHUP); /* asked by hand, it tells again */
    expect_true(host_says(scene.host, "plugin refused", "plugin=text"));
    scene_end(&scene);
}

static void a_file_that_others_can_change_is_refused_until_they_cannot(void)
{
    struct scene scene = scene_new("");
    auto_free char *path = folder_path(scene.host->plugins, "other.so");
    auto_folder char *elsewhere = folder_new();
    auto_free char *made = folder_path(elsewhere, "other.so");
    compile_plugin("answer.c", made, "-DVERSION=\"1\"", "-DAGENT=\"other\"", NULL);
    expect_int(chmod(made, 0666), 0);
    expect_int(rename(made, path), 0);
    expect_true(host_says(scene.host, "it can be changed by everybody", "plugin=other"));
    expect_int(chmod(path, 0644), 0);
    expect_true(caller_hears("other", "{}", ANSWER("1"), SOON_MS));
    scene_end(&scene);
}

/* ThreadSanitizer's runtime may end a process that exits inside dlopen() with a status of its own. */
#if defined(__SANITIZE_THREAD__)
#define WITH_STATUS(status) ""
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_STATUS(status) ""
#endif
#endif
#ifndef WITH_STATUS
#define WITH_STATUS(status) " (exit status " #status ")"
#endif

static void constructors_that_do_harm_harm_the_trial_alone(void)
{
    static const struct {
        const char *deed, *reason;
    } cases[] = {
        { "abort()", "its trial load crashed (Aborted)" },
        { "*(volatile int *)0 = 1", "its trial load" }, /* a sanitizer makes an exit of the crash */
        { "_exit(3)", "its trial load ended the process" WITH_STATUS(3) },
        { "exit(0)", "its trial load ended the process" WITH_STATUS(0) },
        { "kill(getppid(), 0), fputs(\"last words\\n\", stderr), abort()", "it said: last words" },
        { "pause()", "its trial load did not end within 1000 ms" },
        { "{ close(3); pause(); }", "its trial load" },
    };
    struct scene scene = scene_new("start_timeout = 1s");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        host_mark(scene.host);
        drop_hostile(scene.host, "IN_CONSTRUCTOR", cases[i].deed);
        expect_true(host_says(scene.host, "plugin refused", cases[i].reason));
    }
    expect_true(caller_lists("hostile", false, SOON_MS));
    scene_end(&scene);
}

static void a_start_that_hangs_is_refused_and_holds_nobody_up(void)
{
    struct scene scene = scene_new("start_timeout = 1s\ndrain_timeout = 1s");
    auto_free char *other = folder_path(scene.host->plugins, "other.so");
    drop_hostile(scene.host, "IN_START", "pause()");
    compile_plugin("answer.c", other, "-DVERSION=\"1\"", "-DAGENT=\"other\"", NULL);
    expect_true(caller_hears("other", "{}", ANSWER("1"), SOON_MS));
    expect_true(host_says(scene.host, "plugin refused", "its start did not return within 1000 ms"));
    drop_hostile(scene.host, "IN_STOP", "{}");
    expect_true(caller_hears("hostile", "{}", "{}", SOON_MS));
    unsigned failed;
    calls_end(scene.calls, &failed);
    expect_int(failed, 0);
    host_signal(scene.host, SIGTERM);
    expect_int(host_wait(scene.host), 0);
    host_free(scene.host);
}

static void a_start_that_fails_is_tried_again(void)
{
    struct scene scene = scene_new("");
    auto_folder char *elsewhere = folder_new();
    auto_free char *mark = folder_path(elsewhere, "mark");
    auto_free char *deed = NULL;
    if (asprintf(&deed, "return access(\"%s\", F_OK) == 0 ? MESH_OK : mesh_error_set(err, MESH_E_SYSTEM, \"no mark\")",
                 mark) < 0)
        exit(1);
    drop_hostile(scene.host, "IN_START", deed);
    expect_true(host_says(scene.host, "plugin failed, trying again later", "its start failed: no mark"));
    folder_write(elsewhere, "mark", "");
    expect_true(caller_hears("hostile", "{}", "{}", SOON_MS));
    scene_end(&scene);
}

static void a_thread_that_is_left_behind_pins_its_plugin(void)
{
    struct scene scene = scene_new("grace = 100ms");
    auto_free char *path = folder_path(scene.host->plugins, "hostile.so");
    drop_hostile(scene.host, "IN_START", "leave_thread()");
    expect_true(caller_hears("hostile", "{}", "{}", SOON_MS));
    expect_int(unlink(path), 0);
    expect_true(host_says(scene.host, "pinned in memory", ".hostile' still runs"));
    scene_end(&scene);
}

static void a_signal_handler_that_is_left_behind_is_removed(void)
{
    struct scene scene = scene_new("grace = 100ms");
    auto_free char *path = folder_path(scene.host->plugins, "hostile.so");
    drop_hostile(scene.host, "IN_START", "leave_handler()");
    expect_true(caller_hears("hostile", "{}", "{}", SOON_MS));
    expect_int(unlink(path), 0);
    expect_true(host_says(scene.host, "a signal handler was left behind, removed", NULL));
    expect_true(host_says(scene.host, "unloaded", "plugin=hostile"));
    scene_end(&scene);
}

static void versions_that_never_unload_are_not_piled_up_for_ever(void)
{
    struct scene scene = scene_new("grace = 100ms\npinned_max = 1");
    auto_free char *path = folder_path(scene.host->plugins, "other.so");
    for (int version = 1; version <= 4; version++) {
        auto_free char *flag = NULL, *expected = NULL;
        if (asprintf(&flag, "-DVERSION=\"%d\"", version) < 0 ||
            asprintf(&expected, "{\"version\": \"%d\"}", version) < 0)
            exit(1);
        compile_plugin("answer.c", path, flag, "-DAGENT=\"other\"", "-Wl,-z,nodelete", NULL);
        if (version == 4)
            break;
        expect_true(caller_hears("other", "{}", expected, SOON_MS));
        if (version > 1) {
            expect_true(host_says(scene.host, "pinned in memory", "-z nodelete"));
            host_mark(scene.host);
        }
    }
    expect_true(host_says(scene.host, "more than 1 of its versions cannot be unloaded", "kept="));
    expect_true(caller_hears("other", "{}", ANSWER("3"), SOON_MS));
    scene_end(&scene);
}

static void what_never_unloads_is_pinned_with_the_reason(void)
{
    struct scene scene = scene_new("grace = 100ms");
    auto_free char *path = folder_path(scene.host->plugins, "other.so");
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", "-DAGENT=\"other\"", "-Wl,-z,nodelete", NULL);
    expect_true(caller_hears("other", "{}", ANSWER("1"), SOON_MS));
    compile_plugin("answer.c", path, "-DVERSION=\"2\"", "-DAGENT=\"other\"", NULL);
    expect_true(caller_hears("other", "{}", ANSWER("2"), SOON_MS));
    expect_true(host_says(scene.host, "pinned in memory", "-z nodelete"));
    scene_end(&scene);
}

static void a_plugin_from_the_future_is_refused_if_it_uses_what_we_do_not_know(void)
{
    struct scene scene = scene_new("");
    auto_free char *path = folder_path(scene.host->plugins, "later.so");
    compile_plugin("later.c", path, "-DFIELD=1", NULL);
    expect_true(host_says(scene.host, "plugin refused",
                          "it sets a field that this host does not know: it is built for agentmesh 0.4.0"));
    compile_plugin("later.c", path, "-DFIELD=0", NULL);
    expect_true(caller_hears("later", "{}", "{}", SOON_MS));
    scene_end(&scene);
}

static void an_agent_that_contradicts_itself_is_refused_by_name(void)
{
    struct scene scene = scene_new("");
    auto_free char *path = folder_path(scene.host->plugins, "other.so");
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", "-DAGENT=\"no good name\"", NULL);
    expect_true(host_says(scene.host, "plugin refused", "no good name"));
    scene_end(&scene);
}

static void a_missing_library_is_named(void)
{
    struct scene scene = scene_new("");
    auto_folder char *elsewhere = folder_new();
    auto_free char *library = folder_path(elsewhere, "libnowhere.so");
    auto_free char *path = folder_path(scene.host->plugins, "other.so");
    compile_plugin("pair.c", library, NULL);
    compile_plugin("answer.c", path, "-DVERSION=\"1\"", "-DAGENT=\"other\"", "-Wl,--no-as-needed", library, NULL);
    expect_int(unlink(library), 0);
    expect_true(host_says(scene.host, "plugin refused", "libnowhere.so"));
    expect_true(host_says(scene.host, "plugin refused", "install that library"));
    scene_end(&scene);
}

SUITE(host_refuse, TEST(files_that_are_no_plugins_are_refused),
      TEST(a_truncated_plugin_in_the_place_of_a_good_one_is_refused), TEST(a_refusal_is_told_once_per_content),
      TEST(a_file_that_others_can_change_is_refused_until_they_cannot),
      TEST(constructors_that_do_harm_harm_the_trial_alone), TEST(a_start_that_hangs_is_refused_and_holds_nobody_up),
      TEST(a_start_that_fails_is_tried_again), TEST(a_thread_that_is_left_behind_pins_its_plugin),
      TEST(a_signal_handler_that_is_left_behind_is_removed), TEST(what_never_unloads_is_pinned_with_the_reason),
      TEST(versions_that_never_unload_are_not_piled_up_for_ever),
      TEST(a_plugin_from_the_future_is_refused_if_it_uses_what_we_do_not_know),
      TEST(an_agent_that_contradicts_itself_is_refused_by_name), TEST(a_missing_library_is_named))
