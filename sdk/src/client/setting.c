/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a plugin, as text and as what the text stands for. */
#include <agentmesh/plugin.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"

const char *const *mesh_settings(const mesh_client *client)
{
    static const char *const none[] = { NULL };
    return client->settings ? (const char *const *)client->settings : none;
}

const char *mesh_setting(const mesh_client *client, const char *key, const char *fallback)
{
    for (const char *const *pair = mesh_settings(client); *pair; pair += 2)
        if (strcmp(pair[0], key) == 0)
            return pair[1];
    return fallback;
}

/* The number that a text begins with; false: none, or one beyond 64 bits. */
static bool read_number(const char *text, const char **ret_rest, int64_t *ret_number)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || errno || *text == ' ')
        return false;
    *ret_rest = end;
    *ret_number = number;
    return true;
}

int64_t mesh_setting_int(const mesh_client *client, const char *key, int64_t fallback)
{
    const char *text = mesh_setting(client, key, "");
    const char *rest;
    int64_t number;
    return read_number(text, &rest, &number) && !*rest ? number : fallback;
}

int mesh_setting_bool(const mesh_client *client, const char *key, int fallback)
{
    static const char *const words[] = { "no", "yes", "off", "on", "false", "true" };
    const char *text = mesh_setting(client, key, "");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], text) == 0)
            return (int)(i % 2);
    return fallback;
}

uint32_t mesh_setting_ms(const mesh_client *client, const char *key, uint32_t fallback)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
    const char *rest;
    int64_t number;
    if (!read_number(mesh_setting(client, key, ""), &rest, &number) || number < 0)
        return fallback;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(units[i].unit, rest) == 0 && number <= UINT32_MAX / units[i].ms)
            return (uint32_t)(number * units[i].ms);
    return fallback;
}
