/* SPDX-License-Identifier: Apache-2.0 */
/* One command's stay on the mesh: find it, join it, explain what went wrong, leave. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <agentmesh/client.h>

#include "base/buf.h"
#include "command.h"

/* What a command does there. payload: lent, NULL if the command sends none. Returns the exit code. */
typedef int (*session_deed)(mesh_client *client, const struct arguments *arguments, const struct buf *payload);

/* Join the mesh that the arguments, or the surroundings, name; do the deed; leave. Returns the exit code. Ctrl-C ends
 * the program with EXIT_INTERRUPTED. */
int session_run(const struct arguments *arguments, const struct buf *payload, session_deed deed);

/* The same with the payload that the second operand, or the standard input, gives. */
int session_run_with_payload(const struct arguments *arguments, session_deed deed);

/* Tell an error, with a hint at the right command for an agent (NULL: none is meant), and clear it. Returns
 * EXIT_FAILED. */
int session_failed(mesh_error *err, const char *agent);

#endif
