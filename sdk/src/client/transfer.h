/* SPDX-License-Identifier: Apache-2.0 */
/* A transfer: one object on its way into the workspace or out of it (protocol 10). */
#ifndef CLIENT_TRANSFER_H
#define CLIENT_TRANSFER_H

#include <agentmesh/store.h>

#include "client/client.h"

#define WORKSPACE_BUCKET "mesh-artifacts"

struct transfer {
    mesh_client *client;
    const char *name; /* lent */
    mesh_transfer_options options;
    struct link_patience patience;
    uint64_t done, total;
    mesh_reader reader;
    mesh_writer writer;
    void *data; /* of the reader or writer */
};

/* Check what the caller has given. */
mesh_status transfer_init(struct transfer *transfer, mesh_client *client, const char *name,
                          const mesh_transfer_options *options, mesh_error *err);

/* total: 0 if not known. */
mesh_status transfer_put(struct transfer *transfer, uint64_t total, mesh_reader reader, void *data, mesh_error *err);

/*
 * begin is told the size before the first byte. may_again: when the object is replaced on the way, begin is called once
 * more and everything comes from the start; without, that is MESH_E_CONFLICT.
 */
typedef mesh_status (*transfer_begin)(void *data, uint64_t size, mesh_error *err);
mesh_status transfer_get(struct transfer *transfer, transfer_begin begin, bool may_again, mesh_writer writer,
                         void *data, mesh_error *err);

/* Fills in the options that every function of the workspace takes, and says what patience follows from them. */
mesh_status transfer_options(const mesh_client *client, const mesh_transfer_options *options,
                             mesh_transfer_options *ret_options, struct link_patience *ret_patience, mesh_error *err);

/* Tell what was tried in front of an error, and what about in its details. Returns status. */
mesh_status transfer_error(const char *deed, const char *name, mesh_status status, mesh_error *err);

#endif
