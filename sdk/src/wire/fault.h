/* SPDX-License-Identifier: Apache-2.0 */
/* The error envelope: mesh_error to error body and back (protocol 11). */
#ifndef WIRE_FAULT_H
#define WIRE_FAULT_H

#include <agentmesh/error.h>

#include "base/buf.h"

/*
 * Write the envelope of an error: five keys always. agent and request_id fill what the error itself does not name. The
 * message travels without prefixes. A status without a wire name, and kv_key_exists, travel as handler_error; the
 * latter keeps its code in details (protocol 11.3).
 */
void fault_write(struct buf *out, const mesh_error *error, const char *agent, const char *request_id);

/*
 * Read an envelope into err and return its status. Every field is optional, wrong types count as absent; a body that is
 * empty or no JSON object is mesh_error "mesh error". agent stands in where the envelope names none; request_id always
 * replaces what came, NULL keeps it. Codes that we do not know give MESH_E_MESH and keep their name.
 */
mesh_status fault_read(mesh_bytes body, const char *agent, const char *request_id, mesh_error *err);

#endif
