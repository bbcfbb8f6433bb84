/* SPDX-License-Identifier: Apache-2.0 */
/* What keys and the workspace do when memory runs out: each allocation of the caller's thread fails once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder.h"
#include "peer.h"
#include "suite.h"
#include "torture.h"

enum { LARGE = 300000 };

static mesh_client *mesh;

/* Whether it succeeded; it must have, or have told that memory ran out. */
static bool succeeded(mesh_status status, mesh_error *err)
{
    if (status != MESH_OK && !expect_int(status, MESH_E_NO_MEMORY))
        fprintf(stderr, "%s\n", mesh_error_text(err));
    mesh_error_clear(err);
    return status == MESH_OK;
}

static bool use_keys(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_entry *entry = NULL;
    uint64_t revision = 0;
    bool ok = succeeded(mesh_key_put(mesh, "torture.a", mesh_text("1"), &revision, &err), &err) &&
              succeeded(mesh_key_get(mesh, "torture.a", &entry, &err), &err) &&
              succeeded(mesh_key_replace(mesh, "torture.a", mesh_text("2"), revision, NULL, &err), &err) &&
              succeeded(mesh_key_delete(mesh, "torture.a", &err), &err);

    mesh_entry_free(entry);
    return ok;
}

static bool list_keys(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_entries *entries = NULL;
    bool ok = succeeded(mesh_key_list(mesh, "listed.*", &entries, &err), &err);

    if (ok)
        expect_int(mesh_entries_count(entries), 40);
    mesh_entries_free(entries);
    return ok;
}

static bool watch_keys(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_watch *watch = NULL;
    const mesh_entry *entry = NULL;
    bool ok = succeeded(mesh_key_watch(mesh, "listed.0", &watch, &err), &err) &&
              succeeded(mesh_watch_next(watch, 20000, &entry, &err), &err);

    if (ok)
        expect_str(mesh_entry_key(entry), "listed.0");
    mesh_watch_close(watch);
    return ok;
}

/* A put that fails leaves what was there. */
static bool put_and_get(void)
{
    auto_free char *bytes = calloc(1, LARGE);
    mesh_error err = MESH_ERROR_INIT;
    mesh_content *content = NULL;
    bool ok = bytes && succeeded(mesh_workspace_put(mesh, "torture", mesh_bytes_of(bytes, LARGE), NULL, &err), &err) &&
              succeeded(mesh_workspace_get(mesh, "torture", 0, NULL, &content, &err), &err);

    if (ok)
        expect_int(mesh_content_bytes(content).len, LARGE);
    mesh_content_free(content);
    return ok;
}

static bool list_and_delete(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_objects *objects = NULL;
    bool ok = succeeded(mesh_workspace_list(mesh, "kept", &objects, &err), &err);
    mesh_status status = ok ? mesh_workspace_delete(mesh, "torture", &err) : MESH_E_NO_MEMORY;

    if (ok)
        expect_int(mesh_objects_count(objects), 1);
    ok = ok && (status == MESH_E_NOT_FOUND || succeeded(status, &err));
    mesh_error_clear(&err);
    mesh_objects_free(objects);
    return ok;
}

static char *target;

static bool get_file(void)
{
    mesh_error err = MESH_ERROR_INIT;
    bool ok = succeeded(mesh_workspace_get_file(mesh, "kept", target, NULL, &err), &err);

    expect_int(unlink(target) == 0, ok);
    return ok;
}

static void keys_and_objects_survive_without_memory(void)
{
    char key[32];

    mesh = peer_client(NULL);
    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof(key), "listed.%d", i);
        mesh_key_put(mesh, key, mesh_text("x"), NULL, NULL);
    }
    mesh_workspace_put(mesh, "kept", mesh_text("x"), NULL, NULL);
    torture(use_keys);
    torture(list_keys);
    torture(watch_keys);
    torture(put_and_get);
    torture(list_and_delete);
    auto_folder char *folder = folder_new();
    target = folder_path(folder, "x");
    torture(get_file);
    free(target);
    mesh_client_close(mesh);
}

SUITE(integration_store_no_memory, TEST(keys_and_objects_survive_without_memory))
