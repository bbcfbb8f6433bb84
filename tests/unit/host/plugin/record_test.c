/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/record.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder.h"
#include "suite.h"

#define auto_record __attribute__((cleanup(record_clear)))

static void an_unknown_plugin_has_an_empty_record(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record;
    expect_int(record_read(folder, "echo", &record, NULL), MESH_OK);
    expect_str(record.good.hash, "");
    expect_int(record.aside_count, 0);
    expect_false(record.is_disabled);
}

static void what_is_written_is_read_again(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record written = { .is_disabled = true }, read;
    expect_true(record_set_aside(&written, "aa", "it \"crashed\""));
    expect_true(record_set_aside(&written, "bb", "it hung"));
    expect_int(record_write(folder, "echo", &written, NULL), MESH_OK);

    expect_int(record_read(folder, "echo", &read, NULL), MESH_OK);
    expect_true(read.is_disabled);
    expect_str(record_why_aside(&read, "aa"), "it \"crashed\"");
    expect_str(record_why_aside(&read, "bb"), "it hung");
    expect_true(!record_why_aside(&read, "cc"));
}

static void an_empty_record_leaves_no_file(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "echo.json");
    auto_record struct record record = { .is_disabled = true };
    expect_int(record_write(folder, "echo", &record, NULL), MESH_OK);
    expect_int(access(path, F_OK), 0);
    record.is_disabled = false;
    expect_int(record_write(folder, "echo", &record, NULL), MESH_OK);
    expect_true(access(path, F_OK) != 0);
}

static void what_was_forgiven_is_not_aside(void)
{
    auto_record struct record record = { 0 };
    expect_true(record_set_aside(&record, "aa", "one"));
    expect_true(record_set_aside(&record, "bb", "two"));
    record_forgive(&record, "aa");
    record_forgive(&record, "cc");
    expect_true(!record_why_aside(&record, "aa"));
    expect_str(record_why_aside(&record, "bb"), "two");
}

static void the_oldest_is_forgotten_when_there_are_too_many(void)
{
    auto_record struct record record = { 0 };
    char hash[16];
    for (int i = 0; i <= RECORD_ASIDE_MAX; i++) {
        snprintf(hash, sizeof(hash), "%d", i);
        expect_true(record_set_aside(&record, hash, "harm"));
    }
    expect_int(record.aside_count, RECORD_ASIDE_MAX);
    expect_true(!record_why_aside(&record, "0"));
    expect_str(record_why_aside(&record, hash), "harm");
}

static void a_version_set_aside_twice_is_there_once(void)
{
    auto_record struct record record = { 0 };
    expect_true(record_set_aside(&record, "aa", "first"));
    expect_true(record_set_aside(&record, "aa", "again"));
    expect_int(record.aside_count, 1);
    expect_str(record_why_aside(&record, "aa"), "again");
}

static void a_damaged_record_is_told_and_empty(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record;
    mesh_error err = MESH_ERROR_INIT;
    folder_write(folder, "echo.json", "{\"aside\": [");
    expect_int(record_read(folder, "echo", &record, &err), MESH_E_DATA);
    expect_contains(mesh_error_text(&err), "echo.json' is damaged");
    expect_int(record.aside_count, 0);
    mesh_error_clear(&err);
}

static void members_of_the_wrong_type_are_left_out(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record;
    folder_write(folder, "echo.json",
                 "{\"good\": [1], \"disabled\": \"yes\", \"aside\": [7, {\"sha256\": 1}, {\"sha256\": \"aa\"}]}");
    expect_int(record_read(folder, "echo", &record, NULL), MESH_OK);
    expect_str(record.good.hash, "");
    expect_false(record.is_disabled);
    expect_int(record.aside_count, 1);
    expect_str(record_why_aside(&record, "aa"), "");
}

static void a_good_copy_outlives_the_image(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *image_path = folder_path(folder, "echo.1.so");
    auto_free char *copy = folder_path(folder, "echo@abc.so");
    auto_record struct record record = { 0 }, read;
    struct image image = { .path = image_path, .hash = "abc" };
    folder_write(folder, "echo.1.so", "code");
    expect_int(record_keep(folder, "echo", &record, &image, "1.2.3", NULL), MESH_OK);
    expect_int(record_write(folder, "echo", &record, NULL), MESH_OK);
    expect_int(unlink(image_path), 0);

    struct stat found;
    expect_int(stat(copy, &found), 0);
    expect_int(found.st_size, 4);
    expect_int(record_read(folder, "echo", &read, NULL), MESH_OK);
    expect_str(read.good.hash, "abc");
    expect_str(read.good.version, "1.2.3");
    expect_true(read.good.at[0] != '\0');
}

static void keep(const char *folder, struct record *record, const char *hash)
{
    auto_free char *path = folder_path(folder, "image.so");
    struct image image = { .path = path };
    snprintf(image.hash, sizeof(image.hash), "%s", hash);
    folder_write(folder, "image.so", hash);
    expect_int(record_keep(folder, "echo", record, &image, hash, NULL), MESH_OK);
    expect_int(unlink(path), 0);
}

static bool has(const char *folder, const char *name)
{
    auto_free char *path = folder_path(folder, name);
    return access(path, F_OK) == 0;
}

static void two_good_copies_are_kept(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record = { 0 };
    keep(folder, &record, "abc");
    keep(folder, &record, "def");
    expect_str(record.good.version, "def");
    expect_str(record.previous.version, "abc");
    expect_true(has(folder, "echo@abc.so") && has(folder, "echo@def.so"));
    keep(folder, &record, "123");
    expect_true(!has(folder, "echo@abc.so") && has(folder, "echo@def.so") && has(folder, "echo@123.so"));
}

static void going_back_to_the_previous_one_keeps_both(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record = { 0 };
    keep(folder, &record, "abc");
    keep(folder, &record, "def");
    keep(folder, &record, "abc");
    expect_str(record.good.hash, "abc");
    expect_str(record.previous.hash, "def");
    expect_true(has(folder, "echo@abc.so") && has(folder, "echo@def.so"));
}

/* The copy is there before the record says so. */
static void a_host_killed_between_copy_and_record_leaves_what_belongs_together(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record = { 0 }, read;
    keep(folder, &record, "abc");
    expect_int(record_write(folder, "echo", &record, NULL), MESH_OK);
    keep(folder, &record, "def");
    expect_int(record_read(folder, "echo", &read, NULL), MESH_OK);
    auto_free char *copy = record_stand_in(folder, "echo", &read);
    expect_contains(copy, "/echo@abc.so");
}

static void a_copy_that_cannot_be_made_is_told(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "nothing.so");
    auto_record struct record record = { 0 };
    mesh_error err = MESH_ERROR_INIT;
    struct image image = { .path = path, .hash = "abc" };
    expect_int(record_keep(folder, "echo", &record, &image, "1", &err), MESH_E_SYSTEM);
    expect_contains(mesh_error_text(&err), "cannot keep '");
    expect_str(record.good.hash, "");
    mesh_error_clear(&err);
}

static void what_stands_in_is_the_last_good_one_that_was_not_set_aside(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record = { 0 };
    keep(folder, &record, "aa");
    keep(folder, &record, "bb");
    auto_free char *first = record_stand_in(folder, "echo", &record);
    expect_contains(first, "/echo@bb.so");
    expect_true(record_set_aside(&record, "bb", "harm"));
    auto_free char *second = record_stand_in(folder, "echo", &record);
    expect_contains(second, "/echo@aa.so");
    expect_true(record_set_aside(&record, "aa", "harm"));
    expect_true(!record_stand_in(folder, "echo", &record));
}

static void a_copy_that_somebody_has_removed_does_not_stand_in(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *good = folder_path(folder, "echo@bb.so");
    auto_record struct record record = { 0 };
    keep(folder, &record, "aa");
    keep(folder, &record, "bb");
    expect_int(unlink(good), 0);
    auto_free char *path = record_stand_in(folder, "echo", &record);
    expect_contains(path, "/echo@aa.so");
}

static void hashes_that_are_none_are_left_out(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record;
    folder_write(folder, "echo.json",
                 "{\"good\": {\"sha256\": \"/../../x\"}, \"previous\": {\"sha256\": \"\"}, \"crash\": {\"sha256\": "
                 "\"zz\"}, \"aside\": [{\"sha256\": \"AA\"}]}");
    expect_int(record_read(folder, "echo", &record, NULL), MESH_OK);
    expect_str(record.good.hash, "");
    expect_str(record.previous.hash, "");
    expect_str(record.crashed_hash, "");
    expect_int(record.aside_count, 0);
}

static void moments_out_of_this_world_are_survived(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record;
    folder_write(folder, "echo.json",
                 "{\"good\": {\"sha256\": \"aa\"}, \"crash\": {\"sha256\": \"aa\", \"seconds\": "
                 "-9223372036854775808, \"count\": -1}}");
    expect_int(record_read(folder, "echo", &record, NULL), MESH_OK);
    expect_false(record_crashed(&record, "aa", "harm", 1700000000));
    expect_int(record.crashes, 1);
}

static void the_fullest_record_can_be_read_again(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record written = { 0 }, read;
    char hash[16], reason[5000];
    memset(reason, '"', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    for (int i = 0; i < RECORD_ASIDE_MAX; i++) {
        snprintf(hash, sizeof(hash), "%d", i);
        expect_true(record_set_aside(&written, hash, reason));
    }
    expect_int(record_write(folder, "echo", &written, NULL), MESH_OK);
    expect_int(record_read(folder, "echo", &read, NULL), MESH_OK);
    expect_int(read.aside_count, RECORD_ASIDE_MAX);
}

static void count_and_check(void *closure, const char *plugin)
{
    expect_str(plugin, "echo");
    ++*(int *)closure;
}

static void all_records_are_visited(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record = { .is_disabled = true };
    int count = 0;
    folder_write(folder, "echo@abc.so", "code");
    folder_write(folder, ".json", "{}");
    expect_int(record_write(folder, "echo", &record, NULL), MESH_OK);
    expect_int(record_each(folder, count_and_check, &count, NULL), MESH_OK);
    expect_int(count, 1);
}

static void with_its_file_the_copies_go_but_not_what_was_decided(void)
{
    auto_folder char *folder = folder_new();
    auto_record struct record record = { .is_disabled = true }, read;
    keep(folder, &record, "aa");
    keep(folder, &record, "bb");
    expect_true(record_set_aside(&record, "cc", "harm"));
    expect_int(record_release(folder, "echo", &record, NULL), MESH_OK);
    expect_true(!has(folder, "echo@aa.so") && !has(folder, "echo@bb.so"));
    expect_int(record_read(folder, "echo", &read, NULL), MESH_OK);
    expect_true(read.is_disabled && record_why_aside(&read, "cc"));
    expect_str(read.good.hash, "");

    read.is_disabled = false;
    record_forgive(&read, "cc");
    expect_int(record_release(folder, "echo", &read, NULL), MESH_OK);
    expect_false(has(folder, "echo.json"));
}

static void what_a_killed_host_left_is_tidied_up(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *stale = folder_path(folder, "echo@abc.so"), *draft = folder_path(folder, "echo.json.Xy12Zz");
    auto_free char *kept = folder_path(folder, "echo@def.so"), *record = folder_path(folder, "echo.json");
    folder_write(folder, "echo@abc.so", "old code");
    folder_write(folder, "echo@def.so", "code");
    folder_write(folder, "echo.json.Xy12Zz", "{\"good\"");
    folder_write(folder, "echo.json", "{\"good\": {\"sha256\": \"def\", \"version\": \"1\", \"at\": \"\"}}");
    record_tidy(folder);
    expect_true(access(stale, F_OK) != 0);
    expect_true(access(draft, F_OK) != 0);
    expect_int(access(kept, F_OK), 0);
    expect_int(access(record, F_OK), 0);
}

SUITE(host_plugin_record, TEST(an_unknown_plugin_has_an_empty_record), TEST(what_is_written_is_read_again),
      TEST(an_empty_record_leaves_no_file), TEST(what_was_forgiven_is_not_aside),
      TEST(the_oldest_is_forgotten_when_there_are_too_many), TEST(a_version_set_aside_twice_is_there_once),
      TEST(a_damaged_record_is_told_and_empty), TEST(members_of_the_wrong_type_are_left_out),
      TEST(a_good_copy_outlives_the_image), TEST(two_good_copies_are_kept),
      TEST(going_back_to_the_previous_one_keeps_both),
      TEST(a_host_killed_between_copy_and_record_leaves_what_belongs_together),
      TEST(a_copy_that_cannot_be_made_is_told), TEST(what_stands_in_is_the_last_good_one_that_was_not_set_aside),
      TEST(a_copy_that_somebody_has_removed_does_not_stand_in), TEST(hashes_that_are_none_are_left_out),
      TEST(moments_out_of_this_world_are_survived), TEST(the_fullest_record_can_be_read_again),
      TEST(all_records_are_visited), TEST(with_its_file_the_copies_go_but_not_what_was_decided),
      TEST(what_a_killed_host_left_is_tidied_up))
