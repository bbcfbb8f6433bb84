/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/stall.h"

#include "serve/route.h"
#include "serve/serve.h"

static pthread_mutex_t *move_lock_of(const struct agent *agent)
{
    return serve_move_lock(agent->service->client->core->serve);
}

/* Under the move lock: count, and decide anew. True: that is a change. */
static bool count(struct agent *agent, int32_t more)
{
    struct workers *workers = &agent->service->workers;
    pthread_mutex_lock(&workers->lock);
    bool was_stalled = agent->is_stalled;
    agent->stuck += more;
    agent->is_stalled = agent->stuck > 0 && (uint32_t)agent->stuck >= agent->requests.width;
    bool is_changed = agent->is_stalled != was_stalled;
    pthread_mutex_unlock(&workers->lock);
    return is_changed;
}

void stall_add(struct agent *agent)
{
    pthread_mutex_lock(move_lock_of(agent));
    bool begins = count(agent, 1);
    struct route *route = begins ? serve_route_of(agent) : NULL;
    if (route)
        route_refuse(route);
    pthread_mutex_unlock(move_lock_of(agent));
    if (!begins)
        return;
    service_give_up_stalled(agent);
    client_tell(agent->service->client, MESH_LOG_WARN, MESH_E_TIMEOUT, agent->contract->name,
                "it is stuck: handlers twice as long at it as they may be: %u; it takes no requests until one returns",
                agent->requests.width);
}

/* Under the move lock: take requests again. */
static mesh_status go_on(struct agent *agent, mesh_error *err)
{
    struct route *route = serve_route_of(agent);
    mesh_status status = route ? route_prepare(route, agent, err) : MESH_OK;
    if (route && status == MESH_OK)
        route_commit(route, agent);
    else if (route)
        route_undo(route, agent);
    return status;
}

void stall_remove(struct agent *agent)
{
    mesh_error err = MESH_ERROR_INIT;
    pthread_mutex_lock(move_lock_of(agent));
    bool ends = count(agent, -1);
    mesh_status status = ends ? go_on(agent, &err) : MESH_OK;
    pthread_mutex_unlock(move_lock_of(agent));
    if (status != MESH_OK)
        client_tell(agent->service->client, MESH_LOG_ERROR, status, agent->contract->name,
                    "a handler has returned at last, but it takes no requests: %s", mesh_error_text(&err));
    else if (ends)
        client_tell(agent->service->client, MESH_LOG_INFO, MESH_OK, agent->contract->name,
                    "a handler has returned at last, it takes requests again");
    mesh_error_clear(&err);
}
