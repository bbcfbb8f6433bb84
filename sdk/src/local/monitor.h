/* SPDX-License-Identifier: Apache-2.0 */
/* The health monitor beside a server of our own. Public part: <agentmesh/local.h>. */
#ifndef LOCAL_MONITOR_H
#define LOCAL_MONITOR_H

#include <agentmesh/local.h>

/* mesh_monitor_start() for options that are complete and say where to connect; credentials are taken as they are. */
mesh_status monitor_start(const mesh_monitor_options *options, mesh_monitor **ret_monitor, mesh_error *err);

#endif
