/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roster: every plugin that is known, the file it comes from, and the generation that serves it. It compares what
 * lies in the folders with what serves, and has moves made; one at a time for each plugin, any number side by side.
 * [main]
 */
#ifndef PLUGIN_ROSTER_H
#define PLUGIN_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include <agentmesh/client.h>

#include "base/buf.h"
#include "config_ref.h"
#include "jobs.h"
#include "plugin/survey.h"
#include "plugin/watch.h"

struct roster;
struct generation;

/* What a roster works with; all of it lent until roster_free(). */
struct roster_tools {
    struct jobs *jobs;
    struct watch *watch;
    mesh_client *mesh;
    const char *generations; /* folder for private copies */
    const char *records;     /* folder for what is remembered of plugins */
    /* Told of each generation that begins to serve, once it does; NULL: nobody asks. */
    void (*on_serves)(const struct generation *generation);
};

/* Something that was asked about a plugin can be answered now: roster_describe() tells how it stands. */
typedef void (*roster_told)(void *closure, const char *plugin);

/* config: a reference is taken. ret_roster: given; end it with roster_free(). */
mesh_status roster_new(const struct roster_tools *tools, struct config_ref *config, struct roster **ret_roster,
                       mesh_error *err);

/* Nothing moves any more. Returns NULL; NULL is fine. */
struct roster *roster_free(struct roster *roster);

/* A new configuration: plugins whose settings or limits are different are moved to them. */
void roster_set_config(struct roster *roster, struct config_ref *config, const struct config_diff *diff);

/* Somebody wants it now: what was refused is tried again, what was kept though its file is missing may go. */
void roster_demand(struct roster *roster);

/* ---- what operators ask of one plugin; MESH_E_NOT_FOUND: none of that name is known ---- */

/* Whether it is known at all. */
mesh_status roster_knows(struct roster *roster, const char *plugin, mesh_error *err);

/* Try its file again; force: also if it is the same, or was set aside. A plugin that is not known yet is looked for. */
mesh_status roster_reload(struct roster *roster, const char *plugin, bool force, mesh_error *err);

/* Whether it may serve; remembered across restarts. Enabling ends a drain too. MESH_E_CONFLICT: mesh.ini forbids it. */
mesh_status roster_enable(struct roster *roster, const char *plugin, bool is_enabled, mesh_error *err);

/* Take it off the mesh until it is enabled, or the host is started again. */
mesh_status roster_drain(struct roster *roster, const char *plugin, mesh_error *err);

/* Put the last good version in the place of the one that serves, which is set aside. MESH_E_CONFLICT: there is none to
 * go back to, or something is being done about the plugin. */
mesh_status roster_roll_back(struct roster *roster, const char *plugin, mesh_error *err);

/* Be told once, when the folders have been looked at again and nothing is being done about the plugin, or about all of
 * them (NULL), any more; with to_commit when the probation is over too. When the roster stops, no look is waited for.
 */
mesh_status roster_wait(struct roster *roster, const char *plugin, bool to_commit, roster_told told, void *closure,
                        mesh_error *err);

/* How plugins stand, as a JSON array; plugin: this one alone, NULL: all. */
void roster_describe(struct roster *roster, const char *plugin, struct buf *out);

/* ---- ---- */

/* A look at the folders begins: what is asked from now on is not answered by what it sees. */
void roster_look(struct roster *roster);

/* What lies in the folders of the configuration, by the look that began last. */
void roster_see(struct roster *roster, const struct survey *survey);

/* Do what is to be done now, and say when to ask again (clock_ms()). */
uint64_t roster_plan(struct roster *roster);

/* Leave the mesh with everything; nothing new begins. */
void roster_stop(struct roster *roster);

/* How many plugins serve; wait until nobody writes their file any more; are being moved. How many generations end. */
size_t roster_serving(const struct roster *roster);
size_t roster_unsettled(const struct roster *roster);
size_t roster_moving(const struct roster *roster);
size_t roster_ending(const struct roster *roster);

#endif
