/* SPDX-License-Identifier: Apache-2.0 */
/* The roster: every plugin that is known. */
#include "plugin/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/guess.h"
#include "log.h"
#include "plugin/known.h"
#include "plugin/plan.h"

/* How long those who are written when the host starts hold up the others, beyond the settle time. */
enum { FIRST_WAIT_MS = 2000 };

/* ---- those who ask ---- */

static bool is_on_trial(const struct plugin *plugin)
{
    return plugin->probation_until != CLOCK_NEVER;
}

/* The folders have been looked at since somebody asked, or will not be any more. */
static bool has_looked(const struct roster *roster, const struct waiter *waiter)
{
    return roster->looks > waiter->look || roster->stopping;
}

/* Whether a plugin has come to where a waiter wants to be told. */
static bool is_at_rest(const struct plugin *plugin, const struct waiter *waiter)
{
    return has_looked(plugin->roster, waiter) && !plugin->move && !(waiter->to_commit && is_on_trial(plugin));
}

static bool all_are_at_rest(const struct roster *roster, const struct waiter *waiter)
{
    const char *name;
    void *value;
    if (!has_looked(roster, waiter) || roster->moving > 0 || roster->unsettled > 0)
        return false;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        if (!is_at_rest(value, waiter))
            return false;
    }
    return true;
}

/* Tell one and take it out of its list. */
static void tell(struct waiter **at, const char *plugin)
{
    struct waiter *waiter = *at;
    *at = waiter->next;
    waiter->told(waiter->closure, plugin);
    free(waiter);
}

/* Tell those whose moment has come, or every one: there will be no other moment. */
static void tell_waiters(struct plugin *plugin, bool every_one)
{
    for (struct waiter **at = &plugin->waiters; *at;) {
        if (every_one || is_at_rest(plugin, *at))
            tell(at, plugin->name);
        else
            at = &(*at)->next;
    }
}

static void tell_waiters_for_all(struct roster *roster)
{
    for (struct waiter **at = &roster->waiters; *at;) {
        if (all_are_at_rest(roster, *at))
            tell(at, NULL);
        else
            at = &(*at)->next;
    }
}

mesh_status roster_wait(struct roster *roster, const char *name, bool to_commit, roster_told told, void *closure,
                        mesh_error *err)
{
    struct plugin *plugin = name ? map_get(&roster->plugins, name) : NULL;
    struct waiter *waiter = plugin || !name ? calloc(1, sizeof(*waiter)) : NULL;
    if (!waiter)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    struct waiter **list = plugin ? &plugin->waiters : &roster->waiters;
    *waiter = (struct waiter){ *list, roster->look_begun, to_commit, told, closure };
    *list = waiter;
    return MESH_OK;
}

/* ---- moves begin ---- */

static void move_done(struct job *job)
{
    struct move *move = (struct move *)job;
    struct plugin *plugin = move->owner;
    plugin->move = NULL;
    plugin->roster->moving--;
    outcome_take(plugin, move);
    move_free(move);
}

static void fill_order(struct roster *roster, struct plugin *plugin, struct move *move)
{
    move->job.done = move_done;
    move->owner = plugin;
    move->serving = plugin->serving;
    move->warm = plugin->warm;
    move->record = &plugin->record;
    move->config = config_ref(roster->config);
    move->trust = roster->trust;
    move->folder = roster->tools.generations;
    move->mesh = roster->tools.mesh;
    move->trials = roster->trials;
    move->claims = &roster->claims;
    move->claim.batch = roster->batch;
    move->claim.rank = plugin->rank;
    move->departures = roster->departures;
    move->state = plugin->state;
    move->is_demanded = plugin->is_demanded;
    move->is_forced = plugin->is_forced;
    move->is_stand_in = plugin->is_stand_in;
    memcpy(move->refused_hash, plugin->refused_hash, sizeof(move->refused_hash));
}

/* Without memory or threads a move is tried again soon. */
static void put_off(struct plugin *plugin)
{
    plugin->failures++;
    plugin->retry_at = plugin->leave_at = clock_deadline(plan_pause_ms(plugin->failures));
}

static void prepare_move(struct roster *roster, struct plugin *plugin, enum move_deed deed, const char *path)
{
    struct move *move = move_new(plugin->name, deed, path);
    if (!move) {
        put_off(plugin);
        return;
    }
    fill_order(roster, plugin, move);
    if (deed == MOVE_UP)
        claims_enter(&roster->claims, &move->claim);
    move->next_prepared = roster->prepared;
    roster->prepared = move;
}

static void begin_move(struct roster *roster, struct move *move)
{
    struct plugin *plugin = move->owner;
    if (!jobs_start(roster->tools.jobs, &move->job, "move")) {
        claims_leave(&roster->claims, &move->claim);
        put_off(plugin);
        move_free(move);
        return;
    }
    plugin->move = move;
    roster->moving++;
    plugin->retry_at = CLOCK_NEVER;
    if (move->deed != MOVE_UP)
        return;
    plugin->is_demanded = plugin->is_forced = plugin->is_stand_in = false;
    plugin->waits_for[0] = '\0';
    plugin->has_tried = true;
    plugin->tried = plugin->state;
}

/* All that move together claim their names before the first of them runs. */
static void begin_moves(struct roster *roster)
{
    while (roster->prepared) {
        struct move *move = roster->prepared;
        roster->prepared = move->next_prepared;
        begin_move(roster, move);
    }
}

static bool is_wanted(const struct plugin *plugin)
{
    return !plugin->roster->stopping && !plugin->record.is_disabled && !plugin->is_drained &&
           config_plugin_enabled(roster_config(plugin->roster), plugin->name);
}

static struct prospect prospect_of(const struct plugin *plugin)
{
    return (struct prospect){
        .is_enabled = is_wanted(plugin),
        .is_there = plugin->is_there,
        .rests = plugin->rests,
        .is_new = !plugin->has_tried || !file_state_same(&plugin->tried, &plugin->state),
        .is_demanded = plugin->is_demanded,
        .serves = plugin->serving,
        .goes_back = plugin->goes_back && plugin->warm,
        .moves = plugin->move,
        .retry_at = plugin->retry_at,
        .leave_at = plugin->leave_at,
    };
}

/* Each version that cannot be unloaded costs memory for good. */
static bool has_too_many_pins(const struct roster *roster, const struct plugin *plugin)
{
    return plugin->serving && farewell_pins(&roster->farewells, plugin->name) > roster_config(roster)->pinned_max;
}

static void refuse_for_pins(struct plugin *plugin)
{
    char text[160];
    snprintf(text, sizeof(text), "more than %u of its versions cannot be unloaded: restart agentmeshd to load this one",
             roster_config(plugin->roster)->pinned_max);
    if (plugin_is_news(plugin, "", text))
        log_event(MESH_LOG_ERROR, "plugin refused", "plugin", plugin->name, "reason", text, "kept",
                  "the version that serves", "file", plugin->path, NULL);
    plugin_note_failure(plugin, text);
    plugin->is_demanded = plugin->is_forced = false;
    plugin->retry_at = CLOCK_NEVER;
    plugin->has_tried = true;
    plugin->tried = plugin->state;
}

/* The file, or where that was set aside the copy that stands in for it. */
static void prepare_to_load(struct roster *roster, struct plugin *plugin)
{
    if (has_too_many_pins(roster, plugin)) {
        refuse_for_pins(plugin);
        return;
    }
    auto_free char *copy =
        plugin->is_stand_in ? record_stand_in(roster->tools.records, plugin->name, &plugin->record) : NULL;
    prepare_move(roster, plugin, MOVE_UP, copy ? copy : plugin->path);
}

/* The file is gone for good, or was never there. */
static void forget(struct roster *roster, struct plugin *plugin)
{
    if (plugin->waiters && !has_looked(roster, plugin->waiters))
        return; /* it is looked for */
    plugin_release_record(plugin);
    map_remove(&roster->plugins, plugin->name);
    tell_waiters(plugin, true);
    plugin_free(plugin);
}

static void carry_out(struct roster *roster, struct plugin *plugin, enum plan plan)
{
    switch (plan) {
    case PLAN_NOTHING:
        tell_waiters(plugin, false);
        break;
    case PLAN_LOOK:
        break;
    case PLAN_LOAD:
        prepare_to_load(roster, plugin);
        break;
    case PLAN_BACK:
        prepare_move(roster, plugin, MOVE_BACKWARDS, NULL);
        break;
    case PLAN_LEAVE:
        prepare_move(roster, plugin, MOVE_AWAY, NULL);
        break;
    case PLAN_FORGET:
        forget(roster, plugin);
        break;
    }
}

static uint64_t next_moment(const struct roster *roster)
{
    const char *name;
    void *value;
    uint64_t next = CLOCK_NEVER;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        struct prospect prospect = prospect_of(value);
        uint64_t when = plan_next(&prospect), judge_at = trial_next(value);
        next = when < next ? when : next;
        next = judge_at < next ? judge_at : next;
    }
    return next;
}

static size_t count_unsettled(const struct roster *roster, uint64_t now)
{
    const char *name;
    void *value;
    size_t count = 0;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        struct prospect prospect = prospect_of(value);
        count += plan_for(&prospect, now) == PLAN_LOOK;
    }
    return count;
}

/* All that is there at the start comes up together, so that the order of names decides, not that of writing. */
static bool may_begin(struct roster *roster, uint64_t now)
{
    if (!roster->has_begun)
        roster->has_begun =
            roster->stopping || (roster->has_seen && (roster->unsettled == 0 || now >= roster->wait_until));
    return roster->has_begun;
}

uint64_t roster_plan(struct roster *roster)
{
    const char *name;
    void *value;
    uint64_t now = clock_ms();
    roster->batch++;
    roster->unsettled = count_unsettled(roster, now);
    farewell_retry(&roster->farewells);
    if (roster->unsettled > 0)
        watch_demand_soon(roster->tools.watch);
    if (!may_begin(roster, now))
        return CLOCK_NEVER;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        trial_judge(value, now);
        struct prospect prospect = prospect_of(value);
        carry_out(roster, value, plan_for(&prospect, now));
    }
    begin_moves(roster);
    tell_waiters_for_all(roster);
    return next_moment(roster);
}

/* ---- from outside ---- */

mesh_status roster_new(const struct roster_tools *tools, struct config_ref *config, struct roster **ret_roster,
                       mesh_error *err)
{
    struct roster *roster = calloc(1, sizeof(*roster));
    if (!roster)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    roster->trials = trials_new();
    if (!roster->trials || !claims_init(&roster->claims)) {
        trials_free(roster->trials);
        free(roster);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    }
    roster->tools = *tools;
    roster->farewells.jobs = tools->jobs;
    roster->config = config_ref(config);
    trust_init(&roster->trust, roster_config(roster)->trusted_gid, roster_config(roster)->only);
    map_init(&roster->plugins);
    map_init(&roster->strays);
    roster->wait_until = clock_deadline(roster_config(roster)->settle_ms) + FIRST_WAIT_MS;
    *ret_roster = roster;
    return MESH_OK;
}

struct roster *roster_free(struct roster *roster)
{
    if (roster) {
        map_clear(&roster->plugins, plugin_free);
        farewells_clear(&roster->farewells);
        waiters_free(roster->waiters);
        map_clear(&roster->strays, free);
        trials_free(roster->trials);
        claims_clear(&roster->claims);
        config_unref(roster->config);
        free(roster);
    }
    return NULL;
}

void roster_set_config(struct roster *roster, struct config_ref *config, const struct config_diff *diff)
{
    config_unref(roster->config);
    roster->config = config_ref(config);
    trust_init(&roster->trust, roster_config(roster)->trusted_gid, roster_config(roster)->only);
    const char *name;
    void *value;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        struct plugin *plugin = value;
        if (plugin_is_concerned(plugin, diff))
            plugin->is_demanded = true;
    }
}

/* A look that has begun may have passed by what the asker means. */
static void ask_by_hand(struct roster *roster)
{
    roster->by_hand = true;
    roster->asked_after = roster->look_begun;
}

void roster_demand(struct roster *roster)
{
    const char *name;
    void *value;
    ask_by_hand(roster);
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        struct plugin *plugin = value;
        if (!plugin->told)
            continue;
        plugin_forget_told(plugin);
        plugin->is_demanded = true;
    }
}

static mesh_status find(struct roster *roster, const char *name, struct plugin **ret_plugin, mesh_error *err)
{
    *ret_plugin = map_get(&roster->plugins, name);
    if (*ret_plugin)
        return MESH_OK;
    struct guess guess = guess_start(name);
    const char *known;
    void *value;
    for (size_t at = 0; map_next(&roster->plugins, &at, &known, &value);)
        guess_try(&guess, known);
    return mesh_error_set(err, MESH_E_NOT_FOUND, "there is no plugin '%s'%s%s%s", name,
                          guess.best ? ": did you mean '" : "", guess.best ? guess.best : "", guess.best ? "'?" : "");
}

mesh_status roster_knows(struct roster *roster, const char *name, mesh_error *err)
{
    struct plugin *plugin;
    return find(roster, name, &plugin, err);
}

/* Its file may have come this very moment: the next look tells. */
mesh_status roster_reload(struct roster *roster, const char *name, bool force, mesh_error *err)
{
    if (!config_plugin_name_is_valid(name))
        return roster_knows(roster, name, err);
    struct plugin *plugin = plugin_for(roster, name);
    if (!plugin)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    ask_by_hand(roster);
    plugin->is_forced = plugin->is_forced || force;
    plugin->is_demanded = plugin->is_demanded || force || plugin->told;
    plugin_forget_told(plugin);
    return MESH_OK;
}

mesh_status roster_enable(struct roster *roster, const char *name, bool is_enabled, mesh_error *err)
{
    struct plugin *plugin;
    mesh_status status = find(roster, name, &plugin, err);
    if (status != MESH_OK)
        return status;
    if (is_enabled && !config_plugin_enabled(roster_config(roster), name))
        return mesh_error_set(err, MESH_E_CONFLICT,
                              "mesh.ini has enabled = no in [plugin %s]: change it there, and reload", name);
    plugin->is_drained = false;
    plugin->record.is_disabled = !is_enabled;
    plugin->is_demanded = plugin->is_demanded || (is_enabled && !plugin->serving);
    plugin_save_record(plugin);
    return MESH_OK;
}

mesh_status roster_drain(struct roster *roster, const char *name, mesh_error *err)
{
    struct plugin *plugin;
    mesh_status status = find(roster, name, &plugin, err);
    if (status == MESH_OK)
        plugin->is_drained = true;
    return status;
}

/* After the probation the one before is not in memory any more: what is set aside is replaced by its stand-in. */
static mesh_status load_the_one_before(struct plugin *plugin, mesh_error *err)
{
    const char *now = plugin->serving->image->hash;
    if (!record_set_aside(&plugin->record, now, "rolled back by hand"))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    auto_free char *stand_in = record_stand_in(plugin->roster->tools.records, plugin->name, &plugin->record);
    if (!stand_in) {
        record_forgive(&plugin->record, now);
        return mesh_error_set(err, MESH_E_CONFLICT, "no other good version of plugin '%s' is known", plugin->name);
    }
    memcpy(plugin->refused_hash, now, sizeof(plugin->refused_hash));
    plugin_save_record(plugin);
    plugin->is_stand_in = plugin->is_demanded = true;
    return MESH_OK;
}

mesh_status roster_roll_back(struct roster *roster, const char *name, mesh_error *err)
{
    struct plugin *plugin;
    mesh_status status = find(roster, name, &plugin, err);
    if (status != MESH_OK)
        return status;
    if (!plugin->serving)
        return mesh_error_set(err, MESH_E_CONFLICT, "plugin '%s' does not serve", name);
    if (plugin->move)
        return mesh_error_set(err, MESH_E_CONFLICT, "plugin '%s' is being moved: try again when that is done", name);
    plugin_forget_told(plugin);
    if (!plugin->warm)
        return load_the_one_before(plugin, err);
    trial_fail(plugin, "rolled back by hand");
    return MESH_OK;
}

void roster_stop(struct roster *roster)
{
    roster->stopping = true;
}

size_t roster_serving(const struct roster *roster)
{
    return roster->serving;
}

size_t roster_moving(const struct roster *roster)
{
    return roster->moving;
}

size_t roster_unsettled(const struct roster *roster)
{
    return roster->unsettled;
}

size_t roster_ending(const struct roster *roster)
{
    return roster->farewells.count;
}
