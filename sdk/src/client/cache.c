/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cache.h"

#include <stdlib.h>

#include "base/map.h"
#include "wire/catalog.h"

/* What an agent can do, as an address that a map can hold. */
static const struct ability {
    bool invocable, streaming;
} abilities[2][2] = { { { false, false }, { false, true } }, { { true, false }, { true, true } } };

struct cache {
    const struct core *core;

    /* Guarded by lock. */
    pthread_mutex_t lock;
    bool following;
    struct buf latest; /* the document as the server last told it */
    bool is_parsed;    /* whether agents is what latest says */
    struct map agents; /* name to struct ability */
};

/* The document may be large and is told often while a mesh starts: it is kept as it comes and read when first asked for. */
enum { DOCUMENT_MAX = 64 << 20 };

struct cache *cache_new(const struct core *core)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return NULL;
    cache->core = core;
    pthread_mutex_init(&cache->lock, NULL);
    buf_init(&cache->latest, DOCUMENT_MAX);
    map_init(&cache->agents);
    return cache;
}

struct cache *cache_free(struct cache *cache)
{
    if (cache) {
        map_clear(&cache->agents, NULL);
        buf_clear(&cache->latest);
        pthread_mutex_destroy(&cache->lock);
        free(cache);
    }
    return NULL;
}

/* [link] */
static void on_catalog(void *closure, const struct link_entry *entry)
{
    struct cache *cache = closure;
    pthread_mutex_lock(&cache->lock);
    buf_reset(&cache->latest);
    if (!entry->deleted)
        buf_append(&cache->latest, entry->value.data, entry->value.len);
    cache->is_parsed = false;
    pthread_mutex_unlock(&cache->lock);
}

void cache_follow(struct cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    bool begin = !cache->following;
    cache->following = true;
    pthread_mutex_unlock(&cache->lock);
    if (!begin)
        return;

    mesh_error err = MESH_ERROR_INIT;
    struct link_subscription *watch; /* ends with the link */
    if (link_keys_watch(cache->core->link, "mesh-catalog", "catalog", on_catalog, cache, &watch, &err) != MESH_OK) {
        core_tell(cache->core, MESH_LOG_WARN, err.status, NULL,
                  "cannot follow the catalog, calls are sent without a look at it: %s", mesh_error_text(&err));
        pthread_mutex_lock(&cache->lock);
        cache->following = false;
        pthread_mutex_unlock(&cache->lock);
    }
    mesh_error_clear(&err);
}

static void read_agents(struct map *agents, const struct catalog *catalog)
{
    for (size_t i = 0; i < catalog_count(catalog); i++) {
        struct catalog_item item;
        if (catalog_at(catalog, i, &item))
            map_put(agents, item.name, (void *)&abilities[item.invocable][item.streaming]);
    }
}

/* A document that cannot be read leaves what was known before. */
static void parse_latest(struct cache *cache)
{
    cache->is_parsed = true;
    auto_catalog struct catalog *catalog = NULL;
    mesh_error err = MESH_ERROR_INIT;
    if (catalog_parse(buf_bytes(&cache->latest), &catalog, &err) == MESH_OK) {
        map_clear(&cache->agents, NULL);
        read_agents(&cache->agents, catalog);
    } else {
        core_tell(cache->core, MESH_LOG_WARN, err.status, NULL, "the catalog on the mesh cannot be read, keeping the "
                  "last one: %s", mesh_error_text(&err));
    }
    mesh_error_clear(&err);
}

static const struct ability *find_ability(struct cache *cache, const char *agent)
{
    pthread_mutex_lock(&cache->lock);
    if (!cache->is_parsed)
        parse_latest(cache);
    const struct ability *ability = map_get(&cache->agents, agent);
    pthread_mutex_unlock(&cache->lock);
    return ability;
}

/* Protocol 8.4, to the letter: command lines choose their hints by these words. */
static const char *const refusals[2][2][2] = {
    [VERB_CALL] = {
        [true] = { [false] = NULL, [true] = "is streaming-only. Use stream() instead" },
        [false] = { [false] = "is a background task and cannot be called",
                    [true] = "is a publisher and cannot be called. Subscribe to its events instead" },
    },
    [VERB_STREAM] = {
        [true] = { [false] = "does not support streaming. Use call() instead", [true] = NULL },
        [false] = { [false] = "is a background task and cannot be streamed",
                    [true] = "is a publisher and cannot be streamed. Subscribe to its events instead" },
    },
};

mesh_status cache_preflight(struct cache *cache, const char *agent, enum cache_verb verb, mesh_error *err)
{
    const struct ability *ability = find_ability(cache, agent);
    const char *refusal = ability ? refusals[verb][ability->invocable][ability->streaming] : NULL;
    if (!refusal)
        return MESH_OK;
    mesh_error_set(err, MESH_E_INVOCATION_MISMATCH, "Agent '%s' %s", agent, refusal);
    mesh_error_set_context(err, agent, NULL, NULL);
    return MESH_E_INVOCATION_MISMATCH;
}

/* The cache may be a moment behind, or not be followed at all. */
static bool server_lists(const struct cache *cache, const char *agent)
{
    auto_buf struct buf document;
    buf_init(&document, DOCUMENT_MAX);
    auto_catalog struct catalog *catalog = NULL;
    struct catalog_item item;
    return link_key_get(cache->core->link, "mesh-catalog", "catalog", &document, NULL, NULL) == MESH_OK &&
           catalog_parse(buf_bytes(&document), &catalog, NULL) == MESH_OK && catalog_find(catalog, agent, &item);
}

mesh_status cache_nobody(struct cache *cache, const char *agent, const char *request_id, mesh_error *err)
{
    mesh_status status = MESH_E_NOT_FOUND;
    if (find_ability(cache, agent) || server_lists(cache, agent)) {
        status = MESH_E_NOT_AVAILABLE;
        mesh_error_set(err, status, "Agent '%s' is registered but currently offline (lifecycle gate)", agent);
    } else {
        mesh_error_set(err, status, "Agent '%s' not found", agent);
    }
    mesh_error_set_context(err, agent, request_id, NULL);
    return status;
}
