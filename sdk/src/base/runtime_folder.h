/* SPDX-License-Identifier: Apache-2.0 */
/* The folder where programs leave word for each other while they run: who serves a mesh on this machine. */
#ifndef BASE_RUNTIME_FOLDER_H
#define BASE_RUNTIME_FOLDER_H

#include <agentmesh/error.h>

#define RUNTIME_URL_FILE "oam-url"

enum { RUNTIME_FOLDERS_MAX = 2 };

/*
 * Where to look, in this order: one's own folder ($XDG_RUNTIME_DIR/agentmesh, without that variable
 * /tmp/agentmesh-UID), then the system's, /run/agentmesh. Root has only the system's. AGENTMESH_RUNTIME_DIR, if set,
 * stands for all of them. Places that anybody else could have made are left out. Unused elements are NULL; free() each.
 */
mesh_status runtime_folders(char *ret_folders[RUNTIME_FOLDERS_MAX], mesh_error *err);

/* Where to write: the system's folder if it is ours, else one's own; made if missing. To free(). */
mesh_status runtime_folder_make(char **ret_folder, mesh_error *err);

#endif
