/* SPDX-License-Identifier: Apache-2.0 */
#include "base/runtime_folder.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define SYSTEM_FOLDER "/run/agentmesh"

/* Where one's own folder is, whether or not it is there. NULL: no memory. */
static char *own_folder(void)
{
    const char *session = getenv("XDG_RUNTIME_DIR");
    if (session && session[0] == '/')
        return path_join(session, "agentmesh");
    char *path = NULL;
    return asprintf(&path, "/tmp/agentmesh-%u", geteuid()) < 0 ? NULL : path;
}

/* The one folder that a variable, or being root, leaves as the choice; NULL: there is a choice. */
static const char *only_folder(void)
{
    const char *forced = getenv("AGENTMESH_RUNTIME_DIR");
    if (forced && *forced)
        return forced;
    return geteuid() == 0 ? SYSTEM_FOLDER : NULL;
}

/* /tmp belongs to everybody: a folder there counts only if nobody else can have put a file into it. */
static bool is_ours_alone(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
}

mesh_status runtime_folders(char *ret_folders[RUNTIME_FOLDERS_MAX], mesh_error *err)
{
    const char *only = only_folder();
    auto_free char *first = only ? strdup(only) : own_folder();
    auto_free char *second = only ? NULL : strdup(SYSTEM_FOLDER);
    if (!first || (!only && !second))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the runtime folder");

    size_t count = 0;
    ret_folders[0] = ret_folders[1] = NULL;
    if (only || is_ours_alone(first))
        ret_folders[count++] = take(&first);
    if (second)
        ret_folders[count] = take(&second);
    return MESH_OK;
}

mesh_status runtime_folder_make(char **ret_folder, mesh_error *err)
{
    const char *only = only_folder();
    const char *shared = only ? only : is_ours_alone(SYSTEM_FOLDER) ? SYSTEM_FOLDER : NULL;
    auto_free char *folder = shared ? strdup(shared) : own_folder();
    if (!folder)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the runtime folder");

    /* What the system's programs leave there, every user may read. */
    mesh_status status = folder_make(folder, shared ? 0755 : 0700, err);
    if (status != MESH_OK)
        return status;
    if (!shared && !is_ours_alone(folder))
        return mesh_error_set(err, MESH_E_SYSTEM,
                              "'%s' can be written by other users: remove it, or set XDG_RUNTIME_DIR", folder);
    *ret_folder = take(&folder);
    return MESH_OK;
}
