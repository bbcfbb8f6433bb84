/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon at work: one loop that hears signals, folders, ended jobs and clocks, and never waits for anything else.
 * All functions are [main].
 */
#ifndef HOST_DAEMON_H
#define HOST_DAEMON_H

#include "base/notify.h"

#include "arguments.h"
#include "place.h"
#include "state.h"

struct daemon;

/* Before the first thread: from now on signals wait for daemon_run(). */
void daemon_block_signals(void);

/*
 * Make ready. Everything passed is lent until daemon_free() but config, which is taken whatever the outcome.
 *
 * ret_daemon  given; end it with daemon_free()
 */
mesh_status daemon_new(const struct arguments *arguments, struct config *config, const struct state *state,
                       struct place *place, const struct notify *notify, struct daemon **ret_daemon, mesh_error *err);

/*
 * Serve what lies in the folders until SIGTERM or SIGINT, then finish what is in hand and leave the mesh.
 *
 * MESH_E_TIMEOUT  something did not end in time and still runs: do not free anything, end the process
 */
mesh_status daemon_run(struct daemon *daemon, mesh_error *err);

struct daemon *daemon_free(struct daemon *daemon); /* returns NULL; NULL is fine */

static inline void cleanup_daemon(struct daemon **slot)
{
    daemon_free(*slot);
}

#define auto_daemon __attribute__((cleanup(cleanup_daemon)))

#endif
