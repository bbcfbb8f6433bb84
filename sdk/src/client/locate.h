/* SPDX-License-Identifier: Apache-2.0 */
/* Where the mesh is, and which credentials to show it (protocol 3.3 and 3.4). Public part: <agentmesh/client.h>. */
#ifndef CLIENT_LOCATE_H
#define CLIENT_LOCATE_H

#include <agentmesh/error.h>

/*
 * The credentials file to use: the explicit one, OAM_CREDS, the one that the nearest .oam-url names, none.
 *
 * explicit_path  lent; NULL or "" where none was given
 * ret_path       given, free() it; NULL if there is none
 * MESH_E_CONNECTION_FAILED  the path that was found is not a regular file
 */
mesh_status locate_credentials(const char *explicit_path, char **ret_path, mesh_error *err);

#endif
