/* SPDX-License-Identifier: Apache-2.0 */
/* The state folder. */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

enum { LOCK_WAIT_MS = 5000 };

static mesh_status system_error(mesh_error *err, const char *deed, const char *path)
{
    return mesh_error_set(err, MESH_E_SYSTEM, "cannot %s '%s': %s", deed, path, strerror(errno));
}

/* ---- a folder of our own ---- */

static mesh_status make_private(const char *folder, mesh_error *err)
{
    mesh_status status = folder_make(folder, 0700, err);
    if (status != MESH_OK)
        return status;
    struct stat found;
    if (stat(folder, &found) != 0)
        return system_error(err, "look at", folder);
    if (!S_ISDIR(found.st_mode))
        return mesh_error_set(err, MESH_E_SYSTEM, "'%s' is not a folder", folder);
    if (found.st_uid != geteuid())
        return mesh_error_set(err, MESH_E_SYSTEM,
                              "'%s' belongs to user %u, we run as user %u: chown it, or name another state folder",
                              folder, (unsigned)found.st_uid, (unsigned)geteuid());
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) && chmod(folder, found.st_mode & 0755) != 0)
        return system_error(err, "keep others from writing into", folder);
    return MESH_OK;
}

static long holder_of(int fd)
{
    char text[32] = "";
    ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
    return len > 0 ? strtol(text, NULL, 10) : 0;
}

/* A host that was killed is gone before a process that it had just begun to start, which still has the lock for a
 * moment. */
static bool lock_is_ours(int fd)
{
    const struct timespec pause = { 0, 10000000 };
    uint64_t deadline = clock_deadline(LOCK_WAIT_MS);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        long holder = holder_of(fd);
        bool holder_is_gone = holder > 0 && kill((pid_t)holder, 0) != 0 && errno == ESRCH;
        if (!holder_is_gone || clock_left_ms(deadline) == 0) {
            errno = EWOULDBLOCK;
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

static mesh_status lock(struct state *state, mesh_error *err)
{
    auto_free char *path = path_join(state->folder, "lock");
    if (!path)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    state->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (state->lock_fd < 0)
        return system_error(err, "open", path);
    if (!lock_is_ours(state->lock_fd))
        return mesh_error_set(err, MESH_E_EXISTS,
                              "another agentmeshd (process %ld) has the state folder '%s': end it, or give this one "
                              "another folder with --state",
                              holder_of(state->lock_fd), state->folder);
    char text[32];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(state->lock_fd, 0) != 0 || pwrite(state->lock_fd, text, (size_t)len, 0) != len)
        return system_error(err, "write", path);
    return MESH_OK;
}

/* Copies that an earlier host left. They are not plugins of ours: each start copies what it loads. */
static mesh_status empty(const char *folder, mesh_error *err)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return system_error(err, "read", folder);
    for (const struct dirent *entry; (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(entries), entry->d_name, 0);
    }
    closedir(entries);
    return MESH_OK;
}

/* ---- whether code can be mapped out of it ---- */

/* Mount points stand in the table with blanks and backslashes as octal numbers. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        unsigned code;
        if (from[0] == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
            *to = (char)code;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

struct mount {
    char point[PATH_MAX], type[64];
};

/* One line: id, parent, major:minor, root, mount point, options, ..., "-", type, source. */
static bool read_mount(const char *line, dev_t device, struct mount *mount)
{
    unsigned major_number, minor_number;
    const char *dash = strstr(line, " - ");
    if (!dash || sscanf(line, "%*d %*d %u:%u %*s %4095s", &major_number, &minor_number, mount->point) != 3 ||
        sscanf(dash, " - %63s", mount->type) != 1)
        return false;
    unescape(mount->point);
    return makedev(major_number, minor_number) == device;
}

static bool lies_below(const char *path, const char *point)
{
    size_t len = strlen(point);
    if (strcmp(point, "/") == 0)
        return true;
    return strncmp(path, point, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The mount that a folder lies on: of those of its device the longest point above it, the last one if they are stacked.
 */
static bool find_mount(const char *folder, struct mount *ret_mount)
{
    auto_free char *path = realpath(folder, NULL);
    struct stat folder_stat;
    FILE *table = fopen("/proc/self/mountinfo", "re");
    bool found = false;
    if (table && path && stat(path, &folder_stat) == 0) {
        auto_free char *line = NULL;
        size_t capacity = 0;
        struct mount mount;
        while (getline(&line, &capacity, table) > 0) {
            if (read_mount(line, folder_stat.st_dev, &mount) && lies_below(path, mount.point) &&
                (!found || strlen(mount.point) >= strlen(ret_mount->point))) {
                *ret_mount = mount;
                found = true;
            }
        }
    }
    if (table)
        fclose(table);
    return found;
}

static mesh_status explain_refusal(const char *folder, int reason, mesh_error *err)
{
    struct statvfs vfs;
    bool noexec = statvfs(folder, &vfs) == 0 && (vfs.f_flag & ST_NOEXEC);
    if (!noexec)
        return mesh_error_set(err, MESH_E_SYSTEM, "no code can be mapped from the state folder '%s': %s", folder,
                              strerror(reason));
    struct mount mount;
    if (!find_mount(folder, &mount))
        return mesh_error_set(err, MESH_E_SYSTEM,
                              "no plugin can be loaded from the state folder '%s': its file system is mounted with the "
                              "option noexec. Name a folder on another one as [host] state or with --state",
                              folder);
    return mesh_error_set(err, MESH_E_SYSTEM,
                          "no plugin can be loaded from the state folder '%s': '%s' (%s) is mounted with the option "
                          "noexec. Name a folder on another file system as [host] state or with --state, or remount: "
                          "mount -o remount,exec '%s'",
                          folder, mount.point, mount.type, mount.point);
}

static mesh_status prove_mapping(const char *folder, mesh_error *err)
{
    auto_free char *path = path_join(folder, ".probe");
    if (!path)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    auto_fd int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return system_error(err, "create", path);
    unlink(path);
    if (ftruncate(fd, (off_t)size) != 0)
        return system_error(err, "write", path);
    void *page = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (page == MAP_FAILED)
        return explain_refusal(folder, errno, err);
    munmap(page, size);
    return MESH_OK;
}

/* ---- open, close ---- */

mesh_status state_open(const char *folder, struct state **ret_state, mesh_error *err)
{
    auto_state struct state *state = calloc(1, sizeof(*state));
    if (!state)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    state->lock_fd = -1;
    state->folder = strdup(folder);
    state->generations = path_join(folder, "generations");
    state->records = path_join(folder, "records");
    if (!state->folder || !state->generations || !state->records)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");

    mesh_status status = make_private(state->folder, err);
    if (status == MESH_OK)
        status = lock(state, err);
    if (status == MESH_OK)
        status = make_private(state->generations, err);
    if (status == MESH_OK)
        status = make_private(state->records, err);
    if (status == MESH_OK)
        status = empty(state->generations, err);
    if (status == MESH_OK)
        status = prove_mapping(state->generations, err);
    if (status == MESH_OK)
        *ret_state = take(&state);
    return status;
}

struct state *state_close(struct state *state)
{
    if (state) {
        if (state->lock_fd >= 0)
            close(state->lock_fd);
        free(state->folder);
        free(state->generations);
        free(state->records);
        free(state);
    }
    return NULL;
}
