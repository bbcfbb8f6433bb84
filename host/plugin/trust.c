/* SPDX-License-Identifier: Apache-2.0 */
/* Who may change what we load. */
#include "plugin/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { MAX_LINKS = 40 };

/* A group that bears the user's name and has no other member is as good as the user. */
static gid_t private_group(uid_t user)
{
    const struct passwd *passwd = getpwuid(user);
    if (!passwd)
        return (gid_t)-1;
    auto_free char *name = strdup(passwd->pw_name);
    const struct group *group = getgrgid(passwd->pw_gid);
    if (!name || !group || strcmp(group->gr_name, name) != 0)
        return (gid_t)-1;
    for (char **member = group->gr_mem; *member; member++) {
        if (strcmp(*member, name) != 0)
            return (gid_t)-1;
    }
    return group->gr_gid;
}

void trust_init(struct trust *trust, gid_t trusted_group, bool trusts_all)
{
    trust->user = geteuid();
    trust->private_group = private_group(trust->user);
    trust->trusted_group = trusted_group;
    trust->trusts_all = trusts_all;
}

static bool group_is_trusted(const struct trust *trust, gid_t group)
{
    return group != (gid_t)-1 && (group == trust->private_group || group == trust->trusted_group);
}

mesh_status trust_check(const struct trust *trust, const struct stat *stat, const char *what, mesh_error *err)
{
    if (trust->trusts_all)
        return MESH_OK;
    if (stat->st_uid != 0 && stat->st_uid != trust->user)
        return mesh_error_set(err, MESH_E_SYSTEM,
                              "%s belongs to user %u, who could change it: only files of root and of user %u are "
                              "loaded; chown it",
                              what, (unsigned)stat->st_uid, (unsigned)trust->user);
    if (stat->st_mode & S_IWOTH)
        return mesh_error_set(err, MESH_E_SYSTEM, "%s can be changed by everybody (mode %04o): chmod o-w it", what,
                              (unsigned)(stat->st_mode & 07777));
    if ((stat->st_mode & S_IWGRP) && !group_is_trusted(trust, stat->st_gid))
        return mesh_error_set(err, MESH_E_SYSTEM,
                              "%s can be changed by group %u (mode %04o): chmod g-w it, or name the group as "
                              "trusted_group",
                              what, (unsigned)stat->st_gid, (unsigned)(stat->st_mode & 07777));
    return MESH_OK;
}

static mesh_status system_error(mesh_error *err, const char *deed, const char *path)
{
    return mesh_error_set(err, errno == ENOENT ? MESH_E_NOT_FOUND : MESH_E_SYSTEM, "cannot %s '%s': %s", deed, path,
                          strerror(errno));
}

/* Open the folder that a path's last component stands in. */
static mesh_status open_folder(const struct trust *trust, const char *path, int *ret_fd, mesh_error *err)
{
    const char *slash = strrchr(path, '/');
    auto_free char *folder = slash == path ? strdup("/") : slash ? strndup(path, slash - path) : strdup(".");
    if (!folder)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");

    auto_fd int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0)
        return system_error(err, "open", folder);
    char what[PATH_MAX + 16];
    snprintf(what, sizeof(what), "its folder '%s'", folder);
    mesh_status status = trust_check(trust, &stat, what, err);
    if (status == MESH_OK)
        *ret_fd = take_fd(&fd);
    return status;
}

/* Where the link at path leads: taken from the link's folder if it is relative. */
static mesh_status follow(int folder, const char *path, char **ret_path, mesh_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char target[PATH_MAX];
    ssize_t len = readlinkat(folder, name, target, sizeof(target) - 1);
    if (len < 0)
        return system_error(err, "read the link", path);
    target[len] = '\0';

    char *next = NULL;
    if (target[0] == '/' || !slash)
        next = strdup(target);
    else if (asprintf(&next, "%.*s/%s", (int)(slash - path), path, target) < 0)
        next = NULL;
    if (!next)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    *ret_path = next;
    return MESH_OK;
}

static mesh_status check_file(const struct trust *trust, int fd, const char *path, mesh_error *err)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return system_error(err, "look at", path);
    if (!S_ISREG(stat.st_mode))
        return mesh_error_set(err, MESH_E_DATA, "it is not a regular file");
    return trust_check(trust, &stat, "it", err);
}

mesh_status trust_open(const struct trust *trust, const char *path, int *ret_fd, mesh_error *err)
{
    auto_free char *at = strdup(path);
    if (!at)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");

    for (int links = 0; links < MAX_LINKS; links++) {
        auto_fd int folder = -1;
        mesh_status status = open_folder(trust, at, &folder, err);
        if (status != MESH_OK)
            return status;
        const char *slash = strrchr(at, '/');
        /* Not blocking: a pipe of that name must not hold us up. */
        auto_fd int fd = openat(folder, slash ? slash + 1 : at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            status = check_file(trust, fd, at, err);
            if (status == MESH_OK)
                *ret_fd = take_fd(&fd);
            return status;
        }
        if (errno != ELOOP)
            return system_error(err, "open", at);
        char *next = NULL;
        status = follow(folder, at, &next, err);
        if (status != MESH_OK)
            return status;
        free(at);
        at = next;
    }
    return mesh_error_set(err, MESH_E_SYSTEM, "more than %d links lead from '%s' to each other", MAX_LINKS, path);
}
