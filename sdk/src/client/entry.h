/* SPDX-License-Identifier: Apache-2.0 */
/* A key as it was read, and what everything that is stored under names has in common. */
#ifndef CLIENT_ENTRY_H
#define CLIENT_ENTRY_H

#include <agentmesh/store.h>

#include "client/client.h"

#define KEYS_BUCKET "mesh-context"

struct mesh_entry {
    const char *key;
    mesh_bytes value; /* NUL-terminated, as the key in the same piece of memory */
    uint64_t revision;
    int32_t operation;
};

/* To mesh_entry_free(). NULL: no memory. */
mesh_entry *entry_new(const char *key, mesh_bytes value, uint64_t revision, int32_t operation);

static inline void cleanup_entry(mesh_entry **slot)
{
    mesh_entry_free(*slot);
}

#define auto_entry __attribute__((cleanup(cleanup_entry)))

/* Whether a client may be asked for something of this name: MESH_E_INVALID_ARGUMENT for NULL, MESH_E_STOPPED. */
mesh_status store_enter(const mesh_client *client, const char *what, const char *name, mesh_error *err);

/* Add what is asked about to an error: details {"key": name}. Returns status. */
mesh_status store_error(mesh_status status, const char *name, mesh_error *err);

#endif
