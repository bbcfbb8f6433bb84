/* SPDX-License-Identifier: Apache-2.0 */
/* A file that tells where a local server listens: .oam-url in a folder, oam-url in the runtime folder (protocol 3.4).
 */
#ifndef LOCAL_URL_FILE_H
#define LOCAL_URL_FILE_H

#include <agentmesh/error.h>

/* Where the file is that every program of this user looks at. To free(). */
mesh_status url_file_runtime_path(char **ret_path, mesh_error *err);

/*
 * .oam-url in the working directory. To free(). MESH_E_EXISTS: there is one that no local server can have left, since
 * it names credentials or another machine; it is not ours to replace.
 */
mesh_status url_file_mark_path(char **ret_path, mesh_error *err);

mesh_status url_file_write(const char *path, const char *url, mesh_error *err);

/* Remove it, if it still tells this URL: by now it may be another server's. Either may be NULL. */
void url_file_remove(const char *path, const char *url);

#endif
