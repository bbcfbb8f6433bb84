/* SPDX-License-Identifier: Apache-2.0 */
#include "client/catalog_edit.h"

#include <time.h>

#include "base/clock.h"

enum { DOCUMENT_MAX = 64 << 20, DEADLINE_MS = 30000, BACKOFF_FIRST_MS = 5, BACKOFF_MAX_MS = 250 };

/* One try. MESH_E_CONFLICT: somebody else wrote in between. */
static mesh_status try_once(struct link *link, catalog_change change, void *closure, mesh_error *err)
{
    auto_buf struct buf document;
    auto_catalog struct catalog *catalog = NULL;
    uint64_t revision = 0;
    bool ok = true;
    buf_init(&document, DOCUMENT_MAX);

    mesh_status status = link_key_get(link, "mesh-catalog", "catalog", &document, &revision, err);
    if (status == MESH_E_NOT_FOUND)
        mesh_error_clear(err);
    else if (status != MESH_OK)
        return status;
    status = catalog_parse(buf_bytes(&document), &catalog, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "the catalog on the mesh is left as it is");
    bool changed = change(closure, catalog, &ok);
    if (!ok)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the catalog");
    if (!changed)
        return MESH_OK;
    buf_reset(&document);
    catalog_write(&document, catalog);
    status = buf_error(&document, err);
    if (status != MESH_OK)
        return status;
    return link_key_update(link, "mesh-catalog", "catalog", buf_bytes(&document), revision, NULL, err);
}

/* Who starts together collides: each waits a little, at random, longer with every try. */
static void back_off(uint32_t limit_ms)
{
    uint64_t pause_ns = (clock_ns() * 2654435761u) % (limit_ms * 1000000ull) + 1000000;
    const struct timespec pause = { 0, (long)pause_ns };
    nanosleep(&pause, NULL);
}

mesh_status catalog_edit(struct link *link, catalog_change change, void *closure, mesh_error *err)
{
    uint64_t deadline = clock_deadline(DEADLINE_MS);
    uint32_t limit_ms = BACKOFF_FIRST_MS;
    for (;;) {
        mesh_status status = try_once(link, change, closure, err);
        if (status != MESH_E_CONFLICT || clock_left_ms(deadline) == 0)
            return status;
        mesh_error_clear(err);
        back_off(limit_ms);
        limit_ms = limit_ms * 2 < BACKOFF_MAX_MS ? limit_ms * 2 : BACKOFF_MAX_MS;
    }
}
