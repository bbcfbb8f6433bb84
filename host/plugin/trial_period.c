/* SPDX-License-Identifier: Apache-2.0 */
/* The time in which a new generation has to prove itself, while the one before it is kept warm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"
#include "plugin/known.h"

enum { JUDGE_MS = 250 };

static struct conduct conduct_of(const struct generation *generation)
{
    mesh_counters counters = { .size = sizeof(counters) };
    mesh_child_counters(generation->client, &counters);
    return (struct conduct){ .requests = counters.requests - counters.running - counters.queued,
                             .faults = counters.faults,
                             .timeouts = counters.timeouts,
                             .stuck = counters.stuck };
}

/* One that was on probation itself is not what to go back to; one that takes turns has been stopped. */
static bool cannot_be_kept(const struct plugin *plugin, const struct generation *old)
{
    return old && ((old->entry.plugin.flags | plugin->serving->entry.plugin.flags) & MESH_PLUGIN_EXCLUSIVE);
}

void trial_begin(struct plugin *plugin, struct generation *old, bool is_known_good)
{
    struct roster *roster = plugin->roster;
    uint32_t probation_ms = roster_config(roster)->probation_ms;
    if (!plugin->warm && old) {
        plugin->is_compared = true;
        plugin->before = conduct_of(old);
    }
    if (plugin->warm || cannot_be_kept(plugin, old))
        outcome_see_off(roster, old);
    else
        plugin->warm = old;
    plugin->goes_back = false;
    plugin->probation_until = clock_deadline(probation_ms);
    plugin->judge_at = clock_deadline(JUDGE_MS);
    if (is_known_good || probation_ms == 0 || strcmp(plugin->record.good.hash, plugin->serving->image->hash) == 0)
        trial_commit(plugin);
}

void trial_commit(struct plugin *plugin)
{
    const struct generation *now = plugin->serving;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = record_keep(plugin->roster->tools.records, plugin->name, &plugin->record, now->image,
                                     now->entry.plugin.version, &err);
    if (status != MESH_OK)
        log_event(MESH_LOG_ERROR, "a good version cannot be kept for later", "plugin", plugin->name, "reason",
                  mesh_error_text(&err), NULL);
    mesh_error_clear(&err);
    record_forgive(&plugin->record, now->image->hash);
    plugin_save_record(plugin);
    log_event(MESH_LOG_DEBUG, "plugin has proved itself", "plugin", plugin->name, "generation", LOG_INT(now->number),
              NULL);
    trial_forget(plugin);
}

void trial_forget(struct plugin *plugin)
{
    outcome_see_off(plugin->roster, take(&plugin->warm));
    plugin->probation_until = plugin->judge_at = CLOCK_NEVER;
    plugin->goes_back = plugin->is_compared = false;
    free(plugin->why_back);
    plugin->why_back = NULL;
}

/* Nothing is kept warm: what was good before is loaded again. */
static void go_back_to_copy(struct plugin *plugin, const char *why)
{
    const char *now = plugin->serving->image->hash;
    plugin->probation_until = plugin->judge_at = CLOCK_NEVER;
    record_set_aside(&plugin->record, now, why);
    plugin_save_record(plugin);
    memcpy(plugin->refused_hash, now, sizeof(plugin->refused_hash));
    plugin_note_failure(plugin, why);
    plugin->is_stand_in = plugin->is_demanded = true;
    log_event(MESH_LOG_ERROR, "plugin is rolled back to the last good version", "plugin", plugin->name, "reason", why,
              NULL);
}

void trial_fail(struct plugin *plugin, const char *why)
{
    char *copy = strdup(why);
    free(plugin->why_back);
    plugin->why_back = copy;
    plugin->goes_back = plugin->warm;
    plugin->retry_at = CLOCK_NEVER;
    if (!plugin->warm)
        go_back_to_copy(plugin, why);
}

static void fail_by_conduct(struct plugin *plugin, const struct conduct *old, const struct conduct *fresh)
{
    char why[160];
    if (fresh->stuck > 0)
        snprintf(why, sizeof(why), "%u of its handlers do not come back", fresh->stuck);
    else
        snprintf(why, sizeof(why), "%u%% of its %ju requests failed (%ju errors, %ju missed deadlines), %u%% before",
                 conduct_share(fresh), (uintmax_t)fresh->requests, (uintmax_t)fresh->faults, (uintmax_t)fresh->timeouts,
                 conduct_share(old));
    trial_fail(plugin, why);
}

void trial_judge(struct plugin *plugin, uint64_t now)
{
    if (plugin->probation_until == CLOCK_NEVER || plugin->move || plugin->goes_back || now < plugin->judge_at)
        return;
    plugin->judge_at = now + JUDGE_MS;
    if (plugin->is_compared) {
        const struct conduct fresh = conduct_of(plugin->serving);
        if (probation_is_worse(&plugin->before, &fresh)) {
            fail_by_conduct(plugin, &plugin->before, &fresh);
            return;
        }
    }
    if (now >= plugin->probation_until)
        trial_commit(plugin);
}

uint64_t trial_next(const struct plugin *plugin)
{
    return plugin->move || plugin->goes_back ? CLOCK_NEVER : plugin->judge_at;
}
