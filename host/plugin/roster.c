/* SPDX-License-Identifier: Apache-2.0 */
/* The roster: every plugin that is known. */
#include "plugin/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "log.h"
#include "plugin/farewell.h"
#include "plugin/loader.h"
#include "plugin/move.h"
#include "plugin/plan.h"

/* How long those who are written when the host starts hold up the others, beyond the settle time. */
enum { FIRST_WAIT_MS = 2000 };

struct plugin {
    struct roster *roster;
    char *name;

    /* The file, as the last survey saw it. */
    char *path; /* where it was seen last */
    struct file_state state;
    uint64_t state_since; /* when it was first seen so */
    size_t rank;          /* in the order of the survey */
    bool is_there, rests;
    uint64_t leave_at; /* when it is missing; CLOCK_NEVER: it is kept */

    /* What has been tried. */
    bool has_tried;
    struct file_state tried;
    bool is_demanded;
    char refused_hash[IMAGE_HASH_SIZE];
    char *told; /* the last refusal, so that it is told once */
    uint32_t failures;
    uint64_t retry_at;
    char waits_for[GENERATION_NAME_SIZE]; /* the plugin that serves one of our agents; "" */

    struct generation *serving;
    struct move *move;
};

struct roster {
    struct roster_tools tools;
    struct config_ref *config;
    struct trust trust;
    struct trials *trials;
    struct claims claims;
    struct map plugins; /* name to struct plugin */
    struct map strays;  /* path to what was told of it */
    struct farewells farewells;
    struct move *prepared; /* about to begin */
    uint64_t batch;
    uint64_t departures; /* how often names have become free */
    size_t serving, moving, unsettled;
    uint64_t wait_until; /* for files of the first survey that are being written */
    bool by_hand;        /* the next survey was asked for */
    bool has_seen, has_begun, stopping;
};

static const struct config *config_of(const struct roster *roster)
{
    return roster->config->config;
}

/* ---- plugins ---- */

static void plugin_free(void *value)
{
    struct plugin *plugin = value;
    free(plugin->name);
    free(plugin->path);
    free(plugin->told);
    free(plugin);
}

/* The record of that name, new if need be; NULL: no memory. */
static struct plugin *plugin_for(struct roster *roster, const char *name)
{
    struct plugin *plugin = map_get(&roster->plugins, name);
    if (plugin)
        return plugin;
    plugin = calloc(1, sizeof(*plugin));
    if (!plugin)
        return NULL;
    plugin->roster = roster;
    plugin->name = strdup(name);
    plugin->retry_at = plugin->leave_at = CLOCK_NEVER;
    if (!plugin->name || !map_put(&roster->plugins, name, plugin)) {
        plugin_free(plugin);
        return NULL;
    }
    return plugin;
}

static void forget_told(struct plugin *plugin)
{
    free(plugin->told);
    plugin->told = NULL;
}

/* Whether a refusal is news: the same words about the same content are not. */
static bool is_news(struct plugin *plugin, const char *hash, const char *text)
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

static int count_agent(void *count, const char *name, uint32_t running, uint32_t queued)
{
    (void)name;
    (void)running;
    (void)queued;
    ++*(size_t *)count;
    return 0;
}

static size_t agents_of(const struct generation *generation)
{
    size_t count = 0;
    mesh_child_agents(generation->client, count_agent, &count);
    return count;
}

static int search_agent(void *closure, const char *name, uint32_t running, uint32_t queued)
{
    struct search *search = closure;
    (void)running;
    (void)queued;
    search->found = list_has(search->names, name);
    return search->found;
}

static bool serves_any_of(const struct plugin *plugin, const struct config_list *agents)
{
    struct search search = { agents, false };
    if (plugin->serving)
        mesh_child_agents(plugin->serving->client, search_agent, &search);
    return search.found;
}

/* ---- what moves have brought ---- */

static void see_off(struct roster *roster, struct generation *generation)
{
    const struct config *config = config_of(roster);
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
              now->entry.plugin.version, "agents", LOG_INT(agents_of(now)), "generation", LOG_INT(now->number),
              "took_ms", LOG_INT(move->took_ms), "file", move->path, NULL);
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
    forget_told(plugin);
    tell_served(plugin, move);
    if (move->serving)
        wake_waiting(roster, plugin->name);
    see_off(roster, move->serving);
}

static void has_left(struct plugin *plugin, const struct move *move)
{
    struct roster *roster = plugin->roster;
    log_event(MESH_LOG_INFO, "plugin leaves", "plugin", plugin->name, "generation", LOG_INT(move->serving->number),
              "reason",
              roster->stopping   ? "the host ends"
              : plugin->is_there ? "not enabled"
                                 : "its file is gone",
              NULL);
    plugin->serving = NULL;
    plugin->has_tried = false;
    plugin->refused_hash[0] = '\0';
    roster->serving--;
    wake_waiting(roster, plugin->name);
    see_off(roster, move->serving);
}

static void tell_refused(struct plugin *plugin, const struct move *move)
{
    const char *text = mesh_error_text(&move->err);
    if (!is_news(plugin, move->hash, text))
        return;
    bool waits = move->verdict == MOVE_CLASH;
    const char *what = waits                          ? "plugin waits"
                       : move->verdict == MOVE_FAILED ? "plugin failed, trying again later"
                                                      : "plugin refused";
    log_event(waits ? MESH_LOG_WARN : MESH_LOG_ERROR, what, "plugin", plugin->name, "reason", text, "kept",
              plugin->serving ? "the version that serves" : NULL, "file", move->path, NULL);
}

static void was_refused(struct plugin *plugin, struct move *move)
{
    tell_refused(plugin, move);
    see_off(plugin->roster, move->next);
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

static void take_verdict(struct plugin *plugin, struct move *move)
{
    switch (move->verdict) {
    case MOVE_SERVES:
        now_serves(plugin, move);
        break;
    case MOVE_LEFT:
        has_left(plugin, move);
        break;
    case MOVE_SAME:
        if (plugin->serving && strcmp(plugin->serving->image->hash, move->hash) == 0)
            forget_told(plugin);
        break;
    case MOVE_AGAIN:
        plugin->has_tried = false;
        watch_demand_soon(plugin->roster->tools.watch);
        break;
    case MOVE_REFUSED:
    case MOVE_FAILED:
    case MOVE_CLASH:
        was_refused(plugin, move);
        break;
    }
}

static void move_done(struct job *job)
{
    struct move *move = (struct move *)job;
    struct plugin *plugin = move->owner;
    plugin->move = NULL;
    plugin->roster->moving--;
    take_verdict(plugin, move);
    move_free(move);
}

/* ---- moves begin ---- */

static void fill_order(struct roster *roster, struct plugin *plugin, struct move *move)
{
    move->job.done = move_done;
    move->owner = plugin;
    move->serving = plugin->serving;
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
    memcpy(move->refused_hash, plugin->refused_hash, sizeof(move->refused_hash));
}

/* Without memory or threads a move is tried again soon. */
static void put_off(struct plugin *plugin)
{
    plugin->failures++;
    plugin->retry_at = plugin->leave_at = clock_deadline(plan_pause_ms(plugin->failures));
}

/* path: what to bring up; NULL: leave. */
static void prepare_move(struct roster *roster, struct plugin *plugin, const char *path)
{
    struct move *move = move_new(plugin->name, path);
    if (!move) {
        put_off(plugin);
        return;
    }
    fill_order(roster, plugin, move);
    if (path)
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
    plugin->is_demanded = false;
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

static struct prospect prospect_of(const struct plugin *plugin)
{
    return (struct prospect){
        .is_enabled = !plugin->roster->stopping && config_plugin_enabled(config_of(plugin->roster), plugin->name),
        .is_there = plugin->is_there,
        .rests = plugin->rests,
        .is_new = !plugin->has_tried || !file_state_same(&plugin->tried, &plugin->state),
        .is_demanded = plugin->is_demanded,
        .serves = plugin->serving,
        .moves = plugin->move,
        .retry_at = plugin->retry_at,
        .leave_at = plugin->leave_at,
    };
}

static void carry_out(struct roster *roster, struct plugin *plugin, enum plan plan)
{
    switch (plan) {
    case PLAN_NOTHING:
    case PLAN_LOOK:
        break;
    case PLAN_LOAD:
        prepare_move(roster, plugin, plugin->path);
        break;
    case PLAN_LEAVE:
        prepare_move(roster, plugin, NULL);
        break;
    case PLAN_FORGET:
        map_remove(&roster->plugins, plugin->name);
        plugin_free(plugin);
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
        uint64_t when = plan_next(&prospect);
        next = when < next ? when : next;
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
        roster->has_begun = roster->has_seen && (roster->unsettled == 0 || now >= roster->wait_until);
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
        struct prospect prospect = prospect_of(value);
        carry_out(roster, value, plan_for(&prospect, now));
    }
    begin_moves(roster);
    return next_moment(roster);
}

/* ---- what lies in the folders ---- */

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
    uint32_t settle_ms = config_of(plugin->roster)->settle_ms;
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
    const struct config_list *folders = &config_of(plugin->roster)->plugin_folders;
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
        plugin->leave_at = clock_deadline(config_of(roster)->grace_ms);
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
        last->leave_at = clock_deadline(config_of(roster)->grace_ms);
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

void roster_see(struct roster *roster, const struct survey *survey)
{
    see_files(roster, survey);
    see_missing(roster, survey);
    see_strays(roster, survey);
    watch_forget_removed(roster->tools.watch);
    roster->by_hand = false;
    roster->has_seen = true;
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
    trust_init(&roster->trust, config_of(roster)->trusted_gid);
    map_init(&roster->plugins);
    map_init(&roster->strays);
    roster->wait_until = clock_deadline(config_of(roster)->settle_ms) + FIRST_WAIT_MS;
    *ret_roster = roster;
    return MESH_OK;
}

struct roster *roster_free(struct roster *roster)
{
    if (roster) {
        map_clear(&roster->plugins, plugin_free);
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
    trust_init(&roster->trust, config_of(roster)->trusted_gid);
    const char *name;
    void *value;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        struct plugin *plugin = value;
        if (list_has(&diff->plugins, name) || serves_any_of(plugin, &diff->agents))
            plugin->is_demanded = true;
    }
}

void roster_demand(struct roster *roster)
{
    const char *name;
    void *value;
    roster->by_hand = true;
    for (size_t at = 0; map_next(&roster->plugins, &at, &name, &value);) {
        struct plugin *plugin = value;
        if (!plugin->told)
            continue;
        forget_told(plugin);
        plugin->is_demanded = true;
    }
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
