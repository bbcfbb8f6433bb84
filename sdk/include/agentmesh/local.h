/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of one's own: a private nats-server for a mesh on this machine, and the health monitor, which takes hosts that
 * have died off the mesh. A mesh has one monitor, run by whoever runs the server; several do no harm.
 */
#ifndef AGENTMESH_LOCAL_H
#define AGENTMESH_LOCAL_H

#include <agentmesh/client.h>
#include <agentmesh/error.h>
#include <agentmesh/version.h>

MESH_BEGIN_DECLS

/* ---- the server ---- */

/* A private nats-server with JetStream, as a development mesh needs it (protocol 13.3). Opaque. */
typedef struct mesh_local mesh_local;

enum {
    MESH_LOCAL_FLOAT = 1,  /* take any free port when the wished one is taken */
    MESH_LOCAL_DETACH = 2, /* the server outlives this process; stop it with mesh_local_stop_running() */
    MESH_LOCAL_MARK = 4,   /* write .oam-url into the working directory too, and remove it at the end */
    MESH_LOCAL_OWN = 8     /* do not join a detached server that runs over the store: MESH_E_EXISTS */
};

typedef struct mesh_local_options {
    size_t size;                 /* set by MESH_LOCAL_OPTIONS_INIT */
    const char *store;           /* folder for its files; NULL: $XDG_STATE_HOME/agentmesh/server, as root
                                    /var/lib/agentmesh/server */
    const char *program;         /* path of nats-server; NULL: PATH, /usr/sbin, /usr/local/sbin */
    uint32_t port;               /* on 127.0.0.1; 0: 4222 */
    uint32_t start_timeout_ms;   /* for the server to answer; 0: 5 000 */
    uint32_t flags;              /* MESH_LOCAL_ */
    uint32_t reserved;           /* 0 */
    const char *monitor;         /* path of agentmesh, which is the health monitor beside a detached server; NULL: the one
                                    in PATH, and without one there is no monitor */
    void (*on_event)(void *data, const mesh_event *event); /* what the health monitor has to say; any thread, must not
                                                              block */
    void *on_event_data;         /* handed to on_event */
} mesh_local_options;

#define MESH_LOCAL_OPTIONS_INIT { sizeof(mesh_local_options), NULL, NULL, 0, 0, 0, 0, NULL, NULL, NULL }

/**
 * Start a local server, wait until it answers, create the buckets, start a health monitor, and write its URL where
 * programs look for it. The monitor is in this process; beside a detached server it is a process of its own, which ends
 * with the server. There is never a second server over one store: a detached one that runs is joined (MESH_LOCAL_DETACH
 * and MESH_LOCAL_OWN refuse to), one whose program has died is ended first. A server that is not detached ends with this
 * process, also if that is killed. [any-thread]
 *
 * ret_local  given; end it with mesh_local_stop()
 * MESH_E_NOT_FOUND  there is no nats-server; the text says which package brings it
 * MESH_E_EXISTS     the port is taken and MESH_LOCAL_FLOAT is not set; a server runs over this store already; the mark
 *                   would replace an .oam-url that names another mesh
 * MESH_E_TIMEOUT    it did not answer in time; the text quotes what it said
 * MESH_E_SYSTEM     it ended at once (the text quotes what it said), a file cannot be written, or the store is not this
 *                   user's alone to write into
 */
MESH_API mesh_status mesh_local_start(const mesh_local_options *options, mesh_local **ret_local, mesh_error *err);

/** Its URL. Lent until stopped. */
MESH_API const char *mesh_local_url(const mesh_local *local);

/** Its process id. */
MESH_API int32_t mesh_local_pid(const mesh_local *local);

/** A descriptor that becomes readable when the server has ended; -1 where the kernel has none. Lent. */
MESH_API int mesh_local_fd(const mesh_local *local);

/** Remove the files that tell its URL, end the server, and free; a detached one is left running, its files too. Returns
 * NULL; NULL is fine. */
MESH_API mesh_local *mesh_local_stop(mesh_local *local);

/**
 * End the detached server that runs over a store, and its health monitor. [any-thread]
 *
 * store    NULL: the default of mesh_local_options
 * ret_pid  the process that ended; may be NULL
 * MESH_E_NOT_FOUND  none runs
 * MESH_E_EXISTS     the one that runs is not detached: end the program that the text names
 */
MESH_API mesh_status mesh_local_stop_running(const char *store, int32_t *ret_pid, mesh_error *err);

/* ---- the health monitor ---- */

/* Sees hosts come to an end without saying goodbye, and says it for them (protocol 13.2). Opaque; [any-thread]. */
typedef struct mesh_monitor mesh_monitor;

enum {
    /* Watch the detached local server over a store: it tells url and sys_url itself. */
    MESH_MONITOR_LOCAL = 1
};

/* Fill with MESH_MONITOR_OPTIONS_INIT, then set what you need. A field that is 0 has its default. */
typedef struct mesh_monitor_options {
    size_t size;                 /* set by MESH_MONITOR_OPTIONS_INIT */
    const char *url;             /* the mesh; NULL: nats://localhost:4222 */
    const char *credentials;     /* path of a .creds file for it; NULL: as in mesh_client_options */
    const char *sys_url;         /* the same servers as a user of the system account; NULL: url */
    const char *sys_credentials; /* path of a .creds file of the system account; NULL: none */
    const char *tls_ca;          /* as in mesh_client_options, for both connections */
    const char *tls_cert;
    const char *tls_key;
    const char *store;           /* with MESH_MONITOR_LOCAL: the folder; NULL: the default of mesh_local_options */
    void (*on_event)(void *data, const mesh_event *event); /* each agent that leaves or stays, and what goes wrong; any
                                                              thread, must not block */
    void *on_event_data;         /* handed to on_event */
    uint32_t sweep_ms;           /* a host whose record is there and whose connection is not, for so long, is dead; looked
                                    for at the start and after each reconnect; 0: 6 000 */
    uint32_t flags;              /* MESH_MONITOR_ */
} mesh_monitor_options;

#define MESH_MONITOR_OPTIONS_INIT \
    { sizeof(mesh_monitor_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 }

/**
 * Begin to watch. When a host's connection ends and its record stays, the record is removed, its agents that nobody else
 * serves leave the catalog and the registry, and a death notice with the reason "disconnect" is sent for each. A host that
 * is connected again by then is spared. Lost servers are waited for. Blocks until connected. [any-thread]
 *
 * ret_monitor  given; end it with mesh_monitor_stop()
 * MESH_E_NOT_FOUND          with MESH_MONITOR_LOCAL: no detached server runs over the store
 * MESH_E_CONNECTION_FAILED  no server answered
 * MESH_E_CONNECTION_DENIED  the server refused the credentials, or sys_url does not lead to its system account
 * MESH_E_INVALID_ARGUMENT   an option is out of its range
 */
MESH_API mesh_status mesh_monitor_start(const mesh_monitor_options *options, mesh_monitor **ret_monitor,
                                        mesh_error *err);

/** The URL that is watched, without a password. Lent until stopped. */
MESH_API const char *mesh_monitor_url(const mesh_monitor *monitor);

/** With MESH_MONITOR_LOCAL: a descriptor that becomes readable when the server has ended; else, and where the kernel has
 * none, -1. Lent until stopped. */
MESH_API int mesh_monitor_fd(const mesh_monitor *monitor);

/** Stop watching, and free. Blocks until a burial in hand is over. Returns NULL; NULL is fine. Not from on_event. */
MESH_API mesh_monitor *mesh_monitor_stop(mesh_monitor *monitor);

MESH_END_DECLS

#endif
