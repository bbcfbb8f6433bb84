/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for one test. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

enum { FILE_MAX = 64 << 20 };

static _Noreturn void give_up(const char *deed, const char *path)
{
    fprintf(stderr, "cannot %s '%s': %s\n", deed, path, strerror(errno));
    exit(1);
}

char *folder_new(void)
{
    const char *above = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/agentmesh-test.XXXXXX", above ? above : "/tmp") < 0 || !mkdtemp(path))
        give_up("make", above ? above : "/tmp");
    return path;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
    (void)stat;
    (void)type;
    (void)where;
    return remove(path);
}

void folder_remove(char *folder)
{
    if (folder)
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

char *folder_path(const char *folder, const char *name)
{
    char *path = path_join(folder, name);
    if (!path)
        give_up("name", name);
    return path;
}

void folder_write_bytes(const char *folder, const char *name, const void *data, size_t len)
{
    auto_free char *path = folder_path(folder, name);
    auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        give_up("write", path);
}

void folder_write(const char *folder, const char *name, const char *content)
{
    folder_write_bytes(folder, name, content, strlen(content));
}

void folder_copy(const char *folder, const char *name, const char *from)
{
    auto_buf struct buf content;
    buf_init(&content, FILE_MAX);
    if (file_read(from, &content, NULL) != MESH_OK)
        give_up("read", from);
    folder_write_bytes(folder, name, buf_text(&content), content.len);
}

void folder_put(const char *folder, const char *name, const char *from)
{
    auto_free char *temporary = folder_path(folder, ".putting");
    auto_free char *path = folder_path(folder, name);
    folder_copy(folder, ".putting", from);
    if (rename(temporary, path) != 0)
        give_up("rename", path);
}
