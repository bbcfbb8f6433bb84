/* SPDX-License-Identifier: Apache-2.0 */
/* What a look at the folders means for each plugin. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"
#include "plugin/known.h"

/* False: no memory to remember where it is. */
static bool keep_path(struct plugin *plugin, const char *path)
{
    if (plugin->path && strcmp(plugin->path, path) == 0)
        return true;
    char *copy = strdup(path);
    if (!copy)
        return false;
    free(plugin->path);
    plugin->path = copy;
    return true;
}

static void see_file(struct plugin *plugin, const struct sighting *seen, size_t rank)
{
    uint64_t now = clock_ms();
    if (!keep_path(plugin, seen->path))
        return;
    if (!plugin->is_there || !file_state_same(&plugin->state, &seen->state)) {
        plugin->state = seen->state;
        plugin->state_since = now;
        plugin->failures = 0;
    }
    uint32_t settle_ms = roster_config(plugin->roster)->settle_ms;
    plugin->rests = seen->rests || now - plugin->state_since >= settle_ms;
    plugin->is_there = true;
    plugin->leave_at = CLOCK_NEVER;
    plugin->rank = rank;
}

static void see_files(struct roster *roster, const struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++) {
        struct plugin *plugin = plugin_for(roster, survey->sightings[i].name);
        if (plugin)
            see_file(plugin, &survey->sightings[i], i);
    }
}

/* Whether a file lies in a folder, by their paths alone. */
static bool lies_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    while (len > 0 && folder[len - 1] == '/')
        len--;
    const char *slash = strrchr(path, '/');
    while (slash > path && slash[-1] == '/')
        slash--;
    return (size_t)(slash - path) == len && strncmp(path, folder, len) == 0;
}

/* Whether the folder that a file was in is still there, and the same. Folders that are configured no more count as the
 * same: their plugins are to go. */
static bool folder_is_same(const struct plugin *plugin, const struct survey *survey)
{
    const struct config_list *folders = &roster_config(plugin->roster)->plugin_folders;
    for (size_t i = 0; i < folders->count && i < survey->folder_count; i++) {
        const struct folder_sight *folder = &survey->folders[i];
        if (lies_in(plugin->path, folders->items[i]))
            return folder->found && folder->device == plugin->state.folder_device &&
                   folder->inode == plugin->state.folder_inode;
    }
    return true;
}

/* A file is missing: by somebody's deed, so that it leaves after the grace time, or out of the blue? */
static bool is_unexplained(struct plugin *plugin)
{
    struct roster *roster = plugin->roster;
    if (roster->by_hand || watch_was_removed(roster->tools.watch, plugin->path)) {
        plugin->leave_at = clock_deadline(roster_config(roster)->grace_ms);
        return false;
    }
    plugin->leave_at = CLOCK_NEVER;
    return plugin->serving || plugin->move;
}

static void tell_kept(size_t count)
{
    log_event(MESH_LOG_WARN,
              "plugin files are missing though nobody removed them, keeping their agents: reload to let them go",
              "plugins", LOG_INT(count), NULL);
}

/* One file alone may have been removed where no event tells of it, as on a network file system; several, or a folder,
 * are rather a file system that is not mounted. */
static void see_missing(struct roster *roster, const struct survey *survey)
{
    size_t unexplained = 0;
    struct plugin *last = NULL;
    const char *name;
    void *value;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        struct plugin *plugin = value;
        bool is_news = plugin->is_there;
        if (survey_find(survey, plugin->name) || (!is_news && !roster->by_hand))
            continue;
        plugin->is_there = false;
        if (is_unexplained(plugin)) {
            unexplained++;
            last = plugin;
        }
    }
    if (unexplained == 1 && folder_is_same(last, survey))
        last->leave_at = clock_deadline(roster_config(roster)->grace_ms);
    else if (unexplained > 0)
        tell_kept(unexplained);
}

static void see_strays(struct roster *roster, const struct survey *survey)
{
    struct map told = roster->strays;
    map_init(&roster->strays);
    for (size_t i = 0; i < survey->stray_count; i++) {
        const struct stray *stray = &survey->strays[i];
        auto_free char *before = map_remove(&told, stray->path);
        if (!before || strcmp(before, stray->reason) != 0)
            log_event(stray->is_hidden ? MESH_LOG_INFO : MESH_LOG_WARN, "file ignored", "file", stray->path, "reason",
                      stray->reason, NULL);
        char *reason = strdup(stray->reason);
        if (!reason || !map_put(&roster->strays, stray->path, reason))
            free(reason);
    }
    map_clear(&told, free);
}

static void release_if_gone(void *closure, const char *name)
{
    struct roster *roster = closure;
    struct record record;
    if (map_get(&roster->plugins, name))
        return;
    if (record_read(roster->tools.records, name, &record, NULL) == MESH_OK)
        record_release(roster->tools.records, name, &record, NULL);
    record_clear(&record);
}

/* What is not mounted yet when the host starts may still be. */
static bool is_whole(const struct survey *survey)
{
    bool found = survey->count > 0;
    for (size_t i = 0; i < survey->folder_count; i++)
        found = found && survey->folders[i].found;
    return found;
}

/* Plugins whose files were removed while no host ran. */
static void release_stale_records(struct roster *roster)
{
    mesh_error err = MESH_ERROR_INIT;
    if (record_each(roster->tools.records, release_if_gone, roster, &err) != MESH_OK)
        log_event(MESH_LOG_WARN, "cannot tidy up the state folder", "reason", mesh_error_text(&err), NULL);
    mesh_error_clear(&err);
}

void roster_look(struct roster *roster)
{
    roster->look_begun++;
}

void roster_see(struct roster *roster, const struct survey *survey)
{
    see_files(roster, survey);
    see_missing(roster, survey);
    see_strays(roster, survey);
    watch_forget_removed(roster->tools.watch);
    if (!roster->has_seen && is_whole(survey))
        release_stale_records(roster);
    roster->looks = roster->look_begun;
    roster->by_hand = roster->by_hand && roster->looks <= roster->asked_after;
    roster->has_seen = true;
}
