/* SPDX-License-Identifier: Apache-2.0 */
/* What a request has used, as its caller reads it. */
#include <string.h>

#include "wire/usage.h"

/* Cut in front of a character that has no room. */
static void copy_model(char *to, size_t size, const char *model)
{
    size_t len = strlen(model);
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)model[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(to, model, len);
    to[len] = '\0';
}

mesh_status mesh_usage_read(mesh_bytes json, mesh_usage *ret_usage, char *model, size_t model_size, mesh_error *err)
{
    struct usage usage;
    if (json.len == 0)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "no usage was reported");
    mesh_status status = usage_read(json, &usage, err);
    if (status != MESH_OK)
        return status;
    mesh_usage read = {
        .size = ret_usage->size,
        .input_tokens = usage.input_tokens,
        .output_tokens = usage.output_tokens,
        .total_tokens = usage.total_tokens,
        .estimated_cost_usd = usage.estimated_cost_usd,
        .given = usage.given,
    };
    if (usage.model && model_size > 0) {
        copy_model(model, model_size, usage.model);
        read.model = model;
    }
    memcpy(ret_usage, &read, read.size < sizeof(read) ? read.size : sizeof(read));
    usage_clear(&usage);
    return MESH_OK;
}
