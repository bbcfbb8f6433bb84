/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "client/catalog_edit.h"
#include "client/observe.h"
#include "wire/catalog.h"
#include "wire/record.h"
#include "wire/subject.h"

enum { DOCUMENT_MAX = 64 << 20 };

struct announcement {
    atomic_uint references;
    struct contract *contract;
    char *document; /* for the registry */
};

/* ---- announcements ---- */

/* By way of the document: it holds everything that a contract says. */
struct announcement *announcement_new(const struct contract *contract)
{
    struct announcement *announcement = calloc(1, sizeof(*announcement));
    if (!announcement)
        return NULL;
    announcement->references = 1;
    char stamp[CLOCK_STAMP_SIZE];
    clock_stamp(stamp);
    struct contract stamped = *contract;
    stamped.registered_at = stamp;
    auto_buf struct buf document;
    buf_init(&document, DOCUMENT_MAX);
    contract_write(&document, &stamped);
    if (contract_read(buf_bytes(&document), &announcement->contract, NULL) != MESH_OK ||
        !(announcement->document = buf_take(&document))) {
        announcement_unref(announcement);
        return NULL;
    }
    return announcement;
}

struct announcement *announcement_ref(struct announcement *announcement)
{
    atomic_fetch_add(&announcement->references, 1);
    return announcement;
}

void announcement_unref(struct announcement *announcement)
{
    if (!announcement || atomic_fetch_sub(&announcement->references, 1) > 1)
        return;
    contract_free(announcement->contract);
    free(announcement->document);
    free(announcement);
}

const char *announcement_name(const struct announcement *announcement)
{
    return announcement->contract->name;
}

const struct contract *announcement_contract(const struct announcement *announcement)
{
    return announcement->contract;
}

mesh_bytes announcement_document(const struct announcement *announcement)
{
    return mesh_text(announcement->document);
}

bool announcement_equal(const struct announcement *a, const struct announcement *b)
{
    return contract_equal(a->contract, b->contract);
}

/* ---- plans ---- */

void announce_plan_init(struct announce_plan *plan)
{
    memset(plan, 0, sizeof(*plan));
}

void announce_plan_clear(struct announce_plan *plan)
{
    for (size_t i = 0; i < plan->name_count; i++)
        free(plan->names[i]);
    for (size_t i = 0; i < plan->put_count; i++)
        announcement_unref(plan->puts[i].announcement);
    for (size_t i = 0; i < plan->removal_count; i++)
        free(plan->removals[i].name);
    free(plan->names);
    free(plan->puts);
    free(plan->removals);
    announce_plan_init(plan);
}

static bool make_room(void *slot, size_t item, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 8;
    void *grown = reallocarray(*(void **)slot, wanted, item);
    if (!grown)
        return false;
    *(void **)slot = grown;
    *capacity = wanted;
    return true;
}

bool announce_plan_keep(struct announce_plan *plan, const char *name)
{
    auto_free char *copy = strdup(name);
    if (!copy || !make_room(&plan->names, sizeof(*plan->names), plan->name_count, &plan->name_capacity))
        return false;
    plan->names[plan->name_count++] = take(&copy);
    return true;
}

bool announce_plan_remove(struct announce_plan *plan, const char *name, bool was_told)
{
    auto_free char *copy = strdup(name);
    if (!copy || !make_room(&plan->removals, sizeof(*plan->removals), plan->removal_count, &plan->removal_capacity))
        return false;
    plan->removals[plan->removal_count++] = (struct announce_removal){ .name = take(&copy), .was_told = was_told };
    return true;
}

bool announce_plan_put(struct announce_plan *plan, struct announcement *announcement, bool is_new)
{
    if (!make_room(&plan->puts, sizeof(*plan->puts), plan->put_count, &plan->put_capacity))
        return false;
    plan->puts[plan->put_count++] = (struct announce_put){ announcement_ref(announcement), is_new };
    return true;
}

/* ---- the instance record ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* First of all: it may name agents that are not in the catalog yet, and if we die meanwhile the monitor cleans up by it. */
static mesh_status put_record(const struct core *core, struct announce_plan *plan, mesh_error *err)
{
    if (plan->name_count == 0 && plan->removal_count == 0)
        return MESH_OK;
    if (plan->name_count == 0)
        return link_key_delete(core->link, "mesh-instances", core->instance_id, err);
    qsort(plan->names, plan->name_count, sizeof(*plan->names), by_text);
    auto_buf struct buf record;
    buf_init(&record, DOCUMENT_MAX);
    instance_write(&record, (const char *const *)plan->names, plan->name_count);
    mesh_status status = buf_error(&record, err);
    if (status == MESH_OK)
        status = link_key_put(core->link, "mesh-instances", core->instance_id, buf_bytes(&record), NULL, err);
    return status;
}

/* ---- contracts ---- */

static mesh_status put_contracts(const struct core *core, const struct announce_plan *plan, mesh_error *err)
{
    auto_free struct link_pair *pairs = calloc(plan->put_count + 1, sizeof(*pairs));
    if (!pairs)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for contracts");
    for (size_t i = 0; i < plan->put_count; i++)
        pairs[i] = (struct link_pair){ announcement_name(plan->puts[i].announcement),
                                       announcement_document(plan->puts[i].announcement) };
    return link_keys_put(core->link, "mesh-registry", pairs, plan->put_count, err);
}

/* ---- who else serves what we leave ---- */

struct survivors {
    const struct core *core;
    struct map names;
    bool no_memory;
};

static void add_survivors(void *closure, const struct link_entry *entry)
{
    struct survivors *survivors = closure;
    if (strcmp(entry->key, survivors->core->instance_id) != 0 && !instance_read_into(&survivors->names, entry->value))
        survivors->no_memory = true;
}

/* A scan that fails is a failure, not "nobody". */
static mesh_status find_survivors(const struct core *core, struct announce_plan *plan, mesh_error *err)
{
    struct survivors survivors = { .core = core };
    map_init(&survivors.names);
    mesh_status status = link_keys_each(core->link, "mesh-instances", ">", add_survivors, &survivors, err);
    if (status == MESH_OK && survivors.no_memory)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to look for other instances");
    for (size_t i = 0; i < plan->removal_count; i++)
        plan->removals[i].survives = map_get(&survivors.names, plan->removals[i].name) != NULL;
    map_clear(&survivors.names, NULL);
    return status;
}

/* ---- the catalog ---- */

static bool change_catalog(void *closure, struct catalog *catalog, bool *ok)
{
    const struct announce_plan *plan = closure;
    bool changed = false;
    for (size_t i = 0; i < plan->put_count; i++)
        changed |= catalog_put(catalog, plan->puts[i].announcement->contract, ok);
    for (size_t i = 0; i < plan->removal_count; i++)
        if (!plan->removals[i].survives)
            changed |= catalog_remove(catalog, plan->removals[i].name);
    return changed;
}

static mesh_status write_catalog(const struct core *core, struct announce_plan *plan, mesh_error *err)
{
    if (plan->put_count == 0 && plan->removal_count == 0)
        return MESH_OK;
    return catalog_edit(core->link, change_catalog, plan, err);
}

/* ---- afterwards ---- */

static void tell_death(const struct core *core, const char *name)
{
    auto_free char *subject = subject_for_death(name);
    auto_buf struct buf notice;
    buf_init(&notice, DOCUMENT_MAX);
    death_write(&notice, name, "graceful_shutdown", core->instance_id);
    const struct link_outgoing message = { .subject = subject, .body = buf_bytes(&notice) };
    if (subject && !buf_failed(&notice))
        link_publish(core->link, &message, NULL);
}

static mesh_status remove_contracts(const struct core *core, const struct announce_plan *plan, mesh_error *err)
{
    mesh_status status = MESH_OK;
    for (size_t i = 0; i < plan->removal_count && status == MESH_OK; i++)
        if (!plan->removals[i].survives)
            status = link_key_delete(core->link, "mesh-registry", plan->removals[i].name, err);
    return status;
}

static void tell_deaths(const struct core *core, struct announce_plan *plan)
{
    for (size_t i = 0; i < plan->removal_count; i++) {
        struct announce_removal *removal = &plan->removals[i];
        if (!removal->was_told || removal->survives)
            continue;
        tell_death(core, removal->name);
        removal->is_buried = true;
    }
}

mesh_status announce_run(const struct core *core, struct announce_plan *plan, mesh_error *err)
{
    mesh_status status = put_record(core, plan, err);
    if (status == MESH_OK && plan->put_count > 0)
        status = put_contracts(core, plan, err);
    if (status == MESH_OK && plan->removal_count > 0)
        status = find_survivors(core, plan, err);
    if (status != MESH_OK)
        return status;

    /* Who leaves goes on leaving though the catalog cannot be written (protocol 4.6). */
    status = write_catalog(core, plan, err);
    plan->is_listed = status == MESH_OK;
    mesh_status removed = remove_contracts(core, plan, plan->is_listed ? err : NULL);
    tell_deaths(core, plan);
    for (size_t i = 0; i < plan->put_count && plan->is_listed; i++)
        if (plan->puts[i].is_new)
            observe_presence(core, announcement_name(plan->puts[i].announcement), OBSERVE_REGISTERED);
    return plan->is_listed ? removed : status;
}
