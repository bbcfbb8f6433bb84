/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/level.h"

#include <string.h>

#include <agentmesh/client.h>

#include "base/json.h"

static const struct level levels[] = {
    { "debug", MESH_LOG_DEBUG }, { "info", MESH_LOG_INFO }, { "warn", MESH_LOG_WARN },
    { "error", MESH_LOG_ERROR }, { "off", MESH_LOG_OFF },
};

enum { LEVEL_COUNT = sizeof(levels) / sizeof(levels[0]) };

const struct level *level_of_name(const char *name)
{
    for (size_t i = 0; name && i < LEVEL_COUNT; i++)
        if (strcmp(levels[i].name, name) == 0)
            return &levels[i];
    return NULL;
}

const struct level *level_of_number(int32_t number)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        if (levels[i].number == number)
            return &levels[i];
    return NULL;
}

mesh_status level_read(mesh_bytes document, const struct level **ret_level)
{
    auto_json cJSON *tree = NULL;

    if (json_parse(document, &tree, NULL) == MESH_E_NO_MEMORY)
        return MESH_E_NO_MEMORY;
    const struct level *level = level_of_name(json_string(tree, "log_level", NULL));
    if (!level)
        return MESH_E_DATA;
    *ret_level = level;
    return MESH_OK;
}

void level_write(struct buf *out, const struct level *level)
{
    json_put_string(out, "{\"log_level\":", level->name);
    buf_putc(out, '}');
}
