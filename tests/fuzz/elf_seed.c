/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest shared object that passes for a plugin by its symbols. */
__attribute__((visibility("default"))) extern const int mesh_plugin_entry;
const int mesh_plugin_entry = 1;
