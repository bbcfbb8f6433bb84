/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that is known. */
#include "plugin/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"

void waiters_free(struct waiter *waiters)
{
    while (waiters) {
        struct waiter *waiter = waiters;
        waiters = waiter->next;
        free(waiter);
    }
}

void plugin_free(void *value)
{
    struct plugin *plugin = value;
    waiters_free(plugin->waiters);
    record_clear(&plugin->record);
    free(plugin->name);
    free(plugin->path);
    free(plugin->told);
    free(plugin->why_back);
    free(plugin->last_failure);
    free(plugin);
}

/* A record that cannot be read is told, and written anew when there is something to remember. */
static void read_record(struct plugin *plugin)
{
    mesh_error err = MESH_ERROR_INIT;
    if (record_read(plugin->roster->tools.records, plugin->name, &plugin->record, &err) != MESH_OK)
        log_event(MESH_LOG_ERROR, "what was remembered of a plugin cannot be read, beginning afresh", "plugin",
                  plugin->name, "reason", mesh_error_text(&err), NULL);
    mesh_error_clear(&err);
}

struct plugin *plugin_for(struct roster *roster, const char *name)
{
    struct plugin *plugin = map_get(&roster->plugins, name);
    if (plugin)
        return plugin;
    plugin = calloc(1, sizeof(*plugin));
    if (!plugin)
        return NULL;
    plugin->roster = roster;
    plugin->name = strdup(name);
    plugin->retry_at = plugin->leave_at = plugin->probation_until = plugin->judge_at = CLOCK_NEVER;
    if (!plugin->name || !map_put(&roster->plugins, name, plugin)) {
        plugin_free(plugin);
        return NULL;
    }
    read_record(plugin);
    return plugin;
}

static void tell_if_lost(const struct plugin *plugin, mesh_error *err)
{
    if (err->status != MESH_OK)
        log_event(MESH_LOG_ERROR,
                  "what is to be remembered of a plugin cannot be written: after a restart it is forgotten", "plugin",
                  plugin->name, "reason", mesh_error_text(err), NULL);
    mesh_error_clear(err);
}

void plugin_save_record(const struct plugin *plugin)
{
    mesh_error err = MESH_ERROR_INIT;
    record_write(plugin->roster->tools.records, plugin->name, &plugin->record, &err);
    tell_if_lost(plugin, &err);
}

void plugin_release_record(struct plugin *plugin)
{
    mesh_error err = MESH_ERROR_INIT;
    record_release(plugin->roster->tools.records, plugin->name, &plugin->record, &err);
    tell_if_lost(plugin, &err);
}

void plugin_forget_told(struct plugin *plugin)
{
    free(plugin->told);
    plugin->told = NULL;
}

bool plugin_is_news(struct plugin *plugin, const char *hash, const char *text)
{
    char *telling = NULL;
    if (asprintf(&telling, "%s %s", hash, text) < 0)
        return true;
    if (plugin->told && strcmp(plugin->told, telling) == 0) {
        free(telling);
        return false;
    }
    free(plugin->told);
    plugin->told = telling;
    return true;
}

void plugin_note_failure(struct plugin *plugin, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return;
    free(plugin->last_failure);
    plugin->last_failure = copy;
    clock_stamp(plugin->last_failure_at);
}

static bool list_has(const struct config_list *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return true;
    }
    return false;
}

struct search {
    const struct config_list *names;
    bool found;
};

static int count_agent(void *count, const mesh_agent_stats *stats)
{
    (void)stats;
    ++*(size_t *)count;
    return 0;
}

size_t plugin_agent_count(const struct generation *generation)
{
    size_t count = 0;
    mesh_child_agents(generation->client, count_agent, &count);
    return count;
}

static int search_agent(void *closure, const mesh_agent_stats *stats)
{
    struct search *search = closure;
    search->found = list_has(search->names, stats->name);
    return search->found;
}

static bool serves_any_of(const struct plugin *plugin, const struct config_list *agents)
{
    struct search search = { agents, false };
    if (plugin->serving)
        mesh_child_agents(plugin->serving->client, search_agent, &search);
    return search.found;
}

bool plugin_is_concerned(const struct plugin *plugin, const struct config_diff *diff)
{
    return list_has(&diff->plugins, plugin->name) || serves_any_of(plugin, &diff->agents);
}
