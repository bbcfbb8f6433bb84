/* SPDX-License-Identifier: Apache-2.0 */
/* What moves have brought. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"
#include "plugin/known.h"
#include "plugin/loader.h"
#include "plugin/plan.h"

void outcome_see_off(struct roster *roster, struct generation *generation)
{
    const struct config *config = roster_config(roster);
    farewell_to(&roster->farewells, generation, config->drain_timeout_ms, config->start_timeout_ms);
}

/* Names have become free: those who wait for them try again. */
static void wake_waiting(struct roster *roster, const char *owner)
{
    const char *name;
    void *value;
    roster->departures++;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        struct plugin *plugin = value;
        if (strcmp(plugin->waits_for, owner) == 0)
            plugin->is_demanded = true;
    }
}

static void tell_served(const struct plugin *plugin, const struct move *move)
{
    const struct generation *now = plugin->serving;
    char base[24];
    snprintf(base, sizeof(base), "%#jx", (uintmax_t)loader_base(now->handle));
    log_event(MESH_LOG_INFO, move->serving ? "plugin replaced" : "plugin serves", "plugin", plugin->name, "version",
              now->entry.plugin.version, "agents", LOG_INT(plugin_agent_count(now)), "generation", LOG_INT(now->number),
              "took_ms", LOG_INT(move->took_ms), "held_ms", move->held_ms > 0 ? LOG_INT(move->held_ms) : NULL, "file",
              move->path, NULL);
    log_event(MESH_LOG_DEBUG, "plugin loaded", "plugin", plugin->name, "generation", LOG_INT(now->number), "sha256",
              move->hash, "base", base, "build_id", now->image->facts.build_id, "copy", now->image->path, NULL);
    if (generation_stays_because(now))
        log_event(MESH_LOG_WARN, "plugin will stay in memory when it is replaced", "plugin", plugin->name, "reason",
                  generation_stays_because(now), NULL);
    if (move->err.status != MESH_OK)
        log_event(MESH_LOG_WARN, "announcing the agents failed, trying again", "plugin", plugin->name, "reason",
                  mesh_error_text(&move->err), NULL);
}

static void now_serves(struct plugin *plugin, struct move *move)
{
    struct roster *roster = plugin->roster;
    if (!plugin->serving)
        roster->serving++;
    plugin->serving = move->next;
    plugin->failures = 0;
    plugin_forget_told(plugin);
    tell_served(plugin, move);
    if (move->serving)
        wake_waiting(roster, plugin->name);
    trial_begin(plugin, move->serving, move->is_stand_in);
    if (roster->tools.on_serves)
        roster->tools.on_serves(plugin->serving);
}

static const char *why_it_left(const struct plugin *plugin)
{
    if (plugin->roster->stopping)
        return "the host ends";
    if (plugin->is_drained || plugin->record.is_disabled)
        return "an operator took it off";
    return plugin->is_there ? "not enabled" : "its file is gone";
}

static void has_left(struct plugin *plugin, const struct move *move)
{
    struct roster *roster = plugin->roster;
    log_event(MESH_LOG_INFO, "plugin leaves", "plugin", plugin->name, "generation", LOG_INT(move->serving->number),
              "reason", why_it_left(plugin), NULL);
    plugin->serving = NULL;
    plugin->has_tried = false;
    plugin->refused_hash[0] = '\0';
    roster->serving--;
    trial_forget(plugin);
    wake_waiting(roster, plugin->name);
    outcome_see_off(roster, move->serving);
}

static void tell_refused(struct plugin *plugin, const struct move *move)
{
    const char *text = mesh_error_text(&move->err);
    if (!plugin_is_news(plugin, move->hash, text))
        return;
    bool waits = move->verdict == MOVE_CLASH;
    const char *what = waits                          ? "plugin waits"
                       : move->verdict == MOVE_FAILED ? "plugin failed, trying again later"
                                                      : "plugin refused";
    log_event(waits ? MESH_LOG_WARN : MESH_LOG_ERROR, what, "plugin", plugin->name, "reason", text, "kept",
              plugin->serving ? "the version that serves" : NULL, "file", move->path, NULL);
}

/* What did harm is not to be tried by the next host either. */
static void set_aside(struct plugin *plugin, const struct move *move)
{
    if (!move->did_harm || !move->hash[0])
        return;
    record_set_aside(&plugin->record, move->hash, mesh_error_text(&move->err));
    plugin_save_record(plugin);
}

/* What served was stopped for a version that could not be started. */
static void take_revived(struct plugin *plugin, struct move *move)
{
    struct roster *roster = plugin->roster;
    bool serves = move->revived && move->revived->serves;
    trial_forget(plugin);
    outcome_see_off(roster, move->serving);
    if (!serves)
        outcome_see_off(roster, move->revived);
    roster->serving -= !serves;
    plugin->serving = serves ? move->revived : NULL;
    if (!serves)
        wake_waiting(roster, plugin->name);
}

static void was_refused(struct plugin *plugin, struct move *move)
{
    if (move->took_turns)
        take_revived(plugin, move);
    tell_refused(plugin, move);
    plugin_note_failure(plugin, mesh_error_text(&move->err));
    set_aside(plugin, move);
    outcome_see_off(plugin->roster, move->next);
    if (move->verdict == MOVE_REFUSED) {
        memcpy(plugin->refused_hash, move->hash, sizeof(plugin->refused_hash));
    } else if (move->verdict == MOVE_FAILED) {
        plugin->failures++;
        plugin->retry_at = clock_deadline(plan_pause_ms(plugin->failures));
    } else {
        memcpy(plugin->waits_for, move->clash_owner, sizeof(plugin->waits_for));
        plugin->is_demanded = plugin->roster->departures != move->departures; /* it may have left meanwhile */
    }
}

/* Nothing may be served in its place but what was good before. */
static void was_aside(struct plugin *plugin, struct move *move)
{
    auto_free char *stand_in = record_stand_in(plugin->roster->tools.records, plugin->name, &plugin->record);
    tell_refused(plugin, move);
    memcpy(plugin->refused_hash, move->hash, sizeof(plugin->refused_hash));
    plugin->is_stand_in = plugin->is_demanded = !plugin->serving && stand_in && !move->is_stand_in;
}

static void went_back(struct plugin *plugin, struct move *move)
{
    struct generation *bad = plugin->serving;
    const char *why = plugin->why_back ? plugin->why_back : "by hand";
    bool is_other = strcmp(bad->image->hash, plugin->warm->image->hash) != 0;
    log_event(MESH_LOG_ERROR, "plugin rolled back", "plugin", plugin->name, "reason", why, "from", LOG_INT(bad->number),
              "to", LOG_INT(plugin->warm->number), "version", plugin->warm->entry.plugin.version, "took_ms",
              LOG_INT(move->took_ms), NULL);
    if (is_other) {
        record_set_aside(&plugin->record, bad->image->hash, why);
        memcpy(plugin->refused_hash, bad->image->hash, sizeof(plugin->refused_hash));
    }
    plugin_note_failure(plugin, why);
    plugin->serving = take(&plugin->warm);
    plugin->failures = 0;
    plugin_forget_told(plugin);
    trial_forget(plugin);
    plugin_save_record(plugin);
    wake_waiting(plugin->roster, plugin->name);
    outcome_see_off(plugin->roster, bad);
}

/* The way back is tried until it is gone: what serves meanwhile is what was to be left. */
static void could_not_go_back(struct plugin *plugin, const struct move *move)
{
    const char *text = mesh_error_text(&move->err);
    if (plugin_is_news(plugin, plugin->serving->image->hash, text))
        log_event(MESH_LOG_ERROR, "plugin cannot be rolled back, trying again", "plugin", plugin->name, "reason", text,
                  NULL);
    plugin_note_failure(plugin, text);
    plugin->failures++;
    plugin->retry_at = clock_deadline(plan_pause_ms(plugin->failures));
}

void outcome_take(struct plugin *plugin, struct move *move)
{
    switch (move->verdict) {
    case MOVE_SERVES:
        now_serves(plugin, move);
        break;
    case MOVE_LEFT:
        has_left(plugin, move);
        break;
    case MOVE_BACK:
        went_back(plugin, move);
        break;
    case MOVE_SAME:
        if (plugin->serving && strcmp(plugin->serving->image->hash, move->hash) == 0)
            plugin_forget_told(plugin);
        break;
    case MOVE_AGAIN:
        plugin->has_tried = false;
        watch_demand_soon(plugin->roster->tools.watch);
        break;
    case MOVE_ASIDE:
        was_aside(plugin, move);
        break;
    case MOVE_REFUSED:
    case MOVE_FAILED:
    case MOVE_CLASH:
        if (move->deed == MOVE_BACKWARDS)
            could_not_go_back(plugin, move);
        else
            was_refused(plugin, move);
        break;
    }
}
