/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a plugin, checked against what it says that it understands. */
#ifndef PLUGIN_SETTINGS_H
#define PLUGIN_SETTINGS_H

#include <agentmesh/plugin.h>

#include "config.h"

/* Specs as this host reads them. */
struct setting_specs {
    mesh_setting_spec *items;
    size_t count;
    bool is_told; /* else everything is allowed */
};

/*
 * Read a plugin's list, which may be NULL. [any-thread]
 *
 * MESH_E_DATA          it contradicts itself, or points astray
 * MESH_E_INCOMPATIBLE  it sets something that this host does not know
 */
mesh_status settings_read(const mesh_setting_spec *const *foreign, struct setting_specs *ret_specs, mesh_error *err);
void settings_clear(struct setting_specs *specs);

/*
 * What mesh.ini says of a plugin, with the fallbacks of what it does not say. [any-thread]
 *
 * ret_pairs  given: key, value, ...; end it with list_clear()
 * MESH_E_INVALID_ARGUMENT  the text names every mistake with its line
 */
mesh_status settings_resolve(const struct setting_specs *specs, const struct config *config, const char *plugin,
                             struct config_list *ret_pairs, mesh_error *err);

#endif
