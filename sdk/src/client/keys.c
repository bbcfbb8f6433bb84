/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, one at a time: read, written, written if nobody else has, edited, deleted (protocol 9). */
#include <agentmesh/store.h>

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "client/entry.h"
#include "serve/service.h"

enum { TRIES = 10, VALUE_MAX = 64 << 20, PAUSE_US = 2000 };

/* ---- read and write ---- */

mesh_status mesh_key_put(mesh_client *client, const char *key, mesh_bytes value, uint64_t *ret_revision,
                         mesh_error *err)
{
    mesh_status status = store_enter(client, "key", key, err);

    if (status != MESH_OK)
        return status;
    worker_blocks(true);
    status = link_key_put(client->core->link, KEYS_BUCKET, key, value, ret_revision, err);
    worker_blocks(false);
    return status;
}

static mesh_status read_key(mesh_client *client, const char *key, mesh_entry **ret_entry, mesh_error *err)
{
    auto_buf struct buf value;
    uint64_t revision = 0;

    buf_init(&value, VALUE_MAX);
    mesh_status status = link_key_get(client->core->link, KEYS_BUCKET, key, &value, &revision, err);
    if (status != MESH_OK)
        return status;
    mesh_entry *entry = entry_new(key, buf_bytes(&value), revision, MESH_ENTRY_PUT);
    if (!entry)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for key '%s'", key);
    *ret_entry = entry;
    return MESH_OK;
}

mesh_status mesh_key_get(mesh_client *client, const char *key, mesh_entry **ret_entry, mesh_error *err)
{
    mesh_status status = store_enter(client, "key", key, err);

    if (status != MESH_OK)
        return status;
    worker_blocks(true);
    status = read_key(client, key, ret_entry, err);
    worker_blocks(false);
    return status == MESH_E_NOT_FOUND ? store_error(status, key, err) : status;
}

static mesh_status write_if(mesh_client *client, const char *key, mesh_bytes value, uint64_t expected,
                            uint64_t *ret_revision, mesh_error *err)
{
    worker_blocks(true);
    mesh_status status = link_key_update(client->core->link, KEYS_BUCKET, key, value, expected, ret_revision, err);
    worker_blocks(false);
    return status == MESH_E_CONFLICT ? store_error(status, key, err) : status;
}

mesh_status mesh_key_create(mesh_client *client, const char *key, mesh_bytes value, uint64_t *ret_revision,
                            mesh_error *err)
{
    mesh_status status = store_enter(client, "key", key, err);

    if (status == MESH_OK)
        status = write_if(client, key, value, 0, ret_revision, err);
    if (status != MESH_E_CONFLICT)
        return status;
    mesh_error_set(err, MESH_E_KV_KEY_EXISTS, "key '%s' exists already", key);
    return store_error(MESH_E_KV_KEY_EXISTS, key, err);
}

mesh_status mesh_key_replace(mesh_client *client, const char *key, mesh_bytes value, uint64_t revision,
                             uint64_t *ret_revision, mesh_error *err)
{
    mesh_status status = store_enter(client, "key", key, err);

    if (status != MESH_OK)
        return status;
    if (revision == 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "revision 0 is that of no key: mesh_key_create() writes a "
                              "key that does not exist");
    return write_if(client, key, value, revision, ret_revision, err);
}

mesh_status mesh_key_delete(mesh_client *client, const char *key, mesh_error *err)
{
    mesh_status status = store_enter(client, "key", key, err);

    if (status != MESH_OK)
        return status;
    worker_blocks(true);
    status = link_key_delete(client->core->link, KEYS_BUCKET, key, err);
    worker_blocks(false);
    return status;
}

/* ---- edit ---- */

static bool is_equal(mesh_bytes a, mesh_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* One try. MESH_E_CONFLICT: somebody else wrote; the outcome is filled then too. */
static mesh_status edit_once(mesh_client *client, const char *key, mesh_key_edit edit, void *data,
                             mesh_key_outcome *ret_outcome, mesh_error *err)
{
    auto_entry mesh_entry *current = NULL;
    mesh_status status = mesh_key_get(client, key, &current, err);

    if (status != MESH_OK)
        return status;
    mesh_bytes value = current->value;
    status = edit(data, current, &value, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "edit key '%s'", key);
    ret_outcome->revision = current->revision;
    ret_outcome->attempted = !is_equal(value, current->value);
    ret_outcome->committed = 1;
    if (ret_outcome->attempted)
        status = write_if(client, key, value, current->revision, &ret_outcome->revision, err);
    if (status == MESH_E_CONFLICT)
        ret_outcome->committed = 0;
    return status;
}

/* Fields beyond what the caller knows are not touched. */
static void give_outcome(mesh_key_outcome *ret_outcome, mesh_key_outcome outcome)
{
    size_t size = ret_outcome->size < sizeof(outcome) ? ret_outcome->size : sizeof(outcome);

    outcome.size = ret_outcome->size;
    memcpy(ret_outcome, &outcome, size);
}

mesh_status mesh_key_try(mesh_client *client, const char *key, mesh_key_edit edit, void *data,
                         mesh_key_outcome *ret_outcome, mesh_error *err)
{
    mesh_key_outcome outcome = { 0 };
    mesh_status status = store_enter(client, "key", key, err);

    if (status == MESH_OK && (!edit || !ret_outcome || ret_outcome->size < sizeof(size_t)))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              !edit          ? "edit is NULL"
                              : !ret_outcome ? "ret_outcome is NULL"
                                             : "ret_outcome does not tell its size");
    if (status == MESH_OK)
        status = edit_once(client, key, edit, data, &outcome, err);
    if (status == MESH_E_CONFLICT && outcome.attempted) {
        mesh_error_clear(err);
        status = MESH_OK;
    }
    if (status == MESH_OK)
        give_outcome(ret_outcome, outcome);
    return status;
}

/* Who lost the race for a key begins again at another time than the others who did. */
static void pause_after(uint32_t tries)
{
    long range_us = PAUSE_US * (long)(tries < 16 ? tries : 16);
    struct timespec pause = { 0, (long)(clock_ns() / 1000 % (uint64_t)range_us) * 1000 };

    worker_blocks(true);
    nanosleep(&pause, NULL);
    worker_blocks(false);
}

mesh_status mesh_key_update(mesh_client *client, const char *key, mesh_key_edit edit, void *data, uint32_t tries,
                            uint64_t *ret_revision, mesh_error *err)
{
    mesh_key_outcome outcome = { 0 };
    mesh_status status = store_enter(client, "key", key, err);

    if (status != MESH_OK)
        return status;
    if (!edit)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "edit is NULL");
    if (tries == 0)
        tries = TRIES;
    status = MESH_E_CONFLICT;
    for (uint32_t done = 0; status == MESH_E_CONFLICT && done < tries; done++) {
        if (done > 0)
            pause_after(done);
        outcome.attempted = 0;
        status = edit_once(client, key, edit, data, &outcome, err);
        if (status == MESH_E_CONFLICT && !outcome.attempted) /* what the edit itself says */
            return status;
    }
    if (status == MESH_E_CONFLICT) {
        mesh_error_set(err, MESH_E_CONFLICT, "key '%s' was written by somebody else %u times in a row", key, tries);
        return store_error(status, key, err);
    }
    if (status != MESH_OK)
        return status;
    mesh_error_clear(err);
    if (ret_revision)
        *ret_revision = outcome.revision;
    return MESH_OK;
}
