/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state folder: what a host keeps on disk, and where plugins are loaded from. One host at a time has it; nobody
 * else can write into it; code can be mapped out of it.
 */
#ifndef HOST_STATE_H
#define HOST_STATE_H

#include <agentmesh/error.h>

struct state {
    char *folder;
    char *generations; /* private copies of plugins; emptied when the folder is opened */
    char *records;     /* what is remembered of plugins across restarts */
    int lock_fd;
};

/*
 * Make the folder where it is missing, lock it, prove that it is fit. [main]
 *
 * ret_state  given; end it with state_close()
 * MESH_E_EXISTS  another host has it; the text names its process
 * MESH_E_SYSTEM  it cannot be made, others can write there, or nothing can be loaded from there: the text says why, and
 *                what to do
 */
mesh_status state_open(const char *folder, struct state **ret_state, mesh_error *err);

/* Unlock and free; what lies in the folder stays. Returns NULL; NULL is fine. */
struct state *state_close(struct state *state);

static inline void cleanup_state(struct state **slot)
{
    state_close(*slot);
}

#define auto_state __attribute__((cleanup(cleanup_state)))

#endif
