/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/image.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "folder.h"
#include "suite.h"

static struct trust nobody_else(void)
{
    struct trust trust;
    trust_init(&trust, (gid_t)-1, false);
    return trust;
}

static mesh_status copy(const char *state, const char *source, struct image **ret_image, mesh_error *err)
{
    struct trust trust = nobody_else();
    return image_copy(state, "echo", source, &trust, ret_image, err);
}

static void expect_copy_refused(const char *state, const char *source, mesh_status status, const char *text)
{
    struct image *image = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(copy(state, source, &image, &err), status);
    expect_contains(mesh_error_text(&err), text);
    expect_true(!image);
    mesh_error_clear(&err);
}

/* A file of that content in a folder of its own. */
struct source {
    char *folder, *path, *state;
};

static struct source source_new(const char *content)
{
    struct source source = { .folder = folder_new(), .state = folder_new() };
    source.path = folder_path(source.folder, "echo.so");
    folder_write(source.folder, "echo.so", content);
    return source;
}

static void source_clear(struct source *source)
{
    free(source->path);
    folder_remove(source->folder);
    folder_remove(source->state);
}

#define auto_source __attribute__((cleanup(source_clear)))

static void a_copy_is_known_by_its_content(void)
{
    auto_source struct source source = source_new("abc");
    auto_image struct image *image = NULL;
    expect_int(copy(source.state, source.path, &image, NULL), MESH_OK);
    expect_str(image->hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    auto_buf struct buf content;
    buf_init(&content, 64);
    expect_int(file_read(image->path, &content, NULL), MESH_OK);
    expect_str(buf_text(&content), "abc");
}

static void no_path_is_used_twice(void)
{
    auto_source struct source source = source_new("abc");
    auto_image struct image *first = NULL;
    auto_image struct image *second = NULL;
    expect_int(copy(source.state, source.path, &first, NULL), MESH_OK);
    expect_int(copy(source.state, source.path, &second, NULL), MESH_OK);
    expect_str(second->hash, first->hash);
    expect_true(strcmp(first->path, second->path) != 0);
}

static void a_copy_is_private_and_goes_with_its_image(void)
{
    auto_source struct source source = source_new("abc");
    struct image *image = NULL;
    struct stat stat_of;
    expect_int(copy(source.state, source.path, &image, NULL), MESH_OK);
    expect_int(stat(image->path, &stat_of), 0);
    expect_int(stat_of.st_mode & 07777, 0400);
    expect_int(stat_of.st_nlink, 1);
    auto_free char *path = strdup(image->path);
    image_free(image);
    expect_true(stat(path, &stat_of) != 0);
}

static void overwriting_the_source_leaves_the_copy_alone(void)
{
    auto_source struct source source = source_new("abc");
    auto_image struct image *image = NULL;
    expect_int(copy(source.state, source.path, &image, NULL), MESH_OK);
    folder_write(source.folder, "echo.so", "xyz");
    auto_buf struct buf content;
    buf_init(&content, 64);
    expect_int(file_read(image->path, &content, NULL), MESH_OK);
    expect_str(buf_text(&content), "abc");
}

static void what_everybody_can_change_is_refused(void)
{
    auto_source struct source source = source_new("abc");
    expect_int(chmod(source.path, 0646), 0);
    expect_copy_refused(source.state, source.path, MESH_E_SYSTEM, "it can be changed by everybody (mode 0646)");
    expect_int(chmod(source.path, 0644), 0);
    expect_int(chmod(source.folder, 0777), 0);
    expect_copy_refused(source.state, source.path, MESH_E_SYSTEM, "can be changed by everybody (mode 0777)");
}

static void what_another_user_owns_is_refused(void)
{
    if (geteuid() != 0) {
        skip("only root can give files away");
        return;
    }
    auto_source struct source source = source_new("abc");
    expect_int(chown(source.path, 12345, 0), 0);
    expect_copy_refused(source.state, source.path, MESH_E_SYSTEM, "it belongs to user 12345");
}

static void what_a_group_can_change_must_be_trusted(void)
{
    if (geteuid() != 0) {
        skip("only root can give files to any group");
        return;
    }
    auto_source struct source source = source_new("abc");
    expect_int(chown(source.path, 0, 12345), 0);
    expect_int(chmod(source.path, 0664), 0);
    expect_copy_refused(source.state, source.path, MESH_E_SYSTEM, "it can be changed by group 12345");

    struct trust trust = nobody_else();
    trust.trusted_group = 12345;
    auto_image struct image *image = NULL;
    expect_int(image_copy(source.state, "echo", source.path, &trust, &image, NULL), MESH_OK);
}

static void who_trusts_all_may_load_what_everybody_can_change(void)
{
    auto_source struct source source = source_new("abc");
    struct trust trust;
    auto_image struct image *image = NULL;
    trust_init(&trust, (gid_t)-1, true);
    expect_int(chmod(source.path, 0646), 0);
    expect_int(chmod(source.folder, 0777), 0);
    expect_int(image_copy(source.state, "echo", source.path, &trust, &image, NULL), MESH_OK);
}

static void a_link_into_a_place_that_everybody_can_change_is_refused(void)
{
    auto_source struct source source = source_new("abc");
    auto_folder char *links = folder_new();
    auto_free char *link = folder_path(links, "echo.so");
    auto_image struct image *image = NULL;
    expect_int(symlink(source.path, link), 0);
    expect_int(copy(source.state, link, &image, NULL), MESH_OK);
    expect_int(chmod(source.folder, 0777), 0);
    expect_copy_refused(source.state, link, MESH_E_SYSTEM, "can be changed by everybody");
}

static void relative_links_are_taken_from_where_they_stand(void)
{
    auto_source struct source source = source_new("abc");
    auto_free char *link = folder_path(source.folder, "link.so");
    auto_image struct image *image = NULL;
    expect_int(symlink("echo.so", link), 0);
    expect_int(copy(source.state, link, &image, NULL), MESH_OK);
}

static void links_in_a_circle_are_refused(void)
{
    auto_source struct source source = source_new("abc");
    auto_free char *link = folder_path(source.folder, "link.so");
    expect_int(symlink("link.so", link), 0);
    expect_copy_refused(source.state, link, MESH_E_SYSTEM, "links lead");
}

static void what_is_no_file_is_refused_at_once(void)
{
    auto_source struct source source = source_new("abc");
    auto_free char *pipe = folder_path(source.folder, "pipe.so");
    auto_free char *folder = folder_path(source.folder, "folder.so");
    auto_free char *missing = folder_path(source.folder, "missing.so");
    expect_int(mkfifo(pipe, 0600), 0);
    expect_int(mkdir(folder, 0700), 0);
    expect_copy_refused(source.state, pipe, MESH_E_DATA, "not a regular file");
    expect_copy_refused(source.state, folder, MESH_E_DATA, "not a regular file");
    expect_copy_refused(source.state, missing, MESH_E_NOT_FOUND, "No such file");
}

/* Where no byte can be written, only the file's size tells. */
static void a_file_that_is_too_large_is_refused_before_it_is_copied(void)
{
    auto_source struct source source = source_new("abc");
    struct rlimit before, none;
    expect_int(truncate(source.path, (off_t)2 << 30), 0);
    expect_int(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){ 0, before.rlim_max };
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    expect_int(setrlimit(RLIMIT_FSIZE, &none), 0);
    expect_copy_refused(source.state, source.path, MESH_E_TOO_LARGE, "it is larger than 1073741824 bytes");
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
}

static void a_refusal_leaves_nothing_behind(void)
{
    auto_source struct source source = source_new("abc");
    expect_int(chmod(source.path, 0646), 0);
    expect_copy_refused(source.state, source.path, MESH_E_SYSTEM, "everybody");
    expect_int(rmdir(source.state), 0);
}

static void bytes_are_checked_in_the_copy(void)
{
    auto_source struct source text = source_new("not a plugin\n");
    auto_source struct source empty = source_new("");
    auto_image struct image *image = NULL;
    auto_image struct image *nothing = NULL;
    expect_int(copy(text.state, text.path, &image, NULL), MESH_OK);
    expect_int(image_check(image, "0.1.0", NULL), MESH_E_DATA);
    expect_int(copy(empty.state, empty.path, &nothing, NULL), MESH_OK);
    expect_int(image_check(nothing, "0.1.0", NULL), MESH_E_DATA);

    auto_image struct image *plugin = NULL;
    expect_int(copy(text.state, PLUGIN, &plugin, NULL), MESH_OK);
    expect_int(image_check(plugin, "0.1.0", NULL), MESH_OK);
}

SUITE(host_plugin_image, TEST(a_copy_is_known_by_its_content), TEST(no_path_is_used_twice),
      TEST(a_copy_is_private_and_goes_with_its_image), TEST(overwriting_the_source_leaves_the_copy_alone),
      TEST(what_everybody_can_change_is_refused), TEST(what_another_user_owns_is_refused),
      TEST(what_a_group_can_change_must_be_trusted), TEST(who_trusts_all_may_load_what_everybody_can_change),
      TEST(a_link_into_a_place_that_everybody_can_change_is_refused),
      TEST(relative_links_are_taken_from_where_they_stand), TEST(links_in_a_circle_are_refused),
      TEST(what_is_no_file_is_refused_at_once), TEST(a_file_that_is_too_large_is_refused_before_it_is_copied),
      TEST(a_refusal_leaves_nothing_behind), TEST(bytes_are_checked_in_the_copy))
