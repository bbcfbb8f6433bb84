/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps: two looks at who has a record and no connection, for hosts of whose end nobody has told. */
#include <string.h>

#include "local/monitor_internal.h"

enum { RETRY_MS = 1000 };

/* One look: who has a record, and who a connection. */
struct look {
    struct map records; /* of instance id to the map itself; in the end those without a connection */
    bool no_memory;
};

static void note_record(void *closure, const struct link_entry *entry)
{
    struct look *look = closure;
    if (!map_put(&look->records, entry->key, look))
        look->no_memory = true;
}

static void strike_out(void *closure, const struct host_connection *connection)
{
    struct look *look = closure;
    map_remove(&look->records, connection->instance_id);
}

/* Records first: a host has its connection before its record. */
static mesh_status look_around(const mesh_monitor *monitor, struct look *look, mesh_error *err)
{
    mesh_status status = link_keys_each(monitor->mesh, "mesh-instances", ">", note_record, look, err);
    if (status == MESH_OK && look->no_memory)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for all the hosts");
    return status == MESH_OK ? roll_call(monitor->system, strike_out, look, err) : status;
}

/* Those that were missing the last time are dead. */
static void conclude(mesh_monitor *monitor, const struct look *look)
{
    const char *id;
    void *value;
    for (size_t at = 0; map_next(&look->records, &at, &id, &value);) {
        struct host_connection dead = { .number = 0 };
        if (!map_get(&monitor->missing, id) || strlen(id) >= sizeof(dead.instance_id))
            continue;
        memcpy(dead.instance_id, id, strlen(id) + 1);
        monitor_suspect(monitor, &dead);
    }
}

void monitor_sweep(mesh_monitor *monitor)
{
    struct look look = { .no_memory = false };
    mesh_error err = MESH_ERROR_INIT;
    map_init(&look.records);
    mesh_status status = look_around(monitor, &look, &err);
    if (status != MESH_OK) {
        monitor_say(monitor, MESH_LOG_WARN, status, NULL, "cannot look for hosts that are gone, trying again: %s",
                    mesh_error_text(&err));
        monitor->next_look = clock_deadline(RETRY_MS);
    } else if (monitor->has_looked) {
        conclude(monitor, &look);
        monitor->next_look = CLOCK_NEVER;
    } else {
        monitor->has_looked = true;
        monitor->next_look = map_count(&look.records) > 0 ? clock_deadline(monitor->sweep_ms) : CLOCK_NEVER;
    }
    if (status == MESH_OK) {
        map_clear(&monitor->missing, NULL);
        monitor->missing = look.records;
    } else {
        map_clear(&look.records, NULL);
    }
    mesh_error_clear(&err);
}
