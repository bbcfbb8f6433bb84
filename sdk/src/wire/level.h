/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of log events: their names, and the document that sets one (protocol 12.2, 12.3). */
#ifndef WIRE_LEVEL_H
#define WIRE_LEVEL_H

#include <stdint.h>

#include <agentmesh/bytes.h>

#include "base/buf.h"

/* The key that holds the level of the whole mesh; all others are names of agents. */
#define LEVEL_KEY_GLOBAL "global"

/* All of them live for ever. */
struct level {
    const char *name;
    int32_t number; /* MESH_LOG_ */
};

/* NULL if there is none. Names are compared with case. */
const struct level *level_of_name(const char *name);
const struct level *level_of_number(int32_t number);

/* {"log_level": "..."}. MESH_E_DATA: the document is none, or there is no such level; MESH_E_NO_MEMORY. */
mesh_status level_read(mesh_bytes document, const struct level **ret_level);
void level_write(struct buf *out, const struct level *level);

#endif
