/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that hand over what they know: nothing is counted twice, or not at all, forwards and back. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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
#include "program.h"
#include "suite.h"

enum { SOON_MS = 10000, CALLERS = 4, COUNTS_MAX = 1 << 20, RELOADS = 20 };

/* Drop a version, compiled with up to two flags. */
static void drop(const struct host *host, const char *version, const char *flag, const char *more)
{
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = folder_path(elsewhere, "out.so");
    auto_free char *version_flag = NULL;
    if (asprintf(&version_flag, "-DVERSION=\"%s\"", version) < 0)
        exit(1);
    compile_plugin("tally.c", path, version_flag, flag ? flag : "-DNOTHING", more ? more : "-DNOTHING", NULL);
    folder_put(host->plugins, "tally.so", path);
}

static struct host *serving_host(const char *ini, const char *flag)
{
    struct host *host = host_new(nats_server_url(peer_server()), ini);
    drop(host, "1", flag, NULL);
    host_start(host, NULL);
    return host;
}

static void expect_answer(const char *expected)
{
    auto_free char *answer = caller_ask("tally", "{}", 10000);
    expect_str(answer, expected);
}

static void tell(const struct host *host, const char *verb, int code)
{
    auto_outcome struct outcome outcome;
    const char *argv[] = { getenv("AGENTMESH_CLI"), "host", "--socket", host->control, verb, "tally", NULL };
    program_run(&outcome, NULL, argv);
    if (!expect_int(outcome.code, code))
        fprintf(stderr, "%s%s", buf_text(&outcome.out), buf_text(&outcome.err));
}

/* ---- counting under load ---- */

struct crowd {
    pthread_t threads[CALLERS];
    atomic_bool ends;
    atomic_uint asked, failed, doubled;
    atomic_uchar seen[COUNTS_MAX];
};

static void note(struct crowd *crowd, const char *answer)
{
    unsigned count;
    crowd->asked++;
    if (sscanf(answer, "{\"count\": %u", &count) != 1 || count >= COUNTS_MAX)
        crowd->failed++;
    else if (atomic_exchange(&crowd->seen[count], 1))
        crowd->doubled++;
}

static void *ask_on(void *closure)
{
    struct crowd *crowd = closure;
    while (!crowd->ends) {
        auto_free char *answer = caller_ask("tally", "{}", 20000);
        note(crowd, answer);
    }
    return NULL;
}

static struct crowd *crowd_begin(void)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    caller_client();
    for (int i = 0; i < CALLERS; i++)
        pthread_create(&crowd->threads[i], NULL, ask_on, crowd);
    return crowd;
}

/* Every call has had a number of its own, and no number was left out. */
static void crowd_end(struct crowd *crowd)
{
    unsigned missing = 0;
    crowd->ends = true;
    for (int i = 0; i < CALLERS; i++)
        pthread_join(crowd->threads[i], NULL);
    for (unsigned count = 1; count <= crowd->asked; count++)
        missing += !crowd->seen[count];
    printf("     %u calls\n", crowd->asked);
    expect_true(crowd->asked > 0);
    expect_int(crowd->failed, 0);
    expect_int(crowd->doubled, 0);
    expect_int(missing, 0);
    free(crowd);
}

static void no_count_is_lost_in_reloads_under_load(void)
{
    auto_host struct host *host = serving_host("settle = 20ms", NULL);
    auto_folder char *elsewhere = folder_new();
    auto_free char *one = folder_path(elsewhere, "1.so"), *two = folder_path(elsewhere, "2.so");
    compile_plugin("tally.c", one, "-DVERSION=\"1\"", NULL);
    compile_plugin("tally.c", two, "-DVERSION=\"2\"", NULL);
    struct crowd *crowd = crowd_begin();
    for (int i = 1; i <= RELOADS; i++) {
        folder_put(host->plugins, "tally.so", i % 2 ? two : one);
        tell(host, "reload", 0);
    }
    crowd_end(crowd);
}

static void what_is_rolled_back_takes_its_count_along(void)
{
    auto_host struct host *host = serving_host("probation = 60s", NULL);
    expect_answer("{\"count\": 1, \"version\": \"1\"}");
    drop(host, "2", NULL, NULL);
    tell(host, "reload", 0);
    expect_answer("{\"count\": 2, \"version\": \"2\"}");
    tell(host, "rollback", 0);
    expect_answer("{\"count\": 3, \"version\": \"1\"}");
}

static void a_version_that_cannot_take_over_is_given_up(void)
{
    auto_host struct host *host = serving_host("", NULL);
    expect_answer("{\"count\": 1, \"version\": \"1\"}");
    drop(host, "2", "-DRESTORE_FAILS", NULL);
    tell(host, "reload", 1);
    expect_true(host_says(host, "its restore failed: version 1 saved 1 bytes too many", NULL));
    expect_answer("{\"count\": 2, \"version\": \"1\"}");
}

static void a_save_that_hangs_is_given_up(void)
{
    auto_host struct host *host = serving_host("start_timeout = 500ms", "-DSAVE_HANGS");
    expect_answer("{\"count\": 1, \"version\": \"1\"}");
    drop(host, "2", NULL, NULL);
    expect_true(host_says(host, "its save did not return within 500 ms", NULL));
    expect_answer("{\"count\": 2, \"version\": \"1\"}");
}

static void *sleep_in_it(void *ret_answer)
{
    *(char **)ret_answer = caller_ask("tally", "{\"sleep_ms\": 2500}", 20000);
    return NULL;
}

static void who_cannot_come_to_rest_keeps_serving_and_is_asked_again(void)
{
    auto_host struct host *host = serving_host("handover_timeout = 200ms", NULL);
    pthread_t thread;
    char *answer = NULL;
    caller_client();
    pthread_create(&thread, NULL, sleep_in_it, &answer);
    expect_true(host_says(host, "going to sleep", NULL));
    drop(host, "2", NULL, NULL);
    expect_true(host_says(host, "what serves could not be brought to rest", "agent 'tally'"));
    pthread_join(thread, NULL);
    expect_str(answer, "{\"count\": 1, \"version\": \"1\"}");
    free(answer);
    expect_true(host_says(host, "plugin replaced", NULL));
    expect_answer("{\"count\": 2, \"version\": \"2\"}");
}

/* ---- only one at a time ---- */

static char *lock_flag(const struct host *host)
{
    char *flag = NULL;
    if (asprintf(&flag, "-DLOCK=\"%s/lock\"", host->folder) < 0)
        exit(1);
    return flag;
}

static struct host *exclusive_host(const char *ini)
{
    struct host *host = host_new(nats_server_url(peer_server()), ini);
    auto_free char *flag = lock_flag(host);
    drop(host, "1", flag, NULL);
    host_start(host, NULL);
    return host;
}

static void one_that_owns_a_lock_is_replaced_without_a_lost_count(void)
{
    auto_host struct host *host = exclusive_host("settle = 20ms");
    auto_free char *flag = lock_flag(host);
    struct crowd *crowd = crowd_begin();
    drop(host, "2", flag, NULL);
    tell(host, "reload", 0);
    drop(host, "3", flag, NULL);
    tell(host, "reload", 0);
    crowd_end(crowd);
    auto_free char *answer = caller_ask("tally", "{}", 5000);
    expect_contains(answer, "\"version\": \"3\"");
}

static void one_whose_next_version_cannot_start_is_revived(void)
{
    auto_host struct host *host = exclusive_host("");
    auto_free char *flag = lock_flag(host);
    struct crowd *crowd = crowd_begin();
    drop(host, "2", flag, "-DSTART_FAILS");
    tell(host, "reload", 1);
    expect_true(host_says(host, "it does not want to start", NULL));
    crowd_end(crowd);
    auto_free char *answer = caller_ask("tally", "{}", 5000);
    expect_contains(answer, "\"version\": \"1\"");
}

static void one_that_does_worse_is_rolled_back_though_nothing_is_kept_warm(void)
{
    auto_host struct host *host = exclusive_host("");
    auto_free char *flag = lock_flag(host);
    expect_true(host_says(host, "plugin has proved itself", NULL));
    host_configure(host, nats_server_url(peer_server()), "probation = 60s");
    host_signal(host, SIGHUP);
    host_mark(host);
    expect_true(host_says(host, " ready ", NULL));
    drop(host, "2", flag, "-DFAIL");
    expect_true(host_says(host, "plugin replaced", NULL));
    for (int i = 0; i < 25; i++) {
        auto_free char *answer = caller_ask("tally", "{}", 5000);
        (void)answer;
    }
    expect_true(host_says(host, "plugin is rolled back to the last good version", NULL));
    expect_true(host_says(host, "plugin replaced", "version=1"));
    auto_free char *answer = caller_ask("tally", "{}", 5000);
    expect_contains(answer, "\"version\": \"1\"");
}

static mesh_status keep(mesh_request *request, void *state, mesh_error *err)
{
    (void)err;
    atomic_store((_Atomic(mesh_request *) *)state, mesh_request_ref(request));
    return MESH_OK;
}

static void one_that_waits_for_a_call_hears_of_its_end_before_its_stop(void)
{
    static const mesh_agent silent = MESH_RESPONDER("silent", "Does not answer.", keep, "{}", NULL);
    _Atomic(mesh_request *) kept = NULL;
    expect_int(mesh_register(caller_client(), &silent, &kept, NULL), MESH_OK);
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    auto_free char *flag = lock_flag(host);
    drop(host, "1", flag, "-DASKS=\"silent\"");
    host_start(host, NULL);
    drop(host, "2", flag, NULL);
    tell(host, "reload", 0);
    expect_true(host_says(host, "its call has ended before its stop", NULL));
    expect_answer("{\"count\": 1, \"version\": \"2\"}");
    mesh_request_unref(kept);
}

SUITE(host_handover, TEST(no_count_is_lost_in_reloads_under_load), TEST(what_is_rolled_back_takes_its_count_along),
      TEST(a_version_that_cannot_take_over_is_given_up), TEST(a_save_that_hangs_is_given_up),
      TEST(who_cannot_come_to_rest_keeps_serving_and_is_asked_again),
      TEST(one_that_owns_a_lock_is_replaced_without_a_lost_count), TEST(one_whose_next_version_cannot_start_is_revived),
      TEST(one_that_waits_for_a_call_hears_of_its_end_before_its_stop),
      TEST(one_that_does_worse_is_rolled_back_though_nothing_is_kept_warm))
