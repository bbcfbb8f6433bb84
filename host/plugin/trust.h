/* SPDX-License-Identifier: Apache-2.0 */
/* Who may change what we load: root, the user we run as, and one group that an operator trusts; nobody else. */
#ifndef PLUGIN_TRUST_H
#define PLUGIN_TRUST_H

#include <stdbool.h>

#include <sys/stat.h>
#include <sys/types.h>

#include <agentmesh/error.h>

struct trust {
    uid_t user;
    gid_t private_group; /* the user's own, of which nobody else is a member; (gid_t)-1: there is none */
    gid_t trusted_group; /* (gid_t)-1: none */
    bool trusts_all;     /* whoever runs us has named the file himself: nobody is refused */
};

/* Who we run as, and what the configuration says. [main] */
void trust_init(struct trust *trust, gid_t trusted_group, bool trusts_all);

/* Whether none but those can change what stat tells of. what: how the refusal calls it. [any-thread] */
mesh_status trust_check(const struct trust *trust, const struct stat *stat, const char *what, mesh_error *err);

/*
 * Open a file for reading if none but those can change it, the folder it lies in, or the links that lead to it.
 * [any-thread]
 *
 * ret_fd  given; the file that was checked, whatever becomes of its name. It is a regular file.
 */
mesh_status trust_open(const struct trust *trust, const char *path, int *ret_fd, mesh_error *err);

#endif
