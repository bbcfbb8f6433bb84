/* SPDX-License-Identifier: Apache-2.0 */
/* Objects from and to files. */
#include <agentmesh/store.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/id.h"
#include "client/transfer.h"

struct file {
    const char *path; /* for errors */
    int fd;
};

static mesh_status failed(const char *deed, const char *path, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_SYSTEM, "cannot %s '%s': %s", deed, path, strerror(errno));
}

static mesh_status not_regular(const char *path, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not a regular file", path);
}

/* ---- put ---- */

static mesh_status read_file(void *data, void *buffer, size_t size, size_t *ret_len, mesh_error *err)
{
    const struct file *file = data;
    ssize_t got;

    do
        got = read(file->fd, buffer, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return failed("read", file->path, err);
    *ret_len = (size_t)got;
    return MESH_OK;
}

mesh_status mesh_workspace_put_file(mesh_client *client, const char *name, const char *path,
                                    const mesh_transfer_options *options, mesh_error *err)
{
    struct transfer transfer;
    struct stat st;
    mesh_status status = transfer_init(&transfer, client, name, options, err);

    if (status != MESH_OK)
        return status;
    if (!path)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "path is NULL");
    /* Without O_NONBLOCK a named pipe in this place would hold us up. */
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return failed("read", path, err);
    if (!S_ISREG(st.st_mode))
        return not_regular(path, err);
    struct file file = { path, fd };
    return transfer_put(&transfer, (uint64_t)st.st_size, read_file, &file, err);
}

/* ---- get ---- */

static mesh_status begin(void *data, uint64_t size, mesh_error *err)
{
    const struct file *file = data;

    (void)size;
    if (lseek(file->fd, 0, SEEK_SET) < 0 || ftruncate(file->fd, 0) < 0)
        return failed("write", file->path, err);
    return MESH_OK;
}

static mesh_status write_file(void *data, mesh_bytes bytes, mesh_error *err)
{
    const struct file *file = data;

    while (bytes.len > 0) {
        ssize_t written = write(file->fd, bytes.data, bytes.len);
        if (written < 0 && errno != EINTR)
            return failed("write", file->path, err);
        if (written > 0)
            bytes = mesh_bytes_of(bytes.data + written, bytes.len - (size_t)written);
    }
    return MESH_OK;
}

/* Where the content goes in the end, to free(): through symbolic links, and only in the place of a file. */
static mesh_status find_target(const char *path, char **ret_target, mesh_error *err)
{
    struct stat st;

    if (lstat(path, &st) < 0 && errno == ENOENT) {
        *ret_target = strdup(path);
        return *ret_target ? MESH_OK : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to write '%s'", path);
    }
    char *target = realpath(path, NULL);
    if (!target || stat(target, &st) < 0) {
        mesh_status status = failed("write", path, err);
        free(target);
        return status;
    }
    if (!S_ISREG(st.st_mode)) {
        free(target);
        return not_regular(path, err);
    }
    *ret_target = target;
    return MESH_OK;
}

/* A name beside the target that nobody else has, to free(). */
static char *draft_beside(const char *target)
{
    const char *slash = strrchr(target, '/');
    char id[ID_SIZE];
    char *draft = NULL;

    id_new(id);
    int folder_len = slash ? (int)(slash - target + 1) : 0;
    return asprintf(&draft, "%.*s.agentmesh-%s", folder_len, target, id) < 0 ? NULL : draft;
}

/* So that after a loss of power the name leads to the whole content or to what was there before. */
static mesh_status put_in_place(const struct file *file, const char *draft, const char *target, mesh_error *err)
{
    if (fsync(file->fd) < 0 || rename(draft, target) < 0)
        return failed("write", file->path, err);
    return MESH_OK;
}

mesh_status mesh_workspace_get_file(mesh_client *client, const char *name, const char *path,
                                    const mesh_transfer_options *options, mesh_error *err)
{
    auto_free char *target = NULL, *draft = NULL;
    struct transfer transfer;
    mesh_status status = transfer_init(&transfer, client, name, options, err);

    if (status == MESH_OK && !path)
        status = mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "path is NULL");
    if (status == MESH_OK)
        status = find_target(path, &target, err);
    if (status != MESH_OK)
        return status;
    draft = draft_beside(target);
    if (!draft)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to write '%s'", path);
    auto_fd int fd = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666); /* less the umask */
    if (fd < 0)
        return failed("write", path, err);
    struct file file = { path, fd };
    status = transfer_get(&transfer, begin, true, write_file, &file, err);
    if (status == MESH_OK)
        status = put_in_place(&file, draft, target, err);
    if (status != MESH_OK)
        unlink(draft);
    return status;
}
