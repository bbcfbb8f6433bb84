/* SPDX-License-Identifier: Apache-2.0 */
/* The host's place on the mesh: its client, and the local server that it may have had to start. */
#ifndef HOST_PLACE_H
#define HOST_PLACE_H

#include <stdbool.h>

#include <agentmesh/local.h>

#include "config.h"

struct place {
    mesh_client *client;
    mesh_local *local; /* NULL: the server is somebody else's */
    mesh_local_options local_options;
    char *local_store;
};

/*
 * Join the mesh that the configuration names; with url = local one that runs on this machine, or else one of our own.
 * What the library has to say goes to the log. A server that does not answer is waited for as long as connecting may
 * take; then this returns all the same, and it is tried for ever. [main; blocks]
 *
 * own        start a private server whatever runs, on any port
 * ret_place  given; end it with place_close()
 */
mesh_status place_open(const struct config *config, bool own, struct place **ret_place, mesh_error *err);

/* After our local server has ended by itself: start it again where its clients look for it. [any-thread; blocks] */
mesh_status place_restart_server(struct place *place, mesh_error *err);

/* Leave the mesh. Children have been closed. [any-thread; blocks] */
void place_leave(struct place *place);

/* Leave, if that has not been done, and free. Returns NULL; NULL is fine. */
struct place *place_close(struct place *place);

static inline void cleanup_place(struct place **slot)
{
    place_close(*slot);
}

#define auto_place __attribute__((cleanup(cleanup_place)))

#endif
