/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged files that are dropped in the place of one that serves, under load: the host lives and goes on answering. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "control.h"
#include "folder.h"
#include "peer.h"
#include "suite.h"
#include "versions.h"

enum { FILE_MAX = 64 << 20, STEPS = 60, HEAD = 512, PER_SECOND = 1000 };

struct scene {
    struct versions *versions;
    struct traffic *traffic;
    struct buf whole; /* the file that serves, not damaged */
};

static unsigned steps_wanted(void)
{
    const char *text = getenv("MESH_DAMAGE_STEPS");
    return text && *text ? (unsigned)strtoul(text, NULL, 10) : STEPS;
}

static struct scene scene_new(void)
{
    const char *url = nats_server_url(peer_server());
    struct scene scene = { .versions = versions_new(url, "settle = 0s", NULL) };
    const struct traffic_order order = { url, 1, 64, PER_SECOND, 0 };
    auto_free char *file = versions_file(scene.versions, 0);
    buf_init(&scene.whole, FILE_MAX);
    expect_int(file_read(file, &scene.whole, NULL), MESH_OK);
    scene.traffic = traffic_begin(&order);
    return scene;
}

/* It is the same host, and it has answered everything. */
static void scene_end(struct scene *scene)
{
    struct traffic_tally tally;
    siginfo_t info = { .si_pid = 0 };
    expect_int(waitid(P_PID, (id_t)scene->versions->host->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    expect_int(info.si_pid, 0);
    traffic_end(scene->traffic, &tally);
    expect_int(tally.lost + tally.doubled + tally.stale, 0);
    expect_str(tally.failure, "");
    buf_clear(&scene->whole);
    versions_free(scene->versions);
}

/* Drop so many bytes and wait for the verdict; counts those that were refused. */
static unsigned drop(const struct scene *scene, const char *bytes, size_t len)
{
    const struct host *host = scene->versions->host;
    auto_folder char *elsewhere = folder_new();
    auto_free char *path = folder_path(elsewhere, "damaged");
    folder_write_bytes(elsewhere, "damaged", bytes, len);
    folder_put(host->plugins, "numbered.so", path);
    auto_free char *said = control_ask(host->control, "{\"do\": \"reload\", \"plugin\": \"numbered\"}");
    expect_contains(said, "\"state\": \"serving\"");
    return said && strstr(said, "\"refusal\": ");
}

static void a_truncated_file_never_takes_the_place_of_what_serves(void)
{
    struct scene scene = scene_new();
    unsigned steps = steps_wanted(), refused = 0;
    for (unsigned i = 0; i < steps; i++)
        refused += drop(&scene, buf_text(&scene.whole), scene.whole.len * i / steps);
    expect_int(refused, steps);
    scene_end(&scene);
}

static void a_file_whose_end_is_zeroes_disturbs_nobody(void)
{
    struct scene scene = scene_new();
    unsigned steps = steps_wanted(), refused = 0;
    for (unsigned i = 1; i < steps; i++) {
        auto_free char *bytes = malloc(scene.whole.len);
        size_t kept = scene.whole.len * i / steps;
        memcpy(bytes, buf_text(&scene.whole), kept);
        memset(bytes + kept, 0, scene.whole.len - kept);
        refused += drop(&scene, bytes, scene.whole.len);
    }
    printf("     %u of %u refused\n", refused, steps - 1);
    expect_true(refused > 0);
    scene_end(&scene);
}

/* Of the file and its segments; what is wrong further on, in a relocation or in code, may be found out only by a crash.
 */
static void wrong_bytes_among_the_headers_disturb_nobody(void)
{
    struct scene scene = scene_new();
    unsigned steps = steps_wanted(), refused = 0;
    srand(1);
    for (unsigned i = 0; i < steps; i++) {
        char *byte = &scene.whole.data[rand() % HEAD], right = *byte;
        *byte = (char)(right ^ (1 << rand() % 8));
        refused += drop(&scene, buf_text(&scene.whole), scene.whole.len);
        *byte = right;
    }
    printf("     %u of %u refused\n", refused, steps);
    expect_true(refused > 0);
    scene_end(&scene);
}

SUITE(damaged_file, TEST(a_truncated_file_never_takes_the_place_of_what_serves),
      TEST(a_file_whose_end_is_zeroes_disturbs_nobody), TEST(wrong_bytes_among_the_headers_disturb_nobody))
