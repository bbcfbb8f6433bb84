/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rehearsal: a file is loaded, its agents are registered on a mesh in memory, and it is unloaded, in a process made
 * for it. Nothing of it is called but constructors and destructors. All that hinders it is told, not only the first.
 */
#ifndef PLUGIN_REHEARSAL_H
#define PLUGIN_REHEARSAL_H

#include <stdint.h>

#include "base/json.h"
#include "plugin/finding.h"

/*
 * Rehearse. [main; blocks]
 *
 * path         of a private copy that elf_examine() found fit to be tried
 * findings     more are added
 * ret_plugin   given, what the plugin says of itself: {"version", "abi", "header_version", "exclusive", "saves",
 *              "restores", "starts", "agents": [{"name", "shape", "version", "ok"}], "settings": [{"key", "type",
 *              "default", "required", "help"}]}; NULL: it could not be loaded, or there is no memory
 * MESH_E_SYSTEM  it could not be tried; the file is not to blame
 */
mesh_status rehearsal_run(const char *path, uint32_t timeout_ms, struct findings *findings, cJSON **ret_plugin,
                          mesh_error *err);

/* What runs inside that process: agentmeshd --rehearse FILE. Does not return. */
_Noreturn void rehearsal_main(const char *path);

#endif
