/* SPDX-License-Identifier: Apache-2.0 */
/* Small files and the folders they stand in. */
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "suite.h"

static char root[64];

static void start_afresh(void)
{
    snprintf(root, sizeof(root), "/tmp/file_test.XXXXXX");
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

static mode_t mode_of(const char *path)
{
    struct stat st = { 0 };
    stat(path, &st);
    return st.st_mode & 07777;
}

static void what_is_written_is_read(void)
{
    static const char bytes[] = "one\0two\n";
    auto_buf struct buf text;
    start_afresh();
    buf_init(&text, 64);
    expect_int(file_replace("f", 0600, mesh_bytes_of(bytes, sizeof(bytes)), NULL), MESH_OK);
    expect_int(file_read("f", &text, NULL), MESH_OK);
    expect_int(text.len, sizeof(bytes));
    expect_true(memcmp(text.data, bytes, sizeof(bytes)) == 0);
    clean_up();
}

static void a_replaced_file_has_the_new_mode_and_leaves_no_draft(void)
{
    start_afresh();
    expect_int(file_replace("f", 0644, mesh_text("old"), NULL), MESH_OK);
    expect_int(mode_of("f"), 0644);
    expect_int(file_replace("f", 0600, mesh_text("new"), NULL), MESH_OK);
    expect_int(mode_of("f"), 0600);
    expect_int(unlink("f"), 0);
    if (chdir("/") == 0)
        expect_int(rmdir(root), 0); /* nothing else is in it */
}

static void a_link_is_replaced_and_not_followed(void)
{
    auto_buf struct buf text;
    start_afresh();
    buf_init(&text, 64);
    expect_int(file_replace("target", 0600, mesh_text("kept"), NULL), MESH_OK);
    expect_int(symlink("target", "f"), 0);
    expect_int(file_replace("f", 0600, mesh_text("new"), NULL), MESH_OK);
    expect_int(file_read("target", &text, NULL), MESH_OK);
    expect_str(buf_text(&text), "kept");
    clean_up();
}

static void what_cannot_be_read_is_told_apart(void)
{
    static const struct {
        const char *path;
        mesh_status status;
        const char *part;
    } cases[] = {
        { "missing", MESH_E_NOT_FOUND, "cannot read 'missing': No such file" },
        { "large/below", MESH_E_NOT_FOUND, "cannot read 'large/below': Not a directory" },
        { ".", MESH_E_SYSTEM, "cannot read '.': not a regular file" },
        { "pipe", MESH_E_SYSTEM, "cannot read 'pipe': not a regular file" },
        { "large", MESH_E_TOO_LARGE, "'large': " },
    };
    start_afresh();
    expect_int(mkfifo("pipe", 0600), 0);
    expect_int(file_replace("large", 0600, mesh_text("0123456789"), NULL), MESH_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_buf struct buf text;
        mesh_error err = MESH_ERROR_INIT;
        buf_init(&text, 8);
        expect_int(file_read(cases[i].path, &text, &err), cases[i].status);
        expect_contains(mesh_error_text(&err), cases[i].part);
        mesh_error_clear(&err);
    }
    clean_up();
}

static void a_file_that_cannot_be_written_is_named(void)
{
    mesh_error err = MESH_ERROR_INIT;
    expect_int(file_replace("/nonexistent/f", 0600, mesh_text("x"), &err), MESH_E_NOT_FOUND);
    expect_contains(mesh_error_text(&err), "cannot write '/nonexistent/f': ");
    mesh_error_clear(&err);
}

static void folders_are_made_down_to_the_last(void)
{
    mode_t mask = umask(0);
    start_afresh();
    expect_int(folder_make("a/b/c", 0700, NULL), MESH_OK);
    expect_int(mode_of("a"), 0755);
    expect_int(mode_of("a/b"), 0755);
    expect_int(mode_of("a/b/c"), 0700);
    expect_int(folder_make("a/b/c", 0755, NULL), MESH_OK);
    expect_int(mode_of("a/b/c"), 0700);
    expect_int(folder_make("a/b/c/", 0755, NULL), MESH_OK);
    expect_int(folder_make("/", 0755, NULL), MESH_OK);
    umask(mask);
    clean_up();
}

static void a_file_in_the_way_of_a_folder_is_named(void)
{
    static const char *const paths[] = { "f", "f/b" };
    start_afresh();
    expect_int(file_replace("f", 0600, mesh_text(""), NULL), MESH_OK);
    for (size_t i = 0; i < 2; i++) {
        mesh_error err = MESH_ERROR_INIT;
        expect_true(folder_make(paths[i], 0700, &err) != MESH_OK);
        expect_contains(mesh_error_text(&err), "cannot create 'f': Not a directory");
        mesh_error_clear(&err);
    }
    clean_up();
}

static void paths_are_joined_by_one_slash(void)
{
    static const struct {
        const char *folder, *name, *path;
    } cases[] = { { "/a", "b", "/a/b" }, { "/", "b", "/b" }, { "a/", "b/c", "a/b/c" }, { "", "b", "/b" } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_free char *path = path_join(cases[i].folder, cases[i].name);
        expect_str(path, cases[i].path);
    }
}

SUITE(base_file, TEST(what_is_written_is_read), TEST(a_replaced_file_has_the_new_mode_and_leaves_no_draft),
      TEST(a_link_is_replaced_and_not_followed), TEST(what_cannot_be_read_is_told_apart),
      TEST(a_file_that_cannot_be_written_is_named), TEST(folders_are_made_down_to_the_last),
      TEST(a_file_in_the_way_of_a_folder_is_named), TEST(paths_are_joined_by_one_slash))
