/* SPDX-License-Identifier: Apache-2.0 */
#include "local/burial.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/catalog_edit.h"
#include "wire/record.h"
#include "wire/subject.h"

enum { RECORD_MAX = 64 << 20 };

struct burial *burial_new(const char *instance_id)
{
    struct burial *burial = calloc(1, sizeof(*burial));
    char *copy = strdup(instance_id);
    if (!burial || !copy) {
        free(burial);
        free(copy);
        return NULL;
    }
    burial->instance_id = copy;
    map_init(&burial->agents);
    map_init(&burial->survivors);
    return burial;
}

struct burial *burial_free(struct burial *burial)
{
    if (burial) {
        map_clear(&burial->agents, NULL);
        map_clear(&burial->survivors, NULL);
        free(burial->instance_id);
        free(burial);
    }
    return NULL;
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to bury a host");
}

/* ---- the record ---- */

mesh_status burial_dig(struct burial *burial, struct link *link, bool *ret_is_host, mesh_error *err)
{
    auto_buf struct buf record;
    buf_init(&record, RECORD_MAX);
    *ret_is_host = burial->is_dug;
    if (burial->is_dug)
        return MESH_OK;
    mesh_status status = link_key_get(link, "mesh-instances", burial->instance_id, &record, NULL, err);
    if (status == MESH_E_NOT_FOUND || status == MESH_E_INVALID_ARGUMENT) {
        mesh_error_clear(err);
        return MESH_OK;
    }
    if (status != MESH_OK)
        return status;
    if (!instance_read_into(&burial->agents, buf_bytes(&record)))
        return no_memory(err);
    burial->is_dug = map_count(&burial->agents) > 0;
    *ret_is_host = burial->is_dug;
    return MESH_OK;
}

/* ---- who else serves its agents ---- */

struct scan {
    struct burial *burial;
    bool no_memory;
};

static void add_survivors(void *closure, const struct link_entry *entry)
{
    struct scan *scan = closure;
    if (strcmp(entry->key, scan->burial->instance_id) != 0 &&
        !instance_read_into(&scan->burial->survivors, entry->value))
        scan->no_memory = true;
}

/* A scan that fails is a failure, not "nobody". */
static mesh_status find_survivors(struct burial *burial, struct link *link, mesh_error *err)
{
    struct scan scan = { .burial = burial };
    map_clear(&burial->survivors, NULL);
    mesh_status status = link_keys_each(link, "mesh-instances", ">", add_survivors, &scan, err);
    return status == MESH_OK && scan.no_memory ? no_memory(err) : status;
}

static bool survives(const struct burial *burial, const char *agent)
{
    return map_get(&burial->survivors, agent) != NULL;
}

/* ---- its agents ---- */

static bool unlist(void *closure, struct catalog *catalog, bool *ok)
{
    const struct burial *burial = closure;
    const char *agent;
    void *value;
    bool changed = false;
    (void)ok;
    for (size_t at = 0; map_next(&burial->agents, &at, &agent, &value);)
        if (!survives(burial, agent))
            changed |= catalog_remove(catalog, agent);
    return changed;
}

/* A name too long for a key or a subject: nobody was ever known by it. */
static mesh_status if_possible(mesh_status status, mesh_error *err)
{
    if (status != MESH_E_INVALID_ARGUMENT)
        return status;
    mesh_error_clear(err);
    return MESH_OK;
}

static mesh_status remove_contracts(struct burial *burial, struct link *link, mesh_error *err)
{
    mesh_status status = MESH_OK;
    const char *agent;
    void *value;
    for (size_t at = 0; status == MESH_OK && map_next(&burial->agents, &at, &agent, &value);)
        if (!survives(burial, agent) && name_is_valid(agent))
            status = if_possible(link_key_delete(link, "mesh-registry", agent, err), err);
    return status;
}

static mesh_status tell_death(const struct burial *burial, struct link *link, const char *agent, mesh_error *err)
{
    auto_free char *subject = subject_for_death(agent);
    auto_buf struct buf notice;
    buf_init(&notice, RECORD_MAX);
    death_write(&notice, agent, "disconnect", burial->instance_id);
    if (!subject || buf_failed(&notice))
        return no_memory(err);
    const struct link_outgoing message = { .subject = subject, .body = buf_bytes(&notice) };
    return if_possible(link_publish(link, &message, err), err);
}

/* Each is told of once, whatever comes in between. */
static mesh_status tell_deaths(struct burial *burial, struct link *link, burial_callback callback, void *closure,
                               mesh_error *err)
{
    const char *agent;
    void *value;
    for (size_t at = 0; map_next(&burial->agents, &at, &agent, &value);) {
        bool is_spared = survives(burial, agent);
        mesh_status status = is_spared || !name_is_valid(agent) ? MESH_OK : tell_death(burial, link, agent, err);
        if (status != MESH_OK)
            return status;
        callback(closure, agent, is_spared);
        map_remove(&burial->agents, agent);
    }
    return MESH_OK;
}

/*
 * The record goes before others are looked at: of two monitors that bury the last two hosts of an agent, one at least
 * sees nobody left.
 */
static mesh_status take_off(struct burial *burial, struct link *link, mesh_error *err)
{
    mesh_status status = link_key_delete(link, "mesh-instances", burial->instance_id, err);
    if (status == MESH_OK)
        status = find_survivors(burial, link, err);
    if (status == MESH_OK)
        status = catalog_edit(link, unlist, burial, err);
    /* What cannot be read lists nobody: the contracts go all the same. */
    mesh_status removed = MESH_OK;
    if (status == MESH_OK || status == MESH_E_DATA)
        removed = remove_contracts(burial, link, status == MESH_OK ? err : NULL);
    burial->is_unlisted = removed == MESH_OK && (status == MESH_OK || status == MESH_E_DATA);
    return status == MESH_OK ? removed : status;
}

mesh_status burial_hold(struct burial *burial, struct link *link, burial_callback callback, void *closure,
                        mesh_error *err)
{
    mesh_status status = burial->is_unlisted ? MESH_OK : take_off(burial, link, err);
    if (!burial->is_unlisted)
        return status;
    mesh_status told = tell_deaths(burial, link, callback, closure, status == MESH_OK ? err : NULL);
    return status == MESH_OK ? told : status;
}
