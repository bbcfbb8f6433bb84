/* SPDX-License-Identifier: Apache-2.0 */
/* A change of the catalog on the mesh: read, change, write if nobody else has; again until it is won (protocol 4.4). */
#ifndef CLIENT_CATALOG_EDIT_H
#define CLIENT_CATALOG_EDIT_H

#include "link/link.h"
#include "wire/catalog.h"

/* Whether the catalog is another one now. *ok becomes false without memory. May be called several times. */
typedef bool (*catalog_change)(void *closure, struct catalog *catalog, bool *ok);

/* Blocks. MESH_E_DATA: what is there cannot be read, and is left as it is. */
mesh_status catalog_edit(struct link *link, catalog_change change, void *closure, mesh_error *err);

#endif
