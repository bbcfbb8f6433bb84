/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of mesh_client: the core that a client shares with its children, and what is its own. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <agentmesh/client.h>
#include <agentmesh/serving.h>

#include "base/id.h"
#include "link/link.h"

/*
 * One connection and what hangs on it. Lives and ends with the root client.
 *
 * Locks, in the order in which a thread may take them; the link's come after all of them, and what the link calls is
 * called with none held:
 *
 *   move (serve.c) > intake > workers  a message is queued before its intake can get another target
 *   move (serve.c) > stage > workers   a publisher ends before its successor begins
 *   move (serve.c) > presence
 *   feeds of a client > feed
 *   inbox > feed, request, workers     what settles a wait ends its feed, stops its request, or queues its callback: who
 *                                      holds one of these does not enter or leave a wait
 *   deadlines, cache, levels           alone; on_event is told with none held
 */
struct core {
    /* Set while opening; read-only after. */
    struct link *link;
    struct inbox *inbox;       /* answers awaited */
    struct cache *cache;       /* the catalog, kept current */
    struct levels *levels;     /* of log events, kept current */
    struct serve *serve;       /* agents of this process */
    struct presence *presence; /* what we have announced */
    mesh_client_options options; /* numbers, flags and on_event, defaults filled in; the strings are not kept */
    char *url;                 /* without password */
    char instance_id[ID_SIZE];

    atomic_uint workers; /* threads of all services */
};

struct mesh_client {
    /* Read-only after opening. */
    struct core *core;
    mesh_client *parent;     /* NULL for the root */
    struct service *service; /* its agents and workers */
    char *name;              /* NULL for the root */
    char **settings;         /* key, value, ..., NULL */
    mesh_agent_limits **limits;
    int run_fd;              /* mesh_run() waits here; -1 for children */

    /* Guarded by feeds_lock. */
    pthread_mutex_t feeds_lock;
    struct feed *feeds; /* open ones, which a stop ends */

    atomic_uint children; /* not yet closed, or left in place because a handler never came back */
    atomic_bool stopped;  /* calls end with MESH_E_STOPPED */
};

/* See that the buckets are there, and follow the catalog. What a role may not do degrades the client, it does not end
 * it (protocol 15). Blocks; may be done again. */
mesh_status core_enter(const struct core *core, mesh_error *err);

/* Say something through on_event. agent may be NULL. */
void client_tell(const mesh_client *client, int level, mesh_status status, const char *agent, const char *format, ...)
    MESH_PRINTF(5, 6);
void core_tell(const struct core *core, int level, mesh_status status, const char *agent, const char *format, ...)
    MESH_PRINTF(5, 6);

/* End what it has under way: calls, streams, subscriptions, watches; new ones are refused. Callbacks are told on its
 * workers. [any-thread] */
void client_end_calls(mesh_client *client);

/* What the operator says of one agent of this client, or NULL. Lent. */
const mesh_agent_limits *client_limits(const mesh_client *client, const char *agent);

#endif
