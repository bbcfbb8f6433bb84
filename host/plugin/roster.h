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

#include "config_ref.h"
#include "jobs.h"
#include "plugin/survey.h"
#include "plugin/watch.h"

struct roster;

/* What a roster works with; all of it lent until roster_free(). */
struct roster_tools {
    struct jobs *jobs;
    struct watch *watch;
    mesh_client *mesh;
    const char *generations; /* folder for private copies */
};

/* config: a reference is taken. ret_roster: given; end it with roster_free(). */
mesh_status roster_new(const struct roster_tools *tools, struct config_ref *config, struct roster **ret_roster,
                       mesh_error *err);

/* Nothing moves any more. Returns NULL; NULL is fine. */
struct roster *roster_free(struct roster *roster);

/* A new configuration: plugins whose settings or limits are different are moved to them. */
void roster_set_config(struct roster *roster, struct config_ref *config, const struct config_diff *diff);

/* Somebody wants it now: what was refused is tried again, what was kept though its file is missing may go. */
void roster_demand(struct roster *roster);

/* What lies in the folders of the configuration. */
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
