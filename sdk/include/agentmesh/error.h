/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can go wrong, and how it is told.
 *
 * A function that can fail returns a mesh_status and, where the caller passes one, fills a mesh_error. An error
 * carries what travels on the mesh (code, message, agent, request id, details: the error envelope, protocol 11.1) and,
 * for people, where it happened: each level may put words in front, which stay on this side.
 */
#ifndef AGENTMESH_ERROR_H
#define AGENTMESH_ERROR_H

#include <stdarg.h>
#include <stdint.h>

#include <agentmesh/bytes.h>
#include <agentmesh/version.h>

MESH_BEGIN_DECLS

/* MESH_OK, or one of MESH_E_. Only "not MESH_OK is failure" is promised: new values may be added at the end. */
typedef int32_t mesh_status;

enum {
    MESH_OK = 0,

    /* With a name on the wire (protocol 11.2). */
    MESH_E_INVALID_INPUT = 1,       /* "invalid_input": the body does not fit the agent's input schema */
    MESH_E_HANDLER_ERROR = 2,       /* "handler_error": the handler failed in any other way */
    MESH_E_INVOCATION_MISMATCH = 3, /* "invocation_mismatch": call() to a streamer and the like */
    MESH_E_NOT_FOUND = 4,           /* "not_found": nobody serves it, and the catalog does not know it */
    MESH_E_NOT_AVAILABLE = 5,       /* "not_available": in the catalog, but nobody serves it now */
    MESH_E_CONNECTION_FAILED = 6,   /* "connection_failed": no server, or the connection is down */
    MESH_E_CONNECTION_DENIED = 7,   /* "connection_denied": the server refused credentials or subject */
    MESH_E_AGENT_DIED = 8,          /* "agent_died": the last instance left during the request */
    MESH_E_KV_KEY_EXISTS = 9,       /* "kv_key_exists": create on a key that exists */
    MESH_E_TIMEOUT = 10,            /* "timeout": no answer in time */
    MESH_E_CHUNK_SEQUENCE = 11,     /* "chunk_sequence_error": a chunk of a stream is missing */
    MESH_E_MESH = 12,               /* "mesh_error", or a code of the peer's own: see mesh_error_code() */
    MESH_E_OVERLOADED = 13,         /* "overloaded": the agent's queue is full; try again later, or elsewhere */

    /* Of this side only; in a reply they travel as handler_error. */
    MESH_E_NO_MEMORY = 20,        /* an allocation failed */
    MESH_E_INVALID_ARGUMENT = 21, /* the caller's mistake: the text names the argument */
    MESH_E_STOPPED = 22,          /* the client was stopped while the call waited */
    MESH_E_CONFLICT = 23,         /* somebody else wrote first */
    MESH_E_EXISTS = 24,           /* the name is already registered here */
    MESH_E_ANSWERED = 25,         /* the request has been answered already, or has ended */
    MESH_E_END = 26,              /* not a failure: the stream has ended; no error is filled. A handler that returns it
                                     has ended well */
    MESH_E_TOO_LARGE = 27,        /* over the limit that the text names */
    MESH_E_SYSTEM = 28,           /* the operating system refused: the text says what and why */
    MESH_E_INCOMPATIBLE = 29,     /* built for another ABI or a newer version */
    MESH_E_CALLER_GONE = 30,      /* nobody reads this stream any more */
    MESH_E_INVALID_JSON = 31,     /* not one JSON text; the text says where */
    MESH_E_DATA = 32              /* a stored document cannot be read; it is left as it is */
};

struct mesh_error_detail;

/*
 * An error. The one who holds it owns it: start with MESH_ERROR_INIT, end with mesh_error_clear(). One thread at a
 * time. Passing NULL wherever an error is asked for is fine. A function that fails replaces what was in it; one that
 * succeeds leaves it as it was, or empty. The layout never changes.
 */
typedef struct mesh_error {
    mesh_status status;
    uint32_t reserved; /* 0 */
    struct mesh_error_detail *detail;
} mesh_error;

#ifdef __cplusplus
#define MESH_ERROR_INIT mesh_error()
#else
#define MESH_ERROR_INIT { MESH_OK, 0, NULL }
#endif

/** Free what the error holds and make it MESH_OK again; NULL is fine. [any-thread] */
MESH_API void mesh_error_clear(mesh_error *err);

/**
 * Fill an error and return its status, so that a function can say `return mesh_error_set(...)`. [any-thread]
 *
 * err     may be NULL, then only the status is returned; one already filled is replaced
 * status  what happened, not MESH_OK
 * format  the message as printf() has it: no capital at the start, no full stop at the end
 */
MESH_API mesh_status mesh_error_set(mesh_error *err, mesh_status status, const char *format, ...) MESH_PRINTF(3, 4);
MESH_API mesh_status mesh_error_setv(mesh_error *err, mesh_status status, const char *format, va_list args)
    MESH_PRINTF(3, 0);

/** The same with a ready text, for languages without printf(). [any-thread] */
MESH_API mesh_status mesh_error_set_text(mesh_error *err, mesh_status status, const char *text);

/**
 * Fill an error with a code of one's own, as a handler does that wants its callers to tell one failure from another.
 * [any-thread]
 *
 * code     the wire code, "quota_exceeded"; one of the codes above gives its status, any other MESH_E_MESH
 * details  a JSON object as text, NULL or "" for {}; lent; anything but an object is left out
 */
MESH_API mesh_status mesh_error_set_code(mesh_error *err, const char *code, const char *message, const char *details);

/**
 * Put words in front of the message: "call 'echo': " + what was there. Returns status, which becomes the error's own if it
 * was another. The message that travels on the mesh stays as it is. [any-thread]
 */
MESH_API mesh_status mesh_error_prefix(mesh_error *err, mesh_status status, const char *format, ...)
    MESH_PRINTF(3, 4);

/** The same with a ready text, for languages without printf(). [any-thread] */
MESH_API mesh_status mesh_error_prefix_text(mesh_error *err, mesh_status status, const char *text);

/** Add what the protocol's envelope has beside code and message; NULL leaves a field as it is. [any-thread] */
MESH_API void mesh_error_set_context(mesh_error *err, const char *agent, const char *request_id, const char *details);

/** Move an error: from becomes empty, what was in to is freed. Either may be NULL. [any-thread] */
MESH_API void mesh_error_move(mesh_error *to, mesh_error *from);

/** The whole text for people, prefixes included. Never NULL; lent until the error changes. [any-thread] */
MESH_API const char *mesh_error_text(const mesh_error *err);

/** The message alone, as it travels. Never NULL; lent until the error changes. [any-thread] */
MESH_API const char *mesh_error_message(const mesh_error *err);

/** The code on the wire: "timeout", or the peer's own. Never NULL; lent until the error changes. [any-thread] */
MESH_API const char *mesh_error_code(const mesh_error *err);

/** The agent it is about, "" if none. Lent until the error changes. [any-thread] */
MESH_API const char *mesh_error_agent(const mesh_error *err);

/** The request it ended, "" if none. Lent until the error changes. [any-thread] */
MESH_API const char *mesh_error_request_id(const mesh_error *err);

/** The details, a JSON object as text; "{}" if there are none. Lent until the error changes. [any-thread] */
MESH_API const char *mesh_error_details(const mesh_error *err);

/** The wire code of a status ("handler_error" for those that have none), and its text. They live for ever. */
MESH_API const char *mesh_status_code(mesh_status status);
MESH_API const char *mesh_status_text(mesh_status status);

MESH_END_DECLS

#endif
