/* SPDX-License-Identifier: Apache-2.0 */
/* The files that tell where a local server listens. */
#include "local/url_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "suite.h"

static char root[64];

static void start_afresh(void)
{
    snprintf(root, sizeof(root), "/tmp/url_file_test.XXXXXX");
    if (!mkdtemp(root) || chdir(root) < 0)
        abort();
}

static void clean_up(void)
{
    char command[128];
    if (chdir("/") < 0)
        abort();
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    if (system(command) != 0)
        abort();
}

static void the_runtime_folder_is_made_where_the_environment_says(void)
{
    start_afresh();
    auto_free char *folder = path_join(root, "x/run");
    auto_free char *expected = path_join(folder, "oam-url");
    auto_free char *path = NULL;
    setenv("AGENTMESH_RUNTIME_DIR", folder, 1);
    expect_int(url_file_runtime_path(&path, NULL), MESH_OK);
    expect_str(path, expected);
    expect_int(access(folder, W_OK), 0);
    clean_up();
}

static void a_written_file_is_one_line_that_all_may_read(void)
{
    auto_buf struct buf text;
    struct stat st;
    start_afresh();
    buf_init(&text, 1024);
    expect_int(url_file_write("f", "nats://127.0.0.1:5", NULL), MESH_OK);
    expect_int(file_read("f", &text, NULL), MESH_OK);
    expect_str(buf_text(&text), "nats://127.0.0.1:5\n");
    expect_int(stat("f", &st), 0);
    expect_int(st.st_mode & 0777, 0644);
    clean_up();
}

static void a_file_that_tells_another_url_is_not_removed(void)
{
    start_afresh();
    url_file_write("f", "nats://127.0.0.1:5", NULL);
    url_file_remove("f", "nats://127.0.0.1:6");
    expect_int(access("f", F_OK), 0);
    url_file_remove("f", "nats://127.0.0.1:5");
    expect_int(access("f", F_OK), -1);
    url_file_remove("f", "nats://127.0.0.1:5");
    url_file_remove(NULL, NULL);
    clean_up();
}

static void only_what_a_local_server_left_is_replaced_by_a_mark(void)
{
    static const struct {
        const char *text;
        mesh_status status;
    } cases[] = {
        { "nats://127.0.0.1:4222\n", MESH_OK },
        { "nats://localhost:4222\n", MESH_OK },
        { "", MESH_OK },
        { "nats://user:secret@mesh.example:4222\n", MESH_E_EXISTS },
        { "nats://127.0.0.1.example:4222\n", MESH_E_EXISTS },
        { "url = 'nats://127.0.0.1:4222'\ncreds = 'a.creds'\n", MESH_E_EXISTS },
    };
    start_afresh();
    auto_free char *expected = path_join(root, ".oam-url");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_free char *path = NULL;
        mesh_error err = MESH_ERROR_INIT;
        file_replace(".oam-url", 0600, mesh_text(cases[i].text), NULL);
        expect_int(url_file_mark_path(&path, &err), cases[i].status);
        expect_str(path, cases[i].status == MESH_OK ? expected : NULL);
        if (cases[i].status != MESH_OK)
            expect_contains(mesh_error_text(&err), expected);
        mesh_error_clear(&err);
    }
    clean_up();
}

SUITE(local_url_file, TEST(the_runtime_folder_is_made_where_the_environment_says),
      TEST(a_written_file_is_one_line_that_all_may_read), TEST(a_file_that_tells_another_url_is_not_removed),
      TEST(only_what_a_local_server_left_is_replaced_by_a_mark))
