/* SPDX-License-Identifier: Apache-2.0 */
#include "base/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

bool program_is_runnable(const char *path)
{
    return file_is_regular(path) && access(path, X_OK) == 0;
}

/* The first folder of a list that has the program. */
static char *find_in(const char *folders, const char *name)
{
    for (const char *at = folders; at && *at; at += strspn(at, ":")) {
        auto_free char *folder = strndup(at, strcspn(at, ":"));
        auto_free char *path = folder ? path_join(folder, name) : NULL;
        if (path && program_is_runnable(path))
            return take(&path);
        at += strcspn(at, ":");
    }
    return NULL;
}

char *program_find(const char *name, const char *more_folders)
{
    char *path = find_in(getenv("PATH"), name);
    return path ? path : find_in(more_folders, name);
}
