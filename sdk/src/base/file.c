/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static mesh_status failed(mesh_error *err, const char *deed, const char *path)
{
    int reason = errno;
    mesh_status status = reason == ENOENT || reason == ENOTDIR ? MESH_E_NOT_FOUND : MESH_E_SYSTEM;
    return mesh_error_set(err, status, "cannot %s '%s': %s", deed, path, strerror(reason));
}

static mesh_status read_all(int fd, const char *path, struct buf *out, mesh_error *err)
{
    char piece[4096];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(err, "read", path);
        if (got == 0)
            break;
        buf_append(out, piece, (size_t)got);
        if (buf_failed(out))
            break;
    }
    mesh_status status = buf_error(out, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "'%s'", path);
}

mesh_status file_read(const char *path, struct buf *out, mesh_error *err)
{
    /* Without O_NONBLOCK a named pipe in this place would hold us up. */
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return failed(err, "read", path);
    if (!S_ISREG(st.st_mode))
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot read '%s': not a regular file", path);
    return read_all(fd, path, out, err);
}

static bool write_all(int fd, mesh_bytes content)
{
    const char *at = content.data;
    for (size_t left = content.len; left > 0;) {
        ssize_t written = write(fd, at, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        at += written;
        left -= (size_t)written;
    }
    return true;
}

mesh_status file_replace(const char *path, mode_t mode, mesh_bytes content, mesh_error *err)
{
    auto_free char *draft = NULL;
    if (asprintf(&draft, "%s.XXXXXX", path) < 0)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to write '%s'", path);

    auto_fd int fd = mkostemp(draft, O_CLOEXEC);
    if (fd < 0)
        return failed(err, "write", path);
    if (fchmod(fd, mode) == 0 && write_all(fd, content) && rename(draft, path) == 0)
        return MESH_OK;

    mesh_status status = failed(err, "write", path);
    unlink(draft);
    return status;
}

bool file_is_regular(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool make_one(const char *path, mode_t mode)
{
    struct stat st;
    if (mkdir(path, mode) == 0)
        return true;
    int reason = errno;
    if (stat(path, &st) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(st.st_mode);
    }
    errno = reason;
    return false;
}

mesh_status folder_make(const char *path, mode_t mode, mesh_error *err)
{
    auto_free char *part = strdup(path);
    if (!part)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to create '%s'", path);

    for (char *slash = strchr(part + (*part == '/'), '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_one(part, 0755))
            return failed(err, "create", part);
        *slash = '/';
    }
    return make_one(path, mode) ? MESH_OK : failed(err, "create", path);
}

char *path_join(const char *folder, const char *name)
{
    size_t len = strlen(folder);
    const char *between = len > 0 && folder[len - 1] == '/' ? "" : "/";
    char *path = NULL;
    return asprintf(&path, "%s%s%s", folder, between, name) < 0 ? NULL : path;
}
