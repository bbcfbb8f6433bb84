/* SPDX-License-Identifier: Apache-2.0 */
/* Objects from and to memory. */
#include <agentmesh/store.h>

#include <stdlib.h>
#include <string.h>

#include "client/transfer.h"

/* ---- put ---- */

/* Takes a piece off the front of what is left. */
static mesh_status take_front(void *data, void *buffer, size_t size, size_t *ret_len, mesh_error *err)
{
    mesh_bytes *left = data;
    size_t len = left->len < size ? left->len : size;

    (void)err;
    if (len > 0) {
        memcpy(buffer, left->data, len);
        *left = mesh_bytes_of(left->data + len, left->len - len);
    }
    *ret_len = len;
    return MESH_OK;
}

mesh_status mesh_workspace_put(mesh_client *client, const char *name, mesh_bytes content,
                               const mesh_transfer_options *options, mesh_error *err)
{
    struct transfer transfer;
    mesh_status status = transfer_init(&transfer, client, name, options, err);

    return status == MESH_OK ? transfer_put(&transfer, content.len, take_front, &content, err) : status;
}

/* ---- get ---- */

enum { CONTENT_MAX = 256 << 20 };

struct mesh_content {
    char *data;
    size_t len, size;
    uint64_t max;
};

static mesh_status begin(void *data, uint64_t size, mesh_error *err)
{
    mesh_content *content = data;

    if (size > content->max)
        return mesh_error_set(err, MESH_E_TOO_LARGE, "it has %llu bytes, and at most %llu are wanted",
                              (unsigned long long)size, (unsigned long long)content->max);
    free(content->data);
    content->len = 0;
    content->size = (size_t)size;
    content->data = malloc(content->size + 1);
    if (!content->data)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for %llu bytes", (unsigned long long)size);
    content->data[0] = '\0';
    return MESH_OK;
}

static mesh_status append(void *data, mesh_bytes bytes, mesh_error *err)
{
    mesh_content *content = data;

    if (bytes.len > content->size - content->len)
        return mesh_error_set(err, MESH_E_DATA, "there are more bytes than the %zu of its description", content->size);
    if (bytes.len > 0)
        memcpy(content->data + content->len, bytes.data, bytes.len);
    content->len += bytes.len;
    content->data[content->len] = '\0';
    return MESH_OK;
}

mesh_status mesh_workspace_get(mesh_client *client, const char *name, uint64_t max,
                               const mesh_transfer_options *options, mesh_content **ret_content, mesh_error *err)
{
    struct transfer transfer;
    mesh_status status = transfer_init(&transfer, client, name, options, err);
    mesh_content *content = status == MESH_OK ? calloc(1, sizeof(*content)) : NULL;

    if (status != MESH_OK)
        return status;
    if (!content)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for object '%s'", name);
    content->max = max == 0 ? CONTENT_MAX : max < SIZE_MAX ? max : SIZE_MAX - 1;
    status = transfer_get(&transfer, begin, true, append, content, err);
    if (status == MESH_OK)
        *ret_content = content;
    else
        mesh_content_free(content);
    return status;
}

mesh_bytes mesh_content_bytes(const mesh_content *content)
{
    return mesh_bytes_of(content->data, content->len);
}

mesh_content *mesh_content_free(mesh_content *content)
{
    if (content)
        free(content->data);
    free(content);
    return NULL;
}
