/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of mesh.ini to the fields of a struct config, by the table of keys. */
#ifndef HOST_BUILDER_H
#define HOST_BUILDER_H

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

#include "config.h"
#include "keys.h"

/* Fill the fields of a section that have a default in the table. target: what its keys land in. Fails only without
 * memory. */
mesh_status builder_defaults(enum section section, void *target, mesh_error *err);

/*
 * Fill config, which holds the defaults, with what the text says.
 *
 * file    what messages call it
 * folder  where relative paths start
 * report  every mistake is added
 * MESH_E_DATA          there are mistakes; config is of no use but to be freed
 * MESH_E_INCOMPATIBLE  the system's inih will not do; the report tells
 */
mesh_status builder_fill(struct config *config, const char *file, const char *folder, mesh_bytes text,
                         struct config_report *report);

#endif
