/* SPDX-License-Identifier: Apache-2.0 */
/* What a local server says: a file in its store, and its last words when it fails. */
#ifndef LOCAL_SERVER_LOG_H
#define LOCAL_SERVER_LOG_H

#include <stdbool.h>

#include <agentmesh/error.h>

/* Open an empty log for writing; what an earlier server said is kept beside it as PATH.old if keep says so. */
mesh_status server_log_open(const char *path, bool keep, int *ret_fd, mesh_error *err);

/* Its last line, without stamp and level. To free(); NULL if it said nothing. */
char *server_log_last_words(const char *path);

bool server_log_says(const char *path, const char *words);

#endif
