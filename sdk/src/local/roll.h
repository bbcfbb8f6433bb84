/* SPDX-License-Identifier: Apache-2.0 */
/* The roll of the hosts that are connected, called by the servers themselves (protocol 13.2). */
#ifndef LOCAL_ROLL_H
#define LOCAL_ROLL_H

#include "link/link.h"
#include "wire/advisory.h"

/* Whether the link is to the system account, which alone may watch all the others. Blocks.
 * MESH_E_CONNECTION_DENIED: it is not. MESH_E_TIMEOUT: no server has answered. MESH_E_NO_MEMORY: for what all tell. */
mesh_status roll_check(struct link *link, mesh_error *err);

/*
 * Call for each connection of a host that a server has now. link: to the system account. Blocks until every server has
 * had time to answer; callbacks come in the caller's thread.
 * Errors as above.
 */
mesh_status roll_call(struct link *link, connz_callback callback, void *closure, mesh_error *err);

#endif
