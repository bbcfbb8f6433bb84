/* SPDX-License-Identifier: Apache-2.0 */
/* What one version of a plugin hands over to another. */
#include <agentmesh/plugin.h>
#include <agentmesh/serving.h>

#include <stdlib.h>

#include "base/buf.h"

enum { SAVED_MAX = 64 << 20 };

struct mesh_saved {
    struct buf bytes;
};

mesh_saved *mesh_saved_new(void)
{
    mesh_saved *saved = calloc(1, sizeof(*saved));
    if (saved)
        buf_init(&saved->bytes, SAVED_MAX);
    return saved;
}

mesh_saved *mesh_saved_free(mesh_saved *saved)
{
    if (saved)
        buf_clear(&saved->bytes);
    free(saved);
    return NULL;
}

mesh_bytes mesh_saved_bytes(const mesh_saved *saved)
{
    return buf_bytes(&saved->bytes);
}

mesh_status mesh_save(mesh_saved *saved, mesh_bytes bytes, mesh_error *err)
{
    buf_append(&saved->bytes, bytes.data, bytes.len);
    if (saved->bytes.too_large)
        return mesh_error_set(err, MESH_E_TOO_LARGE, "what is to be handed over is larger than %d MiB",
                              SAVED_MAX >> 20);
    return buf_error(&saved->bytes, err);
}
