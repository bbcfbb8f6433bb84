/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cache.h"

#include <stdlib.h>

#include "base/map.h"
#include "serve/presence.h"
#include "serve/worker.h"
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
    bool is_told;      /* or read: latest is the catalog, be it empty */
    bool is_parsed;    /* whether agents is what latest says */
    struct map agents; /* name to struct ability */
};

/* The document may be large and is told often while a mesh starts: it is kept as it comes and read when first asked
 * for. */
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

/* Under the lock. */
static void keep(struct cache *cache, mesh_bytes document)
{
    buf_reset(&cache->latest);
    buf_append(&cache->latest, document.data, document.len);
    cache->is_told = true;
    cache->is_parsed = false;
}

/* [link] */
static void on_catalog(void *closure, const struct link_entry *entry)
{
    struct cache *cache = closure;
    pthread_mutex_lock(&cache->lock);
    keep(cache, entry->deleted ? mesh_bytes_of(NULL, 0) : entry->value);
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
        cache->following = cache->is_told = false;
        pthread_mutex_unlock(&cache->lock);
    }
    mesh_error_clear(&err);
}

mesh_status cache_ask(const struct core *core, struct buf *document, mesh_error *err)
{
    mesh_error failure = MESH_ERROR_INIT;
    worker_blocks(true);
    mesh_status status = link_key_get(core->link, "mesh-catalog", "catalog", document, NULL, &failure);
    worker_blocks(false);
    if (status == MESH_E_NOT_FOUND)
        status = MESH_OK;
    else if (status != MESH_OK)
        mesh_error_move(err, &failure);
    mesh_error_clear(&failure);
    return status;
}

mesh_status cache_document(struct cache *cache, struct buf *document, mesh_error *err)
{
    pthread_mutex_lock(&cache->lock);
    bool is_told = cache->is_told && !buf_failed(&cache->latest);
    if (is_told)
        buf_append(document, buf_text(&cache->latest), cache->latest.len);
    pthread_mutex_unlock(&cache->lock);
    if (is_told)
        return buf_error(document, err);

    mesh_status status = cache_ask(cache->core, document, err);
    if (status != MESH_OK)
        return status;
    /* Of a catalog that has never been written a watch tells nothing. */
    pthread_mutex_lock(&cache->lock);
    if (cache->following && !cache->is_told)
        keep(cache, buf_bytes(document));
    pthread_mutex_unlock(&cache->lock);
    return MESH_OK;
}

static void read_agents(struct map *agents, const struct catalog *catalog)
{
    for (size_t i = 0; i < catalog_count(catalog); i++) {
        struct catalog_item item;
        if (catalog_at(catalog, i, &item))
            map_put(agents, item.name, (void *)&abilities[item.invocable][item.streaming]);
    }
}

/* A document that cannot be read leaves what was known before. Under the lock. */
static mesh_status parse_latest(struct cache *cache, mesh_error *err)
{
    auto_catalog struct catalog *catalog = NULL;
    mesh_status status = catalog_parse(buf_bytes(&cache->latest), &catalog, err);
    cache->is_parsed = true;
    if (status == MESH_OK) {
        map_clear(&cache->agents, NULL);
        read_agents(&cache->agents, catalog);
    }
    return status;
}

static const struct ability *find_in_catalog(struct cache *cache, const char *agent)
{
    mesh_error err = MESH_ERROR_INIT;
    pthread_mutex_lock(&cache->lock);
    mesh_status status = cache->is_parsed ? MESH_OK : parse_latest(cache, &err);
    const struct ability *ability = map_get(&cache->agents, agent);
    pthread_mutex_unlock(&cache->lock);
    if (status != MESH_OK)
        core_tell(cache->core, MESH_LOG_WARN, status, NULL,
                  "the catalog on the mesh cannot be read, keeping the last one: %s", mesh_error_text(&err));
    mesh_error_clear(&err);
    return ability;
}

/* What is served here is known before the server tells it. */
static const struct ability *find_ability(struct cache *cache, const char *agent)
{
    bool invocable, streaming;
    if (presence_ability(cache->core->presence, agent, &invocable, &streaming))
        return &abilities[invocable][streaming];
    return find_in_catalog(cache, agent);
}

/* Protocol 8.4, to the letter: command lines choose their hints by these words. */
static const char *const refusals[4][2][2] = {
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
    [VERB_SEND] = {
        [true] = { [false] = NULL, [true] = "is streaming-only. Use stream() instead" },
        [false] = { [false] = "is a background task and cannot be sent to",
                    [true] = "is a publisher and cannot be sent to. Subscribe to its events instead" },
    },
    [VERB_SUBSCRIBE] = {
        [true] = { [false] = "does not publish events. Use call() instead",
                   [true] = "streams responses to requests. Use stream() instead" },
        [false] = { [false] = "is a background task and does not publish events", [true] = NULL },
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

static mesh_status not_found(const char *agent, const char *request_id, mesh_error *err)
{
    mesh_error_set(err, MESH_E_NOT_FOUND, "Agent '%s' not found", agent);
    mesh_error_set_context(err, agent, request_id, NULL);
    return MESH_E_NOT_FOUND;
}

mesh_status cache_exists(struct cache *cache, const char *agent, mesh_error *err)
{
    if (find_ability(cache, agent))
        return MESH_OK;
    mesh_error failure = MESH_ERROR_INIT;
    worker_blocks(true);
    mesh_status status = link_key_get(cache->core->link, "mesh-registry", agent, NULL, NULL, &failure);
    worker_blocks(false);
    if (status == MESH_E_NOT_FOUND)
        status = not_found(agent, NULL, err);
    else if (status == MESH_E_CONNECTION_DENIED)
        status = MESH_OK;
    else if (status != MESH_OK)
        mesh_error_move(err, &failure);
    mesh_error_clear(&failure);
    return status;
}

/* The cache may be a moment behind, or not be followed at all. */
static bool server_lists(const struct cache *cache, const char *agent)
{
    auto_buf struct buf document;
    buf_init(&document, DOCUMENT_MAX);
    auto_catalog struct catalog *catalog = NULL;
    struct catalog_item item;
    return cache_ask(cache->core, &document, NULL) == MESH_OK &&
           catalog_parse(buf_bytes(&document), &catalog, NULL) == MESH_OK && catalog_find(catalog, agent, &item);
}

mesh_status cache_nobody(struct cache *cache, const char *agent, const char *request_id, mesh_error *err)
{
    if (!find_ability(cache, agent) && !server_lists(cache, agent))
        return not_found(agent, request_id, err);
    mesh_error_set(err, MESH_E_NOT_AVAILABLE, "Agent '%s' is registered but currently offline (lifecycle gate)", agent);
    mesh_error_set_context(err, agent, request_id, NULL);
    return MESH_E_NOT_AVAILABLE;
}
