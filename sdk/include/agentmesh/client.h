/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_client: one's place on a mesh.
 *
 * A client is opened once, used by any number of threads, and closed once. Closing it says goodbye: it finishes what
 * is in hand, leaves the catalog, and tells waiting callers. A client may open child clients, which share its
 * connection and own what was opened through them; see mesh_client_child().
 */
#ifndef AGENTMESH_CLIENT_H
#define AGENTMESH_CLIENT_H

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>
#include <agentmesh/version.h>

MESH_BEGIN_DECLS

/* A place on the mesh. Opaque; [any-thread]. */
typedef struct mesh_client mesh_client;

/* Levels of what the library, plugins and agents have to say (protocol 12.2); off is above them all. */
enum { MESH_LOG_DEBUG = 10, MESH_LOG_INFO = 20, MESH_LOG_WARN = 30, MESH_LOG_ERROR = 40, MESH_LOG_OFF = 100 };

/* Something the library has to say. It never logs by itself; the program decides: without on_event it goes nowhere. Lent
 * for the call. Look at size before reading a field that came after the first release. */
typedef struct mesh_event {
    size_t size;
    int32_t level;        /* MESH_LOG_ */
    mesh_status status;   /* MESH_OK, or the failure it tells of */
    const char *agent;    /* the agent it is about, or NULL */
    const char *source;   /* the name of the child client it comes from, or NULL */
    const char *text;     /* never NULL, one line */
} mesh_event;

/* For mesh_client_options.flags. */
enum {
    /* mesh_client_open() returns although no server answers yet; it is tried for ever, and agents registered
     * meanwhile are announced as soon as one does. What a host wants. */
    MESH_CLIENT_KEEP_TRYING = 1,

    /* Callers of a failing handler see that it failed, not why: a handler_error travels without its own message and
     * details. on_event still has them. */
    MESH_CLIENT_HIDE_ERRORS = 2,

    /* What agents answer is checked against their own output_schema before it leaves: see mesh_request_answer(). */
    MESH_CLIENT_CHECK_OUTPUT = 4,

    /* No thread of the library's runs a handler or a callback: they run in mesh_dispatch(), for programs with a loop of
     * their own. Publishers and tasks keep threads of their own. */
    MESH_CLIENT_DISPATCH = 8
};

/* Fill with MESH_CLIENT_OPTIONS_INIT, then set what you need. A field that is 0 has its default. */
typedef struct mesh_client_options {
    size_t size;                  /* set by MESH_CLIENT_OPTIONS_INIT */
    const char *url;              /* servers to join, separated by commas, or a bus in memory, see below; NULL:
                                     nats://localhost:4222 */
    const char *credentials;      /* path of a .creds file; NULL: OAM_CREDS, then the nearest .oam-url, then none */
    const char *tls_ca;           /* PEM file with the authorities trusted beside the system's */
    const char *tls_cert;         /* PEM files of a certificate and its key, both or neither */
    const char *tls_key;
    void (*on_event)(void *data, const mesh_event *event); /* what the library has to say; any thread, must not block */
    void *on_event_data;          /* handed to on_event */
    uint32_t connect_timeout_ms;  /* for one server to answer; 0: 2 000 */
    uint32_t call_timeout_ms;     /* deadline of a call that names none; 0: 30 000 */
    uint32_t stream_timeout_ms;   /* deadline of a whole stream that names none; 0: 60 000 */
    uint32_t handler_timeout_ms;  /* a handler's time for one request; 0: 30 000 */
    uint32_t chunk_timeout_ms;    /* a streamer's time for its next chunk; 0: 60 000 */
    uint32_t drain_timeout_ms;    /* how long leaving waits for what is in hand; 0: 30 000 */
    uint32_t queue;               /* requests that may wait for one agent; 0: 256 */
    uint32_t workers;             /* threads of one client that run handlers; 0: 64 */
    uint32_t workers_total;       /* the same for a client and all its children together; 0: 512 */
    uint32_t flags;               /* MESH_CLIENT_ */
} mesh_client_options;

#define MESH_CLIENT_OPTIONS_INIT \
    { sizeof(mesh_client_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Join a mesh (protocol 3 and 4.1). Blocks until connected or refused. [any-thread]
 *
 * With the url "memory:" the mesh is in this process: the client and its children, agents, callers, keys and artifacts,
 * all without a server and faster. "memory:NAME" is shared by all clients of the process that name it, and is forgotten
 * with the last of them. Credentials and TLS do not count there, and nothing is ever lost or denied. It is for tests of
 * agents, and for programs that are a mesh of their own.
 *
 * options     lent; NULL for all defaults
 * ret_client  given; end it with mesh_client_close()
 * MESH_E_CONNECTION_FAILED  no server answered, the credentials file is missing, or the server lacks JetStream
 * MESH_E_CONNECTION_DENIED  the server refused the credentials
 * MESH_E_INVALID_ARGUMENT   an option is out of its range
 */
MESH_API mesh_status mesh_client_open(const mesh_client_options *options, mesh_client **ret_client, mesh_error *err);

/**
 * Leave the mesh and free the client (protocol 4.6): stop taking requests, finish those in hand (at most
 * drain_timeout_ms), remove agents that nobody else serves, say goodbye. Close what was opened through it before:
 * children, streams, subscriptions, watches and tails; no other thread may be using it any more: mesh_client_stop()
 * wakes those that wait. Returns NULL; NULL is fine. Not from a handler or a callback. [any-thread, once]
 */
MESH_API mesh_client *mesh_client_close(mesh_client *client);

/**
 * A client that shares connection, inbox and caches with its parent and owns what is opened through it: agents, calls
 * in flight, streams, and the threads that run its handlers. [any-thread]
 *
 * name       what its threads and events are called; copied; at most 64 bytes
 * ret_child  given; end it with mesh_client_close(), before the parent
 */
MESH_API mesh_status mesh_client_child(mesh_client *parent, const char *name, mesh_client **ret_child, mesh_error *err);

/**
 * Stop taking requests, let the handlers that run finish, then wake whatever else waits inside this client with
 * MESH_E_STOPPED, and take its agents off the mesh. When this returns MESH_OK, no handler runs and no reference to a
 * request is held. A stopped client stays stopped. [any-thread but handlers]
 *
 * timeout_ms        how long handlers may take; 0: the client's drain_timeout_ms. Then their callers are answered
 *                   not_available by the library, and calls that they wait in are woken
 * MESH_E_TIMEOUT    something is still held; the text says what and by which agent
 */
MESH_API mesh_status mesh_client_stop(mesh_client *client, uint32_t timeout_ms, mesh_error *err);

/** The 32 hex digits by which this process is known on the mesh (protocol 3.1). Lent until closed. [any-thread] */
MESH_API const char *mesh_client_instance_id(const mesh_client *client);

/** The URL that the client was opened with, without a password in it. Lent until closed. [any-thread] */
MESH_API const char *mesh_client_url(const mesh_client *client);

/**
 * Serve until SIGINT, SIGTERM or mesh_stop(). For programs that do nothing else; agents are served with or without it.
 * The two signals are handled while it runs; then the program's own handling of them is put back. [one thread at a time]
 *
 * MESH_OK             asked to end; close the client now
 * MESH_E_EXISTS       another thread is in mesh_run()
 */
MESH_API mesh_status mesh_run(mesh_client *client, mesh_error *err);

/** End mesh_run(), or the next one if none is under way. May be called from a signal handler. [any-thread] */
MESH_API void mesh_stop(mesh_client *client);

/**
 * Run the handlers and callbacks of a client that was opened with MESH_CLIENT_DISPATCH, in this thread: wait until one is
 * due, then run those that are. A handler that blocks, in a call to another agent for instance, holds up all that are
 * due here; mesh_call_start() does not. mesh_run() dispatches by itself; mesh_client_stop(), mesh_client_close() and
 * mesh_unregister() run what is left, and so belong into the same thread. Each child client is dispatched by itself.
 * [one thread at a time]
 *
 * timeout_ms  how long to wait for the first; 0: do not wait; UINT32_MAX: for ever
 * MESH_OK                  at least one has run
 * MESH_E_TIMEOUT           none was due; no error is filled
 * MESH_E_STOPPED           the client has been stopped, and none is left
 * MESH_E_INVALID_ARGUMENT  the client was opened without MESH_CLIENT_DISPATCH
 */
MESH_API mesh_status mesh_dispatch(mesh_client *client, uint32_t timeout_ms, mesh_error *err);

/** A descriptor that is readable while mesh_dispatch() has something to do. Lent until closed; -1: none to be had, or
 * opened without MESH_CLIENT_DISPATCH. [any-thread] */
MESH_API int mesh_dispatch_fd(mesh_client *client);

/** Say something through on_event, in the name of this client. What plugins log with. [any-thread] */
MESH_API void mesh_log(mesh_client *client, int32_t level, const char *format, ...) MESH_PRINTF(3, 4);

/** The same with a ready text, for languages without printf(). [any-thread] */
MESH_API void mesh_log_text(mesh_client *client, int32_t level, const char *text);

/* ---- where the mesh is ---- */

/* Where to connect, and who said so. Opaque. */
typedef struct mesh_location mesh_location;

/**
 * Find the mesh as our programs do (protocol 3.4): the given URL; OAM_URL; the nearest .oam-url from the working
 * directory up; the file of a local server that runs, $XDG_RUNTIME_DIR/agentmesh/oam-url or /run/agentmesh/oam-url
 * (AGENTMESH_RUNTIME_DIR, if set, names the folder instead); nats://localhost:4222. [any-thread]
 *
 * url           NULL or "" where none was given
 * ret_location  given; end it with mesh_location_free()
 */
MESH_API mesh_status mesh_location_find(const char *url, mesh_location **ret_location, mesh_error *err);

/** The URL. Never NULL; lent until freed. */
MESH_API const char *mesh_location_url(const mesh_location *location);

/** Who said so, for messages: "--url", "OAM_URL", a path, or "the default". Lent until freed. */
MESH_API const char *mesh_location_origin(const mesh_location *location);

/** Returns NULL; NULL is fine. */
MESH_API mesh_location *mesh_location_free(mesh_location *location);

MESH_END_DECLS

#endif
