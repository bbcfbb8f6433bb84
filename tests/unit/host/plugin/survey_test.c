/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/survey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder.h"
#include "suite.h"

enum { NO_SETTLING = 0, LONG_SETTLING = 60000 };

static struct survey *look_at(const char *first, const char *second, uint32_t settle_ms)
{
    const char *const folders[] = { first, second, NULL };
    struct survey *survey = NULL;
    expect_int(survey_take(folders, NULL, settle_ms, &survey, NULL), MESH_OK);
    return survey;
}

static void only_shared_objects_with_their_last_name_are_seen(void)
{
    static const struct {
        const char *name;
        bool ignored;
    } cases[] = {
        { "echo.so", false },
        { "a.b-c_d.so", false },
        { "echo", true },
        { "README", true },
        { ".echo.so", true },
        { ".so", true },
        { "so", true },
        { "echo.so~", true },
        { "echo.so.tmp", true },
        { "echo.so.part", true },
        { "echo.so.dpkg-new", true },
        { "echo.so.dpkg-tmp", true },
        { "echo.so.rpmnew", true },
        { "echo.so;5f3a", true },
        { ".echo.so.swp", true },
        { "echo.so.1", true },
        { "4913", true },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_int(survey_ignores(cases[i].name), cases[i].ignored);
}

static void plugins_are_named_after_their_files(void)
{
    auto_folder char *folder = folder_new();
    folder_write(folder, "b.so", "b");
    folder_write(folder, "a.so", "a");
    folder_write(folder, "notes.txt", "");
    struct survey *survey = look_at(folder, NULL, NO_SETTLING);
    expect_int(survey->count, 2);
    expect_str(survey->sightings[0].name, "a");
    expect_str(survey->sightings[1].name, "b");
    expect_contains(survey->sightings[0].path, folder);
    survey_free(survey);
}

static void where_one_file_counts_no_other_is_seen(void)
{
    auto_folder char *folder = folder_new();
    const char *const folders[] = { folder, NULL };
    folder_write(folder, "a.so", "a");
    folder_write(folder, "b.so", "b");
    folder_write(folder, "no name.so", "c");
    struct survey *survey = NULL;
    expect_int(survey_take(folders, "b.so", NO_SETTLING, &survey, NULL), MESH_OK);
    expect_int(survey->count, 1);
    expect_int(survey->stray_count, 0);
    expect_str(survey->sightings[0].name, "b");
    survey_free(survey);
}

static void names_that_no_plugin_may_have_are_told(void)
{
    auto_folder char *folder = folder_new();
    folder_write(folder, "two words.so", "");
    folder_write(folder, "ok.so", "");
    struct survey *survey = look_at(folder, NULL, NO_SETTLING);
    expect_int(survey->count, 1);
    expect_int(survey->stray_count, 1);
    expect_contains(survey->strays[0].path, "two words.so");
    expect_contains(survey->strays[0].reason, "64 letters");
    survey_free(survey);
}

static void a_later_folder_wins(void)
{
    auto_folder char *packaged = folder_new();
    auto_folder char *dropped = folder_new();
    folder_write(packaged, "echo.so", "old");
    folder_write(packaged, "other.so", "other");
    folder_write(dropped, "echo.so", "new one");
    struct survey *survey = look_at(packaged, dropped, NO_SETTLING);
    expect_int(survey->count, 2);
    expect_contains(survey_find(survey, "echo")->path, dropped);
    expect_int(survey_find(survey, "echo")->folder, 1);
    expect_int(survey->stray_count, 1);
    expect_true(survey->strays[0].is_hidden);
    expect_contains(survey->strays[0].path, packaged);
    survey_free(survey);
}

static void a_missing_folder_is_no_failure(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *missing = NULL;
    expect_true(asprintf(&missing, "%s/none", folder) > 0);
    folder_write(folder, "echo.so", "");
    struct survey *survey = look_at(missing, folder, NO_SETTLING);
    expect_false(survey->folders[0].found);
    expect_true(survey->folders[1].found);
    expect_int(survey->count, 1);
    survey_free(survey);
}

static struct file_state state_of(const char *folder, const char *name)
{
    struct survey *survey = look_at(folder, NULL, NO_SETTLING);
    struct file_state state = survey_find(survey, name)->state;
    survey_free(survey);
    return state;
}

static void any_change_of_a_file_changes_its_state(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "echo.so");
    folder_write(folder, "echo.so", "one");
    struct file_state first = state_of(folder, "echo");
    struct file_state same = state_of(folder, "echo");
    expect_true(file_state_same(&first, &same));

    folder_write(folder, "echo.so", "more");
    struct file_state longer = state_of(folder, "echo");
    expect_false(file_state_same(&first, &longer));

    expect_int(chmod(path, 0600), 0);
    struct file_state guarded = state_of(folder, "echo");
    expect_false(file_state_same(&longer, &guarded));

    expect_int(unlink(path), 0);
    folder_write(folder, "echo.so", "more");
    struct file_state other = state_of(folder, "echo");
    expect_false(file_state_same(&guarded, &other));

    expect_int(chmod(folder, 0711), 0);
    struct file_state moved = state_of(folder, "echo");
    expect_false(file_state_same(&other, &moved));
}

static void a_file_rests_when_it_has_not_changed_for_a_while(void)
{
    auto_folder char *folder = folder_new();
    folder_write(folder, "echo.so", "fresh");
    struct survey *survey = look_at(folder, NULL, LONG_SETTLING);
    expect_false(survey->sightings[0].rests);
    survey_free(survey);
    survey = look_at(folder, NULL, NO_SETTLING);
    expect_true(survey->sightings[0].rests);
    survey_free(survey);
}

static void links_are_followed_and_dangling_ones_told(void)
{
    auto_folder char *folder = folder_new();
    auto_folder char *elsewhere = folder_new();
    auto_free char *target = folder_path(elsewhere, "v1");
    folder_write(elsewhere, "v1", "content");
    auto_free char *link = folder_path(folder, "echo.so");
    expect_int(symlink(target, link), 0);
    struct file_state there = state_of(folder, "echo");
    expect_int(there.size, strlen("content"));

    expect_int(unlink(target), 0);
    struct file_state gone = state_of(folder, "echo");
    expect_int(gone.problem, ENOENT);
}

SUITE(host_plugin_survey, TEST(only_shared_objects_with_their_last_name_are_seen),
      TEST(plugins_are_named_after_their_files), TEST(where_one_file_counts_no_other_is_seen),
      TEST(names_that_no_plugin_may_have_are_told), TEST(a_later_folder_wins), TEST(a_missing_folder_is_no_failure),
      TEST(any_change_of_a_file_changes_its_state), TEST(a_file_rests_when_it_has_not_changed_for_a_while),
      TEST(links_are_followed_and_dangling_ones_told))
