/* SPDX-License-Identifier: Apache-2.0 */
/* What a server tells its system account of who is connected, and who is no more (protocol 13.2). */
#ifndef WIRE_ADVISORY_H
#define WIRE_ADVISORY_H

#include <stdbool.h>
#include <stdint.h>

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

enum { ADVISORY_ID_SIZE = 129, ADVISORY_SERVER_SIZE = 129 };

/* A connection of a host. A server numbers its connections and never uses a number twice. */
struct host_connection {
    char instance_id[ADVISORY_ID_SIZE];
    char server[ADVISORY_SERVER_SIZE]; /* "" if it does not say */
    uint64_t number;
};

/* Whether both are one and the same connection. */
bool host_connection_equal(const struct host_connection *a, const struct host_connection *b);

/* The connection that a disconnect advisory tells of. False: it is none of a host, or no such advisory. */
bool advisory_read(mesh_bytes body, struct host_connection *ret);

typedef void (*connz_callback)(void *closure, const struct host_connection *connection);

/*
 * One server's answer to CONNZ: call for each connection of a host. *ret_left: how many connections are still to be
 * asked for, hosts or not. MESH_E_DATA: it is no such answer.
 */
mesh_status connz_read(mesh_bytes body, connz_callback callback, void *closure, uint64_t *ret_left, mesh_error *err);

#endif
