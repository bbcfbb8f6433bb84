/* SPDX-License-Identifier: Apache-2.0 */
/* Small files, read and replaced as a whole, and the folders they stand in. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include <agentmesh/error.h>

#include "base/buf.h"

/* Append a regular file to a buffer. MESH_E_NOT_FOUND: there is none; MESH_E_TOO_LARGE: over the buffer's ceiling. */
mesh_status file_read(const char *path, struct buf *out, mesh_error *err);

/* Put content in the place of what is there, in one step: a reader sees the old file or the new one, never a part. */
mesh_status file_replace(const char *path, mode_t mode, mesh_bytes content, mesh_error *err);

bool file_is_regular(const char *path);

/* Make a folder and those above it where they are missing, those above with mode 0755. */
mesh_status folder_make(const char *path, mode_t mode, mesh_error *err);

/* "folder/name", to free(); NULL: no memory. */
char *path_join(const char *folder, const char *name);

#endif
