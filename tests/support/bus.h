/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus of a test program: a private server, started when first asked for; or the bus in memory that
 * AGENTMESH_TEST_URL names, which then keeps what is on it until the program ends, as a server would.
 */
#ifndef SUPPORT_BUS_H
#define SUPPORT_BUS_H

#include <stdbool.h>

#include "nats_server.h"

const char *bus_url(void);

/* Whether the bus is a server. If not, the running test is skipped: why says what it does to a server. */
bool bus_has_server(const char *why);

/* The private server; only where there is one. */
struct nats_server *bus_server(void);

#endif
