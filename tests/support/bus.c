/* SPDX-License-Identifier: Apache-2.0 */
#include "bus.h"

#include <stdio.h>
#include <stdlib.h>

#include "link/link.h"
#include "suite.h"

static struct nats_server *server;
static struct link *keeper; /* of the bus in memory */

static void end(void)
{
    server = nats_server_stop(server);
    keeper = link_close(keeper);
}

static const char *memory_url(void)
{
    return getenv("AGENTMESH_TEST_URL");
}

struct nats_server *bus_server(void)
{
    if (memory_url()) {
        fprintf(stderr, "a bus in memory has no server: ask bus_has_server() first\n");
        exit(1);
    }
    if (!server) {
        server = nats_server_start(NULL);
        atexit(end);
    }
    return server;
}

const char *bus_url(void)
{
    const struct link_options options = { .url = memory_url(), .name = "keeper" };

    if (!options.url)
        return nats_server_url(bus_server());
    if (!keeper) {
        if (link_open(&options, &keeper, NULL) != MESH_OK)
            exit(1);
        atexit(end);
    }
    return options.url;
}

bool bus_has_server(const char *why)
{
    if (memory_url())
        skip(why);
    return !memory_url();
}
