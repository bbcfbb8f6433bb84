/* SPDX-License-Identifier: Apache-2.0 */
/* The agent card: a registry document as other protocols know it (protocol 4.3). */
#ifndef WIRE_CARD_H
#define WIRE_CARD_H

#include <agentmesh/error.h>

#include "base/buf.h"

/* The document without x-agentmesh, unknown fields kept; with url, unless that is NULL. MESH_E_DATA: it is no object.
 */
mesh_status card_write(struct buf *out, mesh_bytes document, const char *url, mesh_error *err);

#endif
