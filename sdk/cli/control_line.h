/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the host that runs on this machine, at its control socket. */
#ifndef CLI_CONTROL_LINE_H
#define CLI_CONTROL_LINE_H

#include <cjson/cJSON.h>

#include <agentmesh/error.h>

/*
 * Ask and wait for the answer, however long that takes.
 *
 * socket      path; NULL: the usual ones, one's own before the system's
 * question    a JSON object on one line, without the newline
 * ret_result  given; end it with cJSON_Delete()
 * MESH_E_NOT_FOUND          no host listens there
 * MESH_E_CONNECTION_DENIED  one does not speak with us
 * MESH_E_CONNECTION_FAILED  it hung up
 * anything else             what it answered
 */
mesh_status control_line_ask(const char *socket, mesh_bytes question, cJSON **ret_result, mesh_error *err);

#endif
