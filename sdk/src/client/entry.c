/* SPDX-License-Identifier: Apache-2.0 */
#include "client/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { DETAILS_MAX = 64 << 10 };

mesh_entry *entry_new(const char *key, mesh_bytes value, uint64_t revision, int32_t operation)
{
    size_t key_size = strlen(key) + 1;
    mesh_entry *entry = malloc(sizeof(*entry) + key_size + value.len + 1);

    if (!entry)
        return NULL;
    char *text = (char *)(entry + 1);
    memcpy(text, key, key_size);
    if (value.len > 0)
        memcpy(text + key_size, value.data, value.len);
    text[key_size + value.len] = '\0';
    *entry = (mesh_entry){ text, mesh_bytes_of(text + key_size, value.len), revision, operation };
    return entry;
}

const char *mesh_entry_key(const mesh_entry *entry)
{
    return entry->key;
}

mesh_bytes mesh_entry_value(const mesh_entry *entry)
{
    return entry->value;
}

uint64_t mesh_entry_revision(const mesh_entry *entry)
{
    return entry->revision;
}

int32_t mesh_entry_operation(const mesh_entry *entry)
{
    return entry->operation;
}

mesh_entry *mesh_entry_free(mesh_entry *entry)
{
    free(entry);
    return NULL;
}

/* ---- names ---- */

mesh_status store_enter(const mesh_client *client, const char *what, const char *name, mesh_error *err)
{
    if (!client || !name)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "%s is NULL", client ? what : "client");
    if (client->stopped)
        return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
    return MESH_OK;
}

mesh_status store_error(mesh_status status, const char *name, mesh_error *err)
{
    auto_buf struct buf details;

    buf_init(&details, DETAILS_MAX);
    json_put_string(&details, "{\"key\":", name);
    buf_putc(&details, '}');
    if (!buf_failed(&details))
        mesh_error_set_context(err, NULL, NULL, buf_text(&details));
    return status;
}
