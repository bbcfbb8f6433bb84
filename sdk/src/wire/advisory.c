/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/advisory.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "wire/subject.h"

#define HOST_PREFIX "oam-host-"

bool host_connection_equal(const struct host_connection *a, const struct host_connection *b)
{
    return a->number == b->number && a->number != 0 && strcmp(a->server, b->server) == 0;
}

static bool copy(char *to, size_t size, const char *text)
{
    size_t len = strlen(text);

    if (len >= size)
        return false;
    memcpy(to, text, len + 1);
    return true;
}

/* The instance in a connection's name; false for names of others. */
static bool read_name(const char *name, struct host_connection *ret)
{
    size_t prefix = strlen(HOST_PREFIX);

    return strncmp(name, HOST_PREFIX, prefix) == 0 && token_is_valid(name + prefix) &&
           copy(ret->instance_id, sizeof(ret->instance_id), name + prefix);
}

static void read_place(const char *server, int64_t number, struct host_connection *ret)
{
    if (!copy(ret->server, sizeof(ret->server), server))
        ret->server[0] = '\0';
    ret->number = number > 0 ? (uint64_t)number : 0;
}

bool advisory_read(mesh_bytes body, struct host_connection *ret)
{
    static const char disconnect[] = "io.nats.server.advisory.v1.client_disconnect";
    auto_json cJSON *tree = NULL;

    if (json_parse(body, &tree, NULL) != MESH_OK || strcmp(json_string(tree, "type", disconnect), disconnect) != 0)
        return false;
    const cJSON *client = json_get(tree, "client");
    if (!read_name(json_string(client, "name", ""), ret))
        return false;
    read_place(json_string(json_get(tree, "server"), "id", ""), json_int(client, "id", 0), ret);
    return true;
}

static uint64_t count_of(const cJSON *data, const char *name)
{
    int64_t count = json_int(data, name, 0);

    return count > 0 ? (uint64_t)count : 0;
}

mesh_status connz_read(mesh_bytes body, connz_callback callback, void *closure, uint64_t *ret_left, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    mesh_status status = json_parse(body, &tree, err);
    const cJSON *connection;

    if (status != MESH_OK)
        return status == MESH_E_NO_MEMORY
                   ? status
                   : mesh_error_set(err, MESH_E_DATA, "a server's list of connections is not JSON");
    const cJSON *data = json_get(tree, "data"), *connections = json_get(data, "connections");
    if (!cJSON_IsArray(connections))
        return mesh_error_set(err, MESH_E_DATA, "a server did not list its connections: %s",
                              json_string(json_get(tree, "error"), "description", "no reason given"));
    const char *server = json_string(data, "server_id", json_string(json_get(tree, "server"), "id", ""));
    cJSON_ArrayForEach(connection, connections)
    {
        struct host_connection found;
        if (!read_name(json_string(connection, "name", ""), &found))
            continue;
        read_place(server, json_int(connection, "cid", 0), &found);
        callback(closure, &found);
    }
    uint64_t told = count_of(data, "offset") + (uint64_t)cJSON_GetArraySize(connections);
    uint64_t total = count_of(data, "total");
    *ret_left = cJSON_GetArraySize(connections) > 0 && total > told ? total - told : 0;
    return MESH_OK;
}
