/* SPDX-License-Identifier: Apache-2.0 */
/* Where programs leave word for each other. Root has one place only, so root plays an ordinary user here. */
#include "base/runtime_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "suite.h"

enum { SOMEBODY = 65534 };

static char root[64];
static uid_t user;

static void start_afresh(void)
{
    user = getuid() == 0 ? SOMEBODY : getuid();
    snprintf(root, sizeof(root), "/tmp/runtime_folder_test.XXXXXX");
    if (!mkdtemp(root) || chown(root, user, (gid_t)-1) < 0 || seteuid(user) < 0)
        abort();
    setenv("XDG_RUNTIME_DIR", root, 1);
    unsetenv("AGENTMESH_RUNTIME_DIR");
}

static void clean_up(void)
{
    char command[128];
    if (seteuid(getuid()) < 0)
        abort();
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    if (system(command) != 0)
        abort();
}

static void expect_folders(const char *first, const char *second)
{
    char *folders[RUNTIME_FOLDERS_MAX];
    expect_int(runtime_folders(folders, NULL), MESH_OK);
    expect_str(folders[0], first);
    expect_str(folders[1], second);
    for (size_t i = 0; i < RUNTIME_FOLDERS_MAX; i++)
        free(folders[i]);
}

static void one_s_own_folder_comes_before_the_system_s(void)
{
    start_afresh();
    auto_free char *own = path_join(root, "agentmesh");
    auto_free char *made = NULL;
    expect_folders("/run/agentmesh", NULL); /* it is not there yet */
    expect_int(runtime_folder_make(&made, NULL), MESH_OK);
    expect_str(made, own);
    expect_folders(own, "/run/agentmesh");
    clean_up();
}

static void a_folder_that_others_can_write_to_is_not_trusted(void)
{
    mesh_error err = MESH_ERROR_INIT;
    start_afresh();
    auto_free char *own = path_join(root, "agentmesh");
    auto_free char *made = NULL;
    expect_int(mkdir(own, 0700), 0);
    expect_int(chmod(own, 0777), 0);
    expect_folders("/run/agentmesh", NULL);
    expect_int(runtime_folder_make(&made, &err), MESH_E_SYSTEM);
    expect_contains(mesh_error_text(&err), own);
    mesh_error_clear(&err);
    clean_up();
}

static void a_link_to_a_folder_is_not_trusted(void)
{
    start_afresh();
    auto_free char *own = path_join(root, "agentmesh");
    auto_free char *made = NULL;
    expect_int(symlink("/tmp", own), 0);
    expect_folders("/run/agentmesh", NULL);
    expect_int(runtime_folder_make(&made, NULL), MESH_E_SYSTEM);
    clean_up();
}

static void without_a_session_there_is_a_folder_by_user_in_tmp(void)
{
    char expected[64];
    struct stat st;
    start_afresh();
    unsetenv("XDG_RUNTIME_DIR");
    snprintf(expected, sizeof(expected), "/tmp/agentmesh-%u", (unsigned)user);
    bool was_there = lstat(expected, &st) == 0;
    auto_free char *made = NULL;
    expect_int(runtime_folder_make(&made, NULL), MESH_OK);
    expect_str(made, expected);
    expect_int(lstat(expected, &st), 0);
    expect_int(st.st_mode & 022, 0);
    expect_folders(expected, "/run/agentmesh");
    if (!was_there)
        rmdir(expected);
    clean_up();
}

static void a_relative_session_folder_counts_as_none(void)
{
    char expected[64];
    start_afresh();
    setenv("XDG_RUNTIME_DIR", "run", 1);
    snprintf(expected, sizeof(expected), "/tmp/agentmesh-%u", (unsigned)user);
    auto_free char *made = NULL;
    expect_int(runtime_folder_make(&made, NULL), MESH_OK);
    expect_str(made, expected);
    rmdir(expected);
    clean_up();
}

static void the_environment_can_name_the_only_folder(void)
{
    start_afresh();
    auto_free char *wished = path_join(root, "deep/er");
    auto_free char *made = NULL;
    setenv("AGENTMESH_RUNTIME_DIR", wished, 1);
    expect_folders(wished, NULL);
    expect_int(runtime_folder_make(&made, NULL), MESH_OK);
    expect_str(made, wished);
    unsetenv("AGENTMESH_RUNTIME_DIR");
    clean_up();
}

SUITE(client_runtime_folder, TEST(one_s_own_folder_comes_before_the_system_s),
      TEST(a_folder_that_others_can_write_to_is_not_trusted), TEST(a_link_to_a_folder_is_not_trusted),
      TEST(without_a_session_there_is_a_folder_by_user_in_tmp), TEST(a_relative_session_folder_counts_as_none),
      TEST(the_environment_can_name_the_only_folder))
