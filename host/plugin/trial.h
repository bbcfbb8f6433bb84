/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trial load: a plugin is loaded in a process made for it, which may crash, hang or lie in place of the host. What
 * that process says is believed for yes or no, nothing more.
 */
#ifndef PLUGIN_TRIAL_H
#define PLUGIN_TRIAL_H

#include <stdint.h>

#include <agentmesh/error.h>

#include "plugin/elf.h"

/* What a trial load that went well has told. */
struct tried {
    char *libraries;                    /* paths of all objects that the plugin needs, each ended by a newline */
    char library_id[ELF_BUILD_ID_SIZE]; /* build id of the libagentmesh that it was tried with */
};

void tried_clear(struct tried *tried);

/*
 * Load a file on trial. [any-thread; blocks]
 *
 * program    path of agentmeshd; NULL: this very program
 * ret_tried  end it with tried_clear()
 * MESH_E_TIMEOUT     it did not end in time
 * MESH_E_AGENT_DIED  it crashed, or ended the process
 * MESH_E_DATA        it was refused; other refusals have the status that the host would have met
 */
mesh_status trial_load(const char *program, const char *path, uint32_t timeout_ms, struct tried *ret_tried,
                       mesh_error *err);

/* What runs inside that process: agentmeshd --trial FILE. Does not return. */
_Noreturn void trial_main(const char *path);

#endif
