/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/presence.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "client/levels.h"
#include "link/signals.h"
#include "serve/announce.h"
#include "serve/serve.h"

enum { RETRY_FIRST_MS = 250, RETRY_MAX_MS = 10000, SETTLE_MS = 45000 };

/* In the place of an announcement: the server may have been told of it in part. */
static char in_part;

struct presence {
    struct core *core;

    /* Guarded by lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* for the keeper: something is wanted, connected, closing */
    pthread_cond_t tried;   /* for those who wait: a round is over */
    struct map wanted;      /* agent name to struct announcement */
    uint64_t wanted_version, tried_version, told_version; /* told: the last that was tried with success */
    mesh_status tried_status;
    char *tried_text;
    bool lost;            /* the server may know nothing of us any more */
    uint64_t try_at_ms;   /* when to try without a change; CLOCK_NEVER: when something changes */
    uint32_t pause_ms;    /* between failed tries, growing */
    bool closing, has_keeper;
    pthread_t keeper;

    struct map announced; /* what the server has been told, the same way, or in_part; the keeper's to change */

    /* The keeper's. */
    struct link_subscription *record_watch;
};

struct presence *presence_new(struct core *core)
{
    struct presence *presence = calloc(1, sizeof(*presence));
    if (!presence)
        return NULL;
    presence->core = core;
    presence->try_at_ms = CLOCK_NEVER;
    map_init(&presence->wanted);
    map_init(&presence->announced);
    pthread_mutex_init(&presence->lock, NULL);
    if (!clock_cond_init(&presence->changed) || !clock_cond_init(&presence->tried)) {
        free(presence);
        return NULL;
    }
    return presence;
}

static void drop_announcement(void *value)
{
    if (value != &in_part)
        announcement_unref(value); /* NULL is fine */
}

void presence_stop(struct presence *presence)
{
    if (!presence)
        return;
    pthread_mutex_lock(&presence->lock);
    presence->closing = true;
    pthread_cond_signal(&presence->changed);
    pthread_mutex_unlock(&presence->lock);
    if (presence->has_keeper)
        pthread_join(presence->keeper, NULL);
}

void presence_free(struct presence *presence)
{
    if (!presence)
        return;
    map_clear(&presence->wanted, drop_announcement);
    map_clear(&presence->announced, drop_announcement);
    free(presence->tried_text);
    pthread_cond_destroy(&presence->changed);
    pthread_cond_destroy(&presence->tried);
    pthread_mutex_destroy(&presence->lock);
    free(presence);
}

/* ---- the keeper ---- */

/* What there is to do, as of one moment. */
struct round {
    uint64_t version;
    bool anew; /* everything must be told again */
    struct announce_plan plan;
};

static bool plan_puts(struct presence *presence, struct round *round)
{
    const char *name;
    void *value;
    for (size_t at = 0; map_next(&presence->wanted, &at, &name, &value);) {
        const void *told = map_get(&presence->announced, name);
        bool is_new = !told || told == &in_part;
        if (!announce_plan_keep(&round->plan, name))
            return false;
        if ((round->anew || told != value) && !announce_plan_put(&round->plan, value, is_new))
            return false;
        if (!told && !map_put(&presence->announced, name, &in_part))
            return false;
    }
    return true;
}

static bool plan_removals(const struct presence *presence, struct round *round)
{
    const char *name;
    void *value;
    for (size_t at = 0; map_next(&presence->announced, &at, &name, &value);)
        if (!map_get(&presence->wanted, name) && !announce_plan_remove(&round->plan, name, value != &in_part))
            return false;
    return true;
}

/* Under the lock. False: no memory. */
static bool plan_round(struct presence *presence, struct round *round)
{
    round->version = presence->wanted_version;
    round->anew = presence->lost;
    presence->lost = false;
    presence->try_at_ms = CLOCK_NEVER;
    announce_plan_init(&round->plan);
    return plan_puts(presence, round) && plan_removals(presence, round);
}

/* [link] Somebody has removed our record while we live. */
static void on_record(void *closure, const struct link_entry *entry)
{
    struct presence *presence = closure;
    if (!entry->deleted)
        return;
    pthread_mutex_lock(&presence->lock);
    if (map_count(&presence->wanted) > 0) {
        presence->lost = true;
        presence->try_at_ms = 0;
        pthread_cond_signal(&presence->changed);
    }
    pthread_mutex_unlock(&presence->lock);
}

static mesh_status prepare_server(struct presence *presence, const struct round *round, mesh_error *err)
{
    const struct core *core = presence->core;
    mesh_status status = round->anew ? core_enter(core, err) : MESH_OK;
    if (status == MESH_OK && round->plan.name_count > 0)
        levels_follow(core->levels);
    if (status == MESH_OK && !presence->record_watch && round->plan.name_count > 0)
        status = link_keys_watch(core->link, "mesh-instances", core->instance_id, on_record, presence,
                                 &presence->record_watch, err);
    return status;
}

/* The value is taken. Without memory the former one stays: the server will be told again, which does no harm. */
static void replace_told(struct presence *presence, const char *name, void *value)
{
    void *former = map_get(&presence->announced, name);
    drop_announcement(map_put(&presence->announced, name, value) ? former : value);
}

static void remember_puts(struct presence *presence, const struct announce_plan *plan)
{
    for (size_t i = 0; i < plan->put_count && plan->is_listed; i++) {
        struct announcement *put = plan->puts[i].announcement;
        replace_told(presence, announcement_name(put), announcement_ref(put));
    }
}

/* A removal that is not over is tried again; its death is not to be told twice. */
static void remember_removals(struct presence *presence, const struct announce_plan *plan, bool are_over)
{
    for (size_t i = 0; i < plan->removal_count; i++) {
        const struct announce_removal *removal = &plan->removals[i];
        if (are_over)
            drop_announcement(map_remove(&presence->announced, removal->name));
        else if (removal->is_buried)
            replace_told(presence, removal->name, &in_part);
    }
}

/* A catalog that cannot be read lists nobody: who only leaves has left. */
static bool is_over(const struct round *round, mesh_status status)
{
    return status == MESH_OK || (status == MESH_E_DATA && round->plan.put_count == 0);
}

static uint32_t next_pause(uint32_t pause_ms)
{
    uint32_t doubled = pause_ms ? pause_ms * 2 : RETRY_FIRST_MS;
    return doubled < RETRY_MAX_MS ? doubled : RETRY_MAX_MS;
}

/* Under the lock. */
static void conclude(struct presence *presence, const struct round *round, mesh_status status, const mesh_error *err)
{
    bool over = is_over(round, status);
    remember_puts(presence, &round->plan);
    remember_removals(presence, &round->plan, over);
    if (over) {
        presence->pause_ms = 0;
    } else {
        presence->lost |= round->anew;
        presence->pause_ms = next_pause(presence->pause_ms);
        presence->try_at_ms = clock_deadline(presence->pause_ms);
    }
    free(presence->tried_text);
    presence->tried_text = status == MESH_OK ? NULL : strdup(mesh_error_text(err));
    presence->tried_status = status;
    presence->tried_version = round->version;
    if (status == MESH_OK)
        presence->told_version = round->version;
    pthread_cond_broadcast(&presence->tried);
}

/* Under the lock, which is given up meanwhile. */
static void run_round(struct presence *presence)
{
    struct round round;
    mesh_error err = MESH_ERROR_INIT;
    bool planned = plan_round(presence, &round);
    pthread_mutex_unlock(&presence->lock);

    mesh_status status = planned ? prepare_server(presence, &round, &err)
                                 : mesh_error_set(&err, MESH_E_NO_MEMORY, "no memory to announce the agents");
    if (status == MESH_OK)
        status = announce_run(presence->core, &round.plan, &err);
    if (status != MESH_OK)
        core_tell(presence->core, MESH_LOG_WARN, status, NULL, "agents could not be announced%s: %s",
                  is_over(&round, status) ? "" : ", trying again", mesh_error_text(&err));

    pthread_mutex_lock(&presence->lock);
    conclude(presence, &round, status, &err);
    announce_plan_clear(&round.plan);
    mesh_error_clear(&err);
}

static bool has_work(const struct presence *presence)
{
    return link_is_connected(presence->core->link) &&
           (presence->wanted_version != presence->tried_version || presence->try_at_ms <= clock_ms());
}

/* Under the lock, which is given up meanwhile: what is told now may begin. */
static void keep(struct presence *presence)
{
    run_round(presence);
    pthread_mutex_unlock(&presence->lock);
    serve_told(presence->core->serve);
    pthread_mutex_lock(&presence->lock);
}

static void *keeper_main(void *closure)
{
    struct presence *presence = closure;
    pthread_setname_np(pthread_self(), "mesh-presence");
    pthread_mutex_lock(&presence->lock);
    while (!presence->closing) {
        if (has_work(presence))
            keep(presence);
        else
            clock_cond_wait(&presence->changed, &presence->lock,
                            link_is_connected(presence->core->link) ? presence->try_at_ms : CLOCK_NEVER);
    }
    pthread_mutex_unlock(&presence->lock);
    return NULL;
}

/* Under the lock. */
static mesh_status start_keeper(struct presence *presence, mesh_error *err)
{
    if (presence->has_keeper)
        return MESH_OK;
    sigset_t before;
    signals_block(&before);
    presence->has_keeper = pthread_create(&presence->keeper, NULL, keeper_main, presence) == 0;
    signals_restore(&before);
    return presence->has_keeper ? MESH_OK : mesh_error_set(err, MESH_E_SYSTEM, "no thread can be started");
}

mesh_status presence_start(struct presence *presence, mesh_error *err)
{
    pthread_mutex_lock(&presence->lock);
    presence->lost = true;
    presence->try_at_ms = 0;
    mesh_status status = start_keeper(presence, err);
    pthread_mutex_unlock(&presence->lock);
    return status;
}

/* ---- what is wanted ---- */

/* Under the lock. */
static void want(struct presence *presence)
{
    presence->wanted_version++;
    pthread_cond_signal(&presence->changed);
}

mesh_status presence_set(struct presence *presence, const struct contract *contract, mesh_error *err)
{
    struct announcement *next = announcement_new(contract);
    if (!next)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to announce agent '%s'", contract->name);
    pthread_mutex_lock(&presence->lock);
    mesh_status status = start_keeper(presence, err);
    struct announcement *before = map_get(&presence->wanted, contract->name);
    bool is_same = before && announcement_equal(before, next);
    if (status == MESH_OK && !is_same) {
        if (map_put(&presence->wanted, contract->name, next)) {
            next = before;
            want(presence);
        } else {
            status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to announce agent '%s'", contract->name);
        }
    }
    pthread_mutex_unlock(&presence->lock);
    announcement_unref(next);
    return status;
}

void presence_unset(struct presence *presence, const char *name)
{
    pthread_mutex_lock(&presence->lock);
    struct announcement *before = map_remove(&presence->wanted, name);
    if (before)
        want(presence);
    pthread_mutex_unlock(&presence->lock);
    announcement_unref(before);
}

bool presence_is_told(struct presence *presence, const char *agent)
{
    pthread_mutex_lock(&presence->lock);
    const void *told = map_get(&presence->announced, agent);
    bool is_told = told && told != &in_part && map_get(&presence->wanted, agent);
    pthread_mutex_unlock(&presence->lock);
    return is_told;
}

bool presence_ability(struct presence *presence, const char *agent, bool *ret_invocable, bool *ret_streaming)
{
    pthread_mutex_lock(&presence->lock);
    const struct announcement *ours = map_get(&presence->wanted, agent);
    if (ours) {
        *ret_invocable = announcement_contract(ours)->invocable;
        *ret_streaming = announcement_contract(ours)->streaming;
    }
    pthread_mutex_unlock(&presence->lock);
    return ours;
}

bool presence_document(struct presence *presence, const char *agent, struct buf *document)
{
    pthread_mutex_lock(&presence->lock);
    const struct announcement *ours = map_get(&presence->wanted, agent);
    if (ours)
        buf_append(document, announcement_document(ours).data, announcement_document(ours).len);
    pthread_mutex_unlock(&presence->lock);
    return ours;
}

bool presence_list(struct presence *presence, struct catalog *catalog)
{
    const char *name;
    void *value;
    bool ok = true;
    pthread_mutex_lock(&presence->lock);
    for (size_t at = 0; ok && map_next(&presence->wanted, &at, &name, &value);)
        catalog_put(catalog, announcement_contract(value), &ok);
    pthread_mutex_unlock(&presence->lock);
    return ok;
}

/* Under the lock. What there is to say of a version that has not been told. */
static mesh_status explain(const struct presence *presence, uint64_t version, mesh_error *err)
{
    if (presence->tried_version >= version)
        return mesh_error_set_text(err, presence->tried_status, presence->tried_text);
    if (!link_is_connected(presence->core->link))
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "not connected to %s", presence->core->url);
    return mesh_error_set(err, MESH_E_TIMEOUT, "the mesh could not be told within %d ms", SETTLE_MS);
}

mesh_status presence_settle(struct presence *presence, mesh_error *err)
{
    uint64_t deadline = clock_deadline(SETTLE_MS);
    pthread_mutex_lock(&presence->lock);
    uint64_t version = presence->wanted_version;
    while (presence->told_version < version && presence->tried_version < version &&
           link_is_connected(presence->core->link) && clock_cond_wait(&presence->tried, &presence->lock, deadline))
        ;
    mesh_status status = presence->told_version >= version ? MESH_OK : explain(presence, version, err);
    pthread_mutex_unlock(&presence->lock);
    return status;
}

/* ---- what happens to us ---- */

static void assert_anew(struct presence *presence)
{
    pthread_mutex_lock(&presence->lock);
    presence->lost = true;
    presence->try_at_ms = 0;
    pthread_cond_signal(&presence->changed);
    pthread_cond_broadcast(&presence->tried); /* for those whom a lost connection ends */
    pthread_mutex_unlock(&presence->lock);
}

void presence_connected(struct presence *presence)
{
    pthread_mutex_lock(&presence->lock);
    pthread_cond_signal(&presence->changed);
    pthread_mutex_unlock(&presence->lock);
}

void presence_disconnected(struct presence *presence)
{
    assert_anew(presence);
}

void presence_death(struct presence *presence, const char *agent)
{
    pthread_mutex_lock(&presence->lock);
    bool is_ours = map_get(&presence->wanted, agent) != NULL;
    pthread_mutex_unlock(&presence->lock);
    if (is_ours)
        assert_anew(presence);
}
