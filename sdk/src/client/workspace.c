/* SPDX-License-Identifier: Apache-2.0 */
/* Objects from and to callbacks, and deleted (protocol 10). */
#include <agentmesh/store.h>

#include "client/entry.h"
#include "client/transfer.h"
#include "serve/service.h"

mesh_status mesh_workspace_put_from(mesh_client *client, const char *name, mesh_reader reader, void *data,
                                    const mesh_transfer_options *options, mesh_error *err)
{
    struct transfer transfer;
    mesh_status status = transfer_init(&transfer, client, name, options, err);

    if (status != MESH_OK)
        return status;
    if (!reader)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "reader is NULL");
    return transfer_put(&transfer, 0, reader, data, err);
}

mesh_status mesh_workspace_get_to(mesh_client *client, const char *name, mesh_writer writer, void *data,
                                  const mesh_transfer_options *options, mesh_error *err)
{
    struct transfer transfer;
    mesh_status status = transfer_init(&transfer, client, name, options, err);

    if (status != MESH_OK)
        return status;
    if (!writer)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "writer is NULL");
    return transfer_get(&transfer, NULL, false, writer, data, err);
}

mesh_status mesh_workspace_delete(mesh_client *client, const char *name, mesh_error *err)
{
    struct transfer transfer;
    mesh_status status = transfer_init(&transfer, client, name, NULL, err);

    if (status != MESH_OK)
        return status;
    worker_blocks(true);
    status = link_object_delete(client->core->link, WORKSPACE_BUCKET, name, err);
    worker_blocks(false);
    return status == MESH_OK ? MESH_OK : transfer_error("delete", name, status, err);
}
