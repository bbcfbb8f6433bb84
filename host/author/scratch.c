/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for as long as a program runs. */
#include "author/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { FOLDERS_OPEN = 16 };

static bool can_hold_code(const char *folder)
{
    struct statvfs vfs;
    return statvfs(folder, &vfs) == 0 && !(vfs.f_flag & ST_NOEXEC) && access(folder, W_OK) == 0;
}

/* The first that will do; NULL: none. */
static const char *find_place(void)
{
    const char *wished = getenv("TMPDIR");
    const char *const places[] = { wished && *wished == '/' ? wished : "/tmp", "/tmp", "/var/tmp" };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (can_hold_code(places[i]))
            return places[i];
    }
    return NULL;
}

mesh_status scratch_new(char **ret_folder, mesh_error *err)
{
    const char *place = find_place();
    if (!place)
        return mesh_error_set(
            err, MESH_E_SYSTEM,
            "there is no place for a temporary folder: /tmp and /var/tmp cannot be written, or are "
            "mounted noexec, so that nothing can be loaded from there; TMPDIR can name another place");
    auto_free char *path = path_join(place, "agentmesh.XXXXXX");
    if (!path)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    if (!mkdtemp(path))
        return mesh_error_set(err, MESH_E_SYSTEM,
                              "cannot make the temporary folder '%s': %s; TMPDIR can name another place", path,
                              strerror(errno));
    *ret_folder = take(&path);
    return MESH_OK;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
    (void)stat;
    (void)type;
    (void)where;
    remove(path); /* what cannot be removed keeps its folder, and the others still go */
    return 0;
}

char *scratch_remove(char *folder)
{
    if (folder && nftw(folder, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "agentmeshd: '%s' cannot be removed: %s\n", folder, strerror(errno));
    free(folder);
    return NULL;
}
