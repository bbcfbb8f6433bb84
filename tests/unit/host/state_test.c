/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder.h"
#include "suite.h"

static void the_folder_is_made_for_us_alone(void)
{
    auto_folder char *above = folder_new();
    auto_free char *folder = folder_path(above, "a/b/state");
    auto_state struct state *state = NULL;
    struct stat stat_of;
    expect_int(state_open(folder, &state, NULL), MESH_OK);
    expect_int(stat(folder, &stat_of), 0);
    expect_int(stat_of.st_mode & 07777, 0700);
    expect_int(stat(state->generations, &stat_of), 0);
    expect_int(stat_of.st_mode & 07777, 0700);
}

static void copies_of_an_earlier_host_are_removed(void)
{
    auto_folder char *folder = folder_new();
    struct state *state = NULL;
    expect_int(state_open(folder, &state, NULL), MESH_OK);
    folder_write(state->generations, "echo.1.abc.so", "old");
    auto_free char *left = folder_path(state->generations, "echo.1.abc.so");
    state = state_close(state);
    expect_int(state_open(folder, &state, NULL), MESH_OK);
    expect_true(access(left, F_OK) != 0);
    state_close(state);
}

static void one_host_at_a_time(void)
{
    auto_folder char *folder = folder_new();
    struct state *first = NULL, *second = NULL;
    mesh_error err = MESH_ERROR_INIT;
    char process[64];
    expect_int(state_open(folder, &first, NULL), MESH_OK);
    expect_int(state_open(folder, &second, &err), MESH_E_EXISTS);
    snprintf(process, sizeof(process), "process %ld", (long)getpid());
    expect_contains(mesh_error_text(&err), process);
    mesh_error_clear(&err);
    first = state_close(first);
    expect_int(state_open(folder, &second, NULL), MESH_OK);
    state_close(second);
}

static void others_lose_the_right_to_write(void)
{
    auto_folder char *folder = folder_new();
    auto_state struct state *state = NULL;
    struct stat stat_of;
    expect_int(chmod(folder, 0777), 0);
    expect_int(state_open(folder, &state, NULL), MESH_OK);
    expect_int(stat(folder, &stat_of), 0);
    expect_int(stat_of.st_mode & 0022, 0);
}

static void a_folder_of_another_user_is_refused(void)
{
    if (geteuid() != 0) {
        skip("only root can give folders away");
        return;
    }
    auto_folder char *folder = folder_new();
    struct state *state = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(chown(folder, 12345, 0), 0);
    expect_int(state_open(folder, &state, &err), MESH_E_SYSTEM);
    expect_contains(mesh_error_text(&err), "belongs to user 12345");
    mesh_error_clear(&err);
}

static void a_file_in_its_place_is_refused(void)
{
    auto_folder char *above = folder_new();
    auto_free char *folder = folder_path(above, "state");
    struct state *state = NULL;
    mesh_error err = MESH_ERROR_INIT;
    folder_write(above, "state", "");
    expect_true(state_open(folder, &state, &err) != MESH_OK);
    expect_contains(mesh_error_text(&err), folder);
    mesh_error_clear(&err);
}

SUITE(host_state, TEST(the_folder_is_made_for_us_alone), TEST(copies_of_an_earlier_host_are_removed),
      TEST(one_host_at_a_time), TEST(others_lose_the_right_to_write), TEST(a_folder_of_another_user_is_refused),
      TEST(a_file_in_its_place_is_refused))
