/* SPDX-License-Identifier: Apache-2.0 */
/* What a loaded plugin exports: its mesh_plugin_entry, read by the rules that let old and new versions meet. */
#ifndef PLUGIN_ENTRY_H
#define PLUGIN_ENTRY_H

#include <agentmesh/plugin.h>

#include "plugin/settings.h"

/* A copy in the host's own layout; the strings and functions are the plugin's, good while it is loaded. */
struct entry {
    mesh_plugin plugin;
    mesh_agent *agents; /* those that it lists */
    size_t agent_count;
    struct setting_specs settings;
    size_t text_len; /* of all names, descriptions and schemas together */
};

/*
 * Read the entry of a loaded object. [any-thread]
 *
 * handle     from loader_open()
 * ret_entry  end it with entry_clear()
 * MESH_E_INCOMPATIBLE  for another ABI or a newer host
 * MESH_E_DATA          it is no entry, or contradicts itself
 */
mesh_status entry_load(void *handle, struct entry *ret_entry, mesh_error *err);

/* The same from memory: size is how many bytes may be read at foreign. */
mesh_status entry_read(const void *foreign, size_t size, struct entry *ret_entry, mesh_error *err);

void entry_clear(struct entry *entry);

#endif
