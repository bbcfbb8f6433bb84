/* SPDX-License-Identifier: Apache-2.0 */
/* The health monitor beside a detached server: the program agentmesh, detached like it, ending by itself with it. */
#ifndef LOCAL_MONITOR_PROCESS_H
#define LOCAL_MONITOR_PROCESS_H

#include "local/store.h"

/* Start it over a store that we own; its pid is noted in the record and on disk. program: path of agentmesh, NULL: the
 * one in PATH; without one nothing happens. */
mesh_status monitor_process_start(const struct store *store, const char *program, struct server_record *record,
                                  mesh_error *err);

/* End the one of the record, if it runs. */
void monitor_process_end(const struct store *store, const struct server_record *record);

#endif
