/* SPDX-License-Identifier: Apache-2.0 */
/* A host that is killed while it reloads: the next one on the same state serves what lies in the folder, knows what was
 * good before, and finds nothing in its way. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "caller.h"
#include "control.h"
#include "folder.h"
#include "peer.h"
#include "suite.h"
#include "versions.h"

enum { SOON_MS = 20000, KILLS = 40, LONGEST_US = SANITIZED ? 200000 : 12000, RECORD_AND_TWO_COPIES = 3 };

static unsigned rounds_wanted(void)
{
    const char *text = getenv("MESH_KILL_ROUNDS");
    return text && *text ? (unsigned)strtoul(text, NULL, 10) : KILLS;
}

static struct versions *new_versions(const char *ini)
{
    return versions_new(nats_server_url(peer_server()), ini, NULL);
}

static unsigned count_files(const char *state, const char *name)
{
    auto_free char *path = folder_path(state, name);
    DIR *folder = opendir(path);
    unsigned count = 0;
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    if (folder)
        closedir(folder);
    return count;
}

static char *answer_of(unsigned version)
{
    char *answer = NULL;
    if (asprintf(&answer, "{\"version\": %u, \"number\": 1}", version % TRAFFIC_VERSIONS) < 0)
        exit(1);
    return answer;
}

static void kill_host(const struct versions *versions)
{
    host_signal(versions->host, SIGKILL);
    expect_int(host_wait(versions->host), 128 + SIGKILL);
}

/* What lies in the folder serves, from the start on, and of earlier hosts there is nothing but the record. */
static void expect_good_start(struct versions *versions)
{
    auto_free char *expected = answer_of(versions->current);
    host_start(versions->host, NULL);
    expect_true(caller_hears("numbered", "{\"number\": 1}", expected, SOON_MS));
    expect_int(count_files(versions->host->state, "generations"), 1);
    expect_true(count_files(versions->host->state, "records") <= RECORD_AND_TWO_COPIES);
    expect_false(host_said(versions->host, "set aside", NULL));
    expect_false(host_said(versions->host, "error", NULL));
}

static void pause_us(long us)
{
    const struct timespec time = { us / 1000000, us % 1000000 * 1000 };
    nanosleep(&time, NULL);
}

/* Each step takes a part of the time: many moments hit all of them. */
static void expect_to_bear_kills(const char *ini)
{
    auto_versions struct versions *versions = new_versions(ini);
    unsigned rounds = rounds_wanted();
    srand(1);
    for (unsigned i = 0; i < rounds; i++) {
        versions_put_next(versions, NULL);
        pause_us(rand() % LONGEST_US);
        kill_host(versions);
        expect_good_start(versions);
    }
}

static void at_any_moment_of_a_reload(void)
{
    expect_to_bear_kills("settle = 0s");
}

static void at_any_moment_of_a_reload_with_a_probation(void)
{
    expect_to_bear_kills("settle = 0s\nprobation = 5ms");
}

static void after_each_step_that_is_told(void)
{
    static const char *const steps[] = { "plugin replaced", "plugin loaded", "plugin has proved itself", "unloaded" };
    auto_versions struct versions *versions = new_versions("settle = 0s");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        host_mark(versions->host);
        versions_put_next(versions, NULL);
        expect_true(host_says(versions->host, steps[i], "plugin=numbered"));
        kill_host(versions);
        expect_good_start(versions);
    }
}

/* The way back leads to a version that is what the record says it is. */
static void and_the_way_back_is_still_known(void)
{
    auto_versions struct versions *versions = new_versions("settle = 0s");
    unsigned rounds = rounds_wanted() / 4;
    srand(2);
    for (unsigned i = 0; i < rounds; i++) {
        versions_put_next(versions, NULL);
        pause_us(rand() % LONGEST_US);
        kill_host(versions);
        expect_good_start(versions);
        auto_free char *said = control_ask(versions->host->control, "{\"do\": \"rollback\", \"plugin\": \"numbered\"}");
        auto_free char *expected = answer_of(versions->current - 1);
        expect_contains(said, "{\"ok\": true");
        expect_true(caller_hears("numbered", "{\"number\": 1}", expected, SOON_MS));
        auto_free char *forced =
            control_ask(versions->host->control, "{\"do\": \"reload\", \"plugin\": \"numbered\", \"force\": true}");
        expect_contains(forced, "\"state\": \"serving\"");
    }
}

SUITE(killed_host, TEST(at_any_moment_of_a_reload), TEST(at_any_moment_of_a_reload_with_a_probation),
      TEST(after_each_step_that_is_told), TEST(and_the_way_back_is_still_known))
