/* SPDX-License-Identifier: Apache-2.0 */
#include "client/levels.h"

#include <stdlib.h>
#include <string.h>

#include <agentmesh/observe.h>

#include "base/map.h"
#include "serve/worker.h"
#include "wire/level.h"
#include "wire/subject.h"

#define BUCKET "mesh-observability"

enum { DOCUMENT_MAX = 1 << 20 };

struct levels {
    const struct core *core;
    atomic_int lowest; /* of all that is set, and of the default */

    /* Guarded by lock. */
    pthread_mutex_t lock;
    bool following, refused; /* by the server, on this connection */
    struct map set;          /* agent name, or the global key, to struct level */
};

struct levels *levels_new(const struct core *core)
{
    struct levels *levels = calloc(1, sizeof(*levels));
    if (!levels)
        return NULL;
    levels->core = core;
    levels->lowest = MESH_LOG_INFO;
    pthread_mutex_init(&levels->lock, NULL);
    map_init(&levels->set);
    return levels;
}

struct levels *levels_free(struct levels *levels)
{
    if (levels) {
        map_clear(&levels->set, NULL);
        pthread_mutex_destroy(&levels->lock);
        free(levels);
    }
    return NULL;
}

/* ---- what is set ---- */

/* Under the lock. */
static int find_lowest(const struct levels *levels)
{
    const char *name;
    void *value;
    int lowest = map_get(&levels->set, LEVEL_KEY_GLOBAL) ? MESH_LOG_OFF : MESH_LOG_INFO;
    for (size_t at = 0; map_next(&levels->set, &at, &name, &value);) {
        const struct level *level = value;
        if (level->number < lowest)
            lowest = level->number;
    }
    return lowest;
}

/* [link, and whoever begins to follow] What is no level counts as nothing set. */
static void on_level(void *closure, const struct link_entry *entry)
{
    struct levels *levels = closure;
    const struct level *level = NULL;
    if (!entry->deleted)
        level_read(entry->value, &level);
    pthread_mutex_lock(&levels->lock);
    if (!level)
        map_remove(&levels->set, entry->key);
    else if (!map_put(&levels->set, entry->key, (void *)level))
        map_remove(&levels->set, entry->key);
    levels->lowest = find_lowest(levels);
    pthread_mutex_unlock(&levels->lock);
}

/* Read first, so that an agent that is set to off does not even say that it has come; the watch tells it all again. */
static mesh_status follow(struct levels *levels, mesh_error *err)
{
    struct link *link = levels->core->link;
    struct link_subscription *watch; /* ends with the link */
    mesh_status status = link_keys_each(link, BUCKET, ">", on_level, levels, err);
    return status == MESH_OK ? link_keys_watch(link, BUCKET, ">", on_level, levels, &watch, err) : status;
}

void levels_follow(struct levels *levels)
{
    pthread_mutex_lock(&levels->lock);
    bool begin = !levels->following && !levels->refused;
    levels->following |= begin;
    pthread_mutex_unlock(&levels->lock);
    if (!begin)
        return;

    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = follow(levels, &err);
    if (status != MESH_OK) {
        core_tell(levels->core, MESH_LOG_WARN, status, NULL,
                  "cannot follow the levels of log events, they are "
                  "published from info up: %s",
                  mesh_error_text(&err));
        pthread_mutex_lock(&levels->lock);
        levels->following = false;
        levels->refused = status == MESH_E_CONNECTION_DENIED;
        pthread_mutex_unlock(&levels->lock);
    }
    mesh_error_clear(&err);
}

void levels_retry(struct levels *levels)
{
    pthread_mutex_lock(&levels->lock);
    levels->refused = false;
    pthread_mutex_unlock(&levels->lock);
}

bool levels_allow(struct levels *levels, const char *agent, int level)
{
    if (level < levels->lowest)
        return false;
    pthread_mutex_lock(&levels->lock);
    const struct level *own = map_get(&levels->set, agent);
    if (!own)
        own = map_get(&levels->set, LEVEL_KEY_GLOBAL);
    pthread_mutex_unlock(&levels->lock);
    return level >= (own ? own->number : MESH_LOG_INFO);
}

/* ---- for programs ---- */

int32_t mesh_level_of(const char *name)
{
    const struct level *level = level_of_name(name);
    return level ? level->number : -1;
}

const char *mesh_level_name(int32_t level)
{
    const struct level *known = level_of_number(level);
    return known ? known->name : NULL;
}

static mesh_status check(const mesh_client *client, const char *agent, mesh_error *err)
{
    if (!client)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "client is NULL");
    if (client->stopped)
        return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
    if (agent && !name_is_valid(agent))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not an agent name", agent);
    return MESH_OK;
}

/* An agent of that name cannot be told apart from the mesh: whoever names it could set the level of all. */
static mesh_status check_set(const mesh_client *client, const char *agent, mesh_error *err)
{
    if (agent && strcmp(agent, LEVEL_KEY_GLOBAL) == 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' names the level of the whole mesh: pass NULL for "
                              "that",
                              agent);
    return check(client, agent, err);
}

/* NULL if it is not set, or to nothing that is a level. */
static mesh_status read_key(const mesh_client *client, const char *key, const struct level **ret_level, mesh_error *err)
{
    mesh_error failure = MESH_ERROR_INIT;
    auto_buf struct buf document;
    buf_init(&document, DOCUMENT_MAX);
    worker_blocks(true);
    mesh_status status = link_key_get(client->core->link, BUCKET, key, &document, NULL, &failure);
    worker_blocks(false);
    *ret_level = NULL;
    if (status == MESH_OK && level_read(buf_bytes(&document), ret_level) == MESH_E_NO_MEMORY)
        status = mesh_error_set_text(&failure, MESH_E_NO_MEMORY, NULL);
    if (status != MESH_OK && status != MESH_E_NOT_FOUND && status != MESH_E_TOO_LARGE)
        mesh_error_move(err, &failure);
    else
        status = MESH_OK;
    mesh_error_clear(&failure);
    return status;
}

mesh_status mesh_level_get(mesh_client *client, const char *agent, int32_t *ret_level, int32_t *ret_origin,
                           mesh_error *err)
{
    const struct level *level = NULL;
    int32_t origin = MESH_LEVEL_AGENT;
    mesh_status status = check(client, agent, err);
    if (status == MESH_OK && agent && strcmp(agent, LEVEL_KEY_GLOBAL) != 0)
        status = read_key(client, agent, &level, err);
    if (status == MESH_OK && !level) {
        status = read_key(client, LEVEL_KEY_GLOBAL, &level, err);
        origin = level ? MESH_LEVEL_GLOBAL : MESH_LEVEL_DEFAULT;
    }
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "read the level");
    *ret_level = level ? level->number : MESH_LOG_INFO;
    if (ret_origin)
        *ret_origin = origin;
    return MESH_OK;
}

mesh_status mesh_level_set(mesh_client *client, const char *agent, int32_t level, mesh_error *err)
{
    auto_buf struct buf document;
    buf_init(&document, DOCUMENT_MAX);
    mesh_status status = check_set(client, agent, err);
    if (status != MESH_OK)
        return status;
    const struct level *known = level_of_number(level);
    if (!known)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "%d is no level: take one of MESH_LOG_DEBUG to MESH_LOG_OFF", (int)level);
    level_write(&document, known);
    status = buf_error(&document, err);
    worker_blocks(true);
    if (status == MESH_OK)
        status =
            link_key_put(client->core->link, BUCKET, agent ? agent : LEVEL_KEY_GLOBAL, buf_bytes(&document), NULL, err);
    worker_blocks(false);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "set the level");
}

mesh_status mesh_level_unset(mesh_client *client, const char *agent, mesh_error *err)
{
    mesh_status status = check_set(client, agent, err);
    if (status != MESH_OK)
        return status;
    worker_blocks(true);
    status = link_key_delete(client->core->link, BUCKET, agent ? agent : LEVEL_KEY_GLOBAL, err);
    worker_blocks(false);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "forget the level");
}
