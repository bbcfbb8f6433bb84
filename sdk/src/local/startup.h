/* SPDX-License-Identifier: Apache-2.0 */
/* The way up of a local server: a port, a configuration, a process, an answer. */
#ifndef LOCAL_STARTUP_H
#define LOCAL_STARTUP_H

#include <agentmesh/local.h>

#include "local/server_process.h"
#include "local/store.h"

/*
 * Launch a server over a store whose locks are both ours, and wait until it answers. settings are complete.
 *
 * last_port  tried after the wished port, if that may float; 0: none
 * record     name, url and pid are filled in, and what it says is on disk
 * process    an empty one becomes the server's; empty again on failure
 */
mesh_status startup_run(const struct store *store, const mesh_local_options *settings, uint16_t last_port,
                        struct server_record *record, struct server_process *process, mesh_error *err);

#endif
