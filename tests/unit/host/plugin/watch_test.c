/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/watch.h"

#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "folder.h"
#include "suite.h"

enum { SETTLE_MS = 200, POLL_MS = 30000 };

/* A watch that follows one folder and has looked at it. */
static struct watch watch_of(const char *folder)
{
    struct watch watch;
    const char *const folders[] = { folder, NULL };
    expect_int(watch_open(&watch, SETTLE_MS, POLL_MS, NULL), MESH_OK);
    expect_true(watch.fd >= 0);
    watch_follow(&watch, folders, NULL);
    watch_begin(&watch);
    return watch;
}

#define auto_watch __attribute__((cleanup(watch_close)))

static bool is_dirty(struct watch *watch)
{
    watch_read(watch);
    return watch_due(watch) < watch->poll_at;
}

static void nothing_happens_until_the_next_poll(void)
{
    auto_folder char *folder = folder_new();
    auto_watch struct watch watch = watch_of(folder);
    expect_false(is_dirty(&watch));
    expect_true(watch_due(&watch) <= clock_ms() + POLL_MS);
}

static void a_new_file_is_looked_at_when_it_has_settled(void)
{
    auto_folder char *folder = folder_new();
    auto_watch struct watch watch = watch_of(folder);
    folder_write(folder, "echo.so", "one");
    uint64_t before = clock_ms();
    expect_true(is_dirty(&watch));
    expect_true(watch_due(&watch) >= before + SETTLE_MS);
    watch_begin(&watch);
    expect_false(is_dirty(&watch));
}

static void other_files_are_none_of_our_business(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *log = folder_path(folder, "log.txt");
    folder_write(folder, "log.txt", "one");
    auto_watch struct watch watch = watch_of(folder);
    folder_write(folder, "log.txt", "two");
    expect_int(unlink(log), 0);
    expect_false(is_dirty(&watch));
}

static void of_a_folder_with_one_file_that_matters_no_other_is_heard(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *echo = folder_path(folder, "echo.so");
    auto_watch struct watch watch;
    const char *const folders[] = { folder, NULL };
    expect_int(watch_open(&watch, SETTLE_MS, POLL_MS, NULL), MESH_OK);
    watch_follow(&watch, folders, "echo.so");
    watch_begin(&watch);
    folder_write(folder, "other.so", "one");
    folder_write(folder, "echo.o", "one");
    expect_false(is_dirty(&watch));
    folder_write(folder, "echo.so", "one");
    expect_true(is_dirty(&watch));
    watch_begin(&watch);
    expect_int(unlink(echo), 0);
    expect_true(is_dirty(&watch));
}

static void a_link_that_is_swapped_may_lead_to_another_plugin(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *data = folder_path(folder, "..data");
    auto_free char *next = folder_path(folder, "..next");
    auto_watch struct watch watch = watch_of(folder);
    expect_int(symlink("v2", next), 0);
    expect_int(rename(next, data), 0);
    expect_true(is_dirty(&watch));
}

static void what_was_removed_is_known(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *removed = folder_path(folder, "removed.so");
    auto_free char *renamed = folder_path(folder, "renamed.so");
    auto_free char *away = folder_path(folder, "away");
    auto_free char *kept = folder_path(folder, "kept.so");
    folder_write(folder, "removed.so", "");
    folder_write(folder, "renamed.so", "");
    folder_write(folder, "kept.so", "");
    auto_watch struct watch watch = watch_of(folder);
    expect_int(unlink(removed), 0);
    expect_int(rename(renamed, away), 0);
    expect_true(is_dirty(&watch));
    expect_true(watch_was_removed(&watch, removed));
    expect_true(watch_was_removed(&watch, renamed));
    expect_false(watch_was_removed(&watch, kept));
}

static void what_is_removed_during_a_look_is_not_forgotten_by_it(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "echo.so");
    folder_write(folder, "echo.so", "");
    auto_watch struct watch watch = watch_of(folder);
    expect_int(unlink(path), 0);
    expect_true(is_dirty(&watch));
    watch_forget_removed(&watch);
    expect_true(watch_was_removed(&watch, path));
    poll(NULL, 0, 2); /* a look begins later than what it forgets */
    watch_begin(&watch);
    watch_forget_removed(&watch);
    expect_false(watch_was_removed(&watch, path));
}

static void a_folder_that_appears_is_noticed(void)
{
    auto_folder char *above = folder_new();
    auto_free char *folder = folder_path(above, "plugins");
    auto_watch struct watch watch = watch_of(folder);
    folder_write(above, "other", "");
    expect_false(is_dirty(&watch));
    expect_int(mkdir(folder, 0700), 0);
    expect_true(is_dirty(&watch));

    const char *const folders[] = { folder, NULL };
    watch_follow(&watch, folders, NULL);
    watch_begin(&watch);
    folder_write(folder, "echo.so", "");
    expect_true(is_dirty(&watch));
}

static void a_folder_that_is_its_neighbours_parent_hears_of_both(void)
{
    auto_folder char *above = folder_new();
    auto_free char *folder = folder_path(above, "plugins");
    auto_watch struct watch watch = watch_of(above);
    const char *const folders[] = { above, folder, NULL };
    watch_follow(&watch, folders, NULL);
    watch_begin(&watch);
    expect_int(mkdir(folder, 0700), 0);
    expect_true(is_dirty(&watch));
    watch_begin(&watch);
    folder_write(above, "echo.so", "");
    expect_true(is_dirty(&watch));
}

static void a_folder_that_goes_is_noticed(void)
{
    auto_folder char *above = folder_new();
    auto_free char *folder = folder_path(above, "plugins");
    auto_free char *away = folder_path(above, "away");
    expect_int(mkdir(folder, 0700), 0);
    auto_watch struct watch watch = watch_of(folder);
    expect_int(rename(folder, away), 0);
    expect_true(is_dirty(&watch));
}

static void somebody_who_never_stops_writing_does_not_keep_us_from_looking(void)
{
    auto_folder char *folder = folder_new();
    auto_watch struct watch watch = watch_of(folder);
    watch_set_times(&watch, 20, POLL_MS);
    uint64_t began = clock_ms();
    for (uint64_t now = began; now < began + 400; now = clock_ms()) {
        folder_write(folder, "echo.so", "more");
        expect_true(is_dirty(&watch));
        poll(NULL, 0, 5);
    }
    expect_true(watch_due(&watch) <= began + 250);
}

SUITE(host_plugin_watch, TEST(nothing_happens_until_the_next_poll), TEST(a_new_file_is_looked_at_when_it_has_settled),
      TEST(other_files_are_none_of_our_business), TEST(of_a_folder_with_one_file_that_matters_no_other_is_heard),
      TEST(a_link_that_is_swapped_may_lead_to_another_plugin), TEST(what_was_removed_is_known),
      TEST(what_is_removed_during_a_look_is_not_forgotten_by_it), TEST(a_folder_that_appears_is_noticed),
      TEST(a_folder_that_is_its_neighbours_parent_hears_of_both), TEST(a_folder_that_goes_is_noticed),
      TEST(somebody_who_never_stops_writing_does_not_keep_us_from_looking))
