/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of ours for one file, made to load what may crash, hang or lie: agentmeshd with an option that is not for
 * people. It has narrow limits, is told by a pipe, and takes all that it began with it when it ends.
 */
#ifndef PLUGIN_TRIAL_PROCESS_H
#define PLUGIN_TRIAL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include <agentmesh/error.h>

#include "base/buf.h"

/*
 * Start it and wait for its end. [any-thread; blocks]
 *
 * program    path of agentmeshd; NULL: this very program
 * output     appended, also on failure: all that it said, and all that the file's own code printed
 * ret_ended  how it ended, as waitpid() tells; filled also when it did not end in time
 * MESH_E_TIMEOUT  it did not end in time, and was killed
 * MESH_E_SYSTEM   it could not be started
 */
mesh_status trial_process_run(const char *program, const char *option, const char *path, uint32_t timeout_ms,
                              struct buf *output, int *ret_ended, mesh_error *err);

/* Whether that is the end of one that came to its own end. */
bool trial_process_is_well(int ended);

/* Tell of another end: "crashed (Aborted)". Returns the last line it said, lent from output, "" if there is none. */
enum { TRIAL_HOW_SIZE = 64 };
const char *trial_process_tell_end(int ended, struct buf *output, char ret_how[TRIAL_HOW_SIZE]);

/* ---- inside the process ---- */

/* Room for any plugin, and not much more; none for files, core dumps, or outliving who started it. */
void trial_process_limit(void);

/* Say something to who started it; what cannot be written is lost, and missed there. */
void trial_process_say(const char *text);

#endif
