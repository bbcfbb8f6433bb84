/* SPDX-License-Identifier: Apache-2.0 */
/* Suspects: hosts that may have died, seen after one by one. */
#include <stdlib.h>
#include <string.h>

#include "local/monitor_internal.h"

enum { FLUSH_MS = 2000, RETRY_MS = 1000 };

/* ---- the line ---- */

static void suspect_free(struct suspect *suspect)
{
    burial_free(suspect->burial);
    free(suspect);
}

static struct suspect *suspect_new(const struct host_connection *lost)
{
    struct suspect *suspect = calloc(1, sizeof(*suspect));
    if (!suspect)
        return NULL;
    suspect->lost = *lost;
    suspect->since = clock_ns();
    suspect->burial = burial_new(lost->instance_id);
    if (!suspect->burial) {
        free(suspect);
        return NULL;
    }
    return suspect;
}

/* At the end: they come in the order in which they were told. */
static void suspects_add(mesh_monitor *monitor, struct suspect *suspect)
{
    pthread_mutex_lock(&monitor->lock);
    struct suspect **at = &monitor->suspects;
    while (*at)
        at = &(*at)->next;
    suspect->next = NULL;
    *at = suspect;
    pthread_cond_signal(&monitor->changed);
    pthread_mutex_unlock(&monitor->lock);
}

/* The first one whose time has come. The lock is held. */
struct suspect *monitor_next_suspect(mesh_monitor *monitor)
{
    uint64_t now = clock_ms();
    struct suspect **at = &monitor->suspects;
    while (*at && (*at)->at > now)
        at = &(*at)->next;
    struct suspect *suspect = *at;
    if (suspect)
        *at = suspect->next;
    return suspect;
}

void monitor_suspect(mesh_monitor *monitor, const struct host_connection *lost)
{
    struct suspect *suspect = suspect_new(lost);
    if (suspect)
        suspects_add(monitor, suspect);
    else
        monitor_say(monitor, MESH_LOG_ERROR, MESH_E_NO_MEMORY, NULL, "no memory to see after host %s",
                    lost->instance_id);
}

void monitor_forget_suspects(mesh_monitor *monitor)
{
    for (struct suspect *suspect = monitor->suspects, *next; suspect; suspect = next) {
        next = suspect->next;
        suspect_free(suspect);
    }
    monitor->suspects = NULL;
}

/* ---- the dead and those who live ---- */

static void note_connection(void *closure, const struct host_connection *connection)
{
    struct roll *roll = closure;
    if (roll->count == roll->capacity) {
        size_t capacity = roll->capacity ? roll->capacity * 2 : 64;
        void *grown = realloc(roll->connections, capacity * sizeof(*roll->connections));
        if (!grown) {
            roll->no_memory = true;
            return;
        }
        roll->connections = grown;
        roll->capacity = capacity;
    }
    roll->connections[roll->count++] = *connection;
}

/* One roll does for all who were lost before it was called. */
static mesh_status bring_up_to_date(mesh_monitor *monitor, uint64_t since, mesh_error *err)
{
    struct roll *roll = &monitor->roll;
    uint64_t now = clock_ns();
    if (roll->at > since)
        return MESH_OK;
    roll->count = 0;
    roll->no_memory = false;
    mesh_status status = roll_call(monitor->system, note_connection, roll, err);
    if (status == MESH_OK && roll->no_memory)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for all the connections");
    roll->at = status == MESH_OK ? now : 0;
    return status;
}

/* Without an answer the advisory stands: a host that lives sees that it was buried, and comes back (protocol 4.8). */
static bool is_alive(mesh_monitor *monitor, const struct suspect *suspect)
{
    const struct roll *roll = &monitor->roll;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = bring_up_to_date(monitor, suspect->since, &err);
    if (status != MESH_OK)
        monitor_say(monitor, MESH_LOG_WARN, status, NULL, "cannot see whether host %s is connected again: %s",
                    suspect->lost.instance_id, mesh_error_text(&err));
    mesh_error_clear(&err);
    for (size_t i = 0; status == MESH_OK && i < roll->count; i++)
        if (strcmp(roll->connections[i].instance_id, suspect->lost.instance_id) == 0 &&
            !host_connection_equal(&roll->connections[i], &suspect->lost))
            return true;
    return false;
}

struct mourner {
    const mesh_monitor *monitor;
    const char *instance_id;
};

static void tell_agent(void *closure, const char *agent, bool survives)
{
    const struct mourner *mourner = closure;
    if (survives)
        monitor_say(mourner->monitor, MESH_LOG_INFO, MESH_OK, agent, "host %s has died; others still serve '%s'",
                    mourner->instance_id, agent);
    else
        monitor_say(mourner->monitor, MESH_LOG_INFO, MESH_OK, agent, "host %s has died; '%s' has left the mesh",
                    mourner->instance_id, agent);
}

static mesh_status bury(mesh_monitor *monitor, const struct suspect *suspect, mesh_error *err)
{
    struct mourner mourner = { monitor, suspect->lost.instance_id };
    bool is_host = false;
    mesh_status status = burial_dig(suspect->burial, monitor->mesh, &is_host, err);
    if (status != MESH_OK || !is_host)
        return status;
    /* Also of one half buried: it has seen that and does the rest itself (protocol 4.8). */
    if (is_alive(monitor, suspect)) {
        monitor_say(monitor, MESH_LOG_INFO, MESH_OK, NULL, "host %s lost a connection and is there again",
                    mourner.instance_id);
        return MESH_OK;
    }
    status = burial_hold(suspect->burial, monitor->mesh, tell_agent, &mourner, err);
    link_flush(monitor->mesh, FLUSH_MS, NULL);
    return status;
}

/* A burial that failed because of the bus goes on later; what is wrong with the catalog itself would stay wrong. */
void monitor_attend(mesh_monitor *monitor, struct suspect *suspect)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = bury(monitor, suspect, &err);
    bool again = status != MESH_OK && status != MESH_E_DATA && status != MESH_E_CONNECTION_DENIED;
    if (status != MESH_OK)
        monitor_say(monitor, MESH_LOG_WARN, status, NULL, "host %s is not buried whole%s: %s",
                    suspect->lost.instance_id, again ? ", trying again" : "", mesh_error_text(&err));
    mesh_error_clear(&err);
    if (again) {
        suspect->since = clock_ns(); /* it may come back meanwhile */
        suspect->at = clock_deadline(RETRY_MS);
        suspects_add(monitor, suspect);
    } else {
        suspect_free(suspect);
    }
}
