/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_agent: what an agent is and what it does. mesh_request: one request that it serves. mesh_emitter: what it has in
 * hand while it publishes, or runs by itself.
 *
 * The shape of an agent follows from what is filled in; it is never declared:
 *
 *   call, with an input schema       responder   answers each request once                     mesh_call()
 *   call, input schema NULL          trigger     the same; takes no input                      mesh_call()
 *   stream, with an input schema     streamer    answers each request in chunks                mesh_stream_open()
 *   publish                          publisher   emits events to whoever listens               mesh_subscribe()
 *   run, once or every_ms            task        runs by itself                                nobody
 *   on_message, with sources         listener    handles what comes on subjects, keys that     nobody
 *                                                change
 *
 * call or stream may stand together with on_message; publish and run stand alone. Any agent may have a gate that tells
 * whether it is active now (active_when).
 *
 * Threads. In comments of these headers a tag says where a function may be called, or where one of yours is called:
 *
 *   [any-thread]  from any thread, at the same time as any other
 *   [worker]      a handler's: a thread that belongs to the client the agent was registered with. It may block: another
 *                 agent is never held up. One request of an agent at a time, unless the agent says more (concurrency).
 *                 In a client that dispatches by itself (MESH_CLIENT_DISPATCH) it is the thread in mesh_dispatch()
 *   [emitter]     a publisher's or a task's: a thread of its own, which may block and need not return soon
 *   [step]        a plugin's start and stop: a thread made for that one step
 */
#ifndef AGENTMESH_AGENT_H
#define AGENTMESH_AGENT_H

#include <agentmesh/call.h>
#include <agentmesh/client.h>
#include <agentmesh/message.h>

MESH_BEGIN_DECLS

/* What a publisher or a task has in hand while it runs. Opaque; its functions say who may call them. */
typedef struct mesh_emitter mesh_emitter;

/*
 * A handler. It answers with mesh_request_answer() (call) or with any number of mesh_request_chunk() (stream) and
 * returns MESH_OK; or it fails: it fills err and returns a status other than MESH_OK, and its caller has that error.
 * [worker]
 *
 * MESH_OK without an answer answers {} where the agent has no output schema, else handler_error. A failure without a text
 * has the text of its status. A failure after the answer goes to on_event: the answer stands. Nothing may leave a handler
 * but by return: catch exceptions in C++, panics in Rust; no longjmp, no pthread_exit.
 *
 * The input is one JSON value that fits input_schema: the library has checked it. When timeout_ms is over the library answers
 * in its place and tells it to stop (mesh_request_stopped()). While all handlers that an agent may run at once have taken
 * twice that time, the agent takes no requests: replicas have them, or their callers not_available.
 *
 * request  lent until the handler returns; mesh_request_ref() keeps it for longer
 * state    what was given at registration; for a plugin's listed agents what its start returned
 * err      empty, the library's; never kept
 */
typedef mesh_status (*mesh_handler)(mesh_request *request, void *state, mesh_error *err);

/*
 * A publisher or a task. Called when the agent is on the mesh and its gate is open, once the catalog has it; returns when it
 * has no more to do, or when it is to stop: it looks at mesh_emitter_stopped(), or waits by mesh_emitter_wait(), often
 * enough to return soon. [emitter]
 *
 * A publisher that returns MESH_OK, or was told to stop, has ended: its listeners are told so. One that fails has ended too:
 * they have its error, and so have those who watch mesh.errors. Neither is called again while the agent stays as it is.
 *
 * A task that returns MESH_OK is done; with every_ms it is called again at the next multiple of that time since its start
 * that has not passed yet, so that it never overlaps itself. One that fails is called again after a pause, which grows
 * from 1 to 60 seconds as long as it fails; each failure is a log event and goes to on_event.
 *
 * When another copy takes over from this one (a plugin is replaced), this one is told to stop, and only when it has
 * returned the other is called: it goes on with the next number, and no listener is told of an end. So every copy begins
 * anew: an entry must bear being called more than once.
 *
 * emitter  lent until it returns
 * state    what was given at registration; for a plugin's listed agents what its start returned
 * err      empty, the library's; never kept
 */
typedef mesh_status (*mesh_task)(mesh_emitter *emitter, void *state, mesh_error *err);

/*
 * Handles one message of a source. Messages of one source come one at a time, in order; those of different sources may come at
 * the same time. It answers nobody, whatever it returns: a failure is a log event and a dead letter of the agent, and the
 * next message comes. [worker]
 *
 * As many may wait per source as requests may; more are lost, which on_event is told with their number once a second.
 * When another copy of the agent takes over, this one still handles what it has received, and the other, beside it, what
 * comes from then on; a message of a subject without a queue group may in that moment come to both.
 *
 * message  lent until it returns
 */
typedef mesh_status (*mesh_message_handler)(const mesh_message *message, void *state, mesh_error *err);

/* For mesh_source.initial. */
enum {
    MESH_REPLAY = 1, /* the current values first, deleted keys left out, then every change */
    MESH_SKIP = 2    /* only what changes later */
};

/* Where messages come from: a subject, or shared keys (protocol 7.3). */
typedef struct mesh_source {
    size_t size;         /* sizeof(mesh_source) */
    const char *subject; /* what to listen to; whole tokens may be wildcards: "orders.*", "orders.>"; or */
    const char *keys;    /* the shared keys to follow, with the same wildcards: exactly one of both */
    const char *queue;   /* of a subject: each message goes to one of those that name the same group; NULL: to all */
    uint32_t initial;    /* of keys: MESH_REPLAY or MESH_SKIP; 0: MESH_REPLAY */
    uint32_t reserved;   /* 0 */
} mesh_source;

/*
 * When an agent is active (protocol 7.4). While its gate is closed it stays in the catalog, but takes no requests, handles
 * no messages, publishes nothing and runs nothing; callers are told that it is not available.
 */
typedef struct mesh_gate {
    size_t size;         /* sizeof(mesh_gate) */
    const char *key;     /* a shared key that decides; read before the agent is registered, then followed; or */
    const char *subject; /* each message there decides: exactly one of both */

    /* 1: open, 0: closed, -1: cannot tell, and nothing changes. value is NULL where there is no such key. NULL for the
     * function: open for the texts true, yes, on, open and 1, also as JSON strings; closed for anything else. Called one at a
     * time. [worker; the first time the thread that registers] */
    int32_t (*is_open)(void *state, const mesh_bytes *value);

    uint32_t initial;          /* MESH_YES or MESH_NO: until a message has come, or while the key cannot be read; 0: MESH_NO */
    uint32_t drain_timeout_ms; /* how long closing waits for requests in hand; 0: 30 000 */
} mesh_gate;

/* What an agent is and does. Everything is copied at registration. Fields are only ever added at the end. */
typedef struct mesh_agent {
    size_t size;                /* sizeof(mesh_agent) */
    const char *name;           /* "nlp.summarizer": letters, digits, _ and -, in parts joined by dots */
    const char *description;    /* for people and language models: what it does, and what it is not for */
    const char *version;        /* of the agent; NULL: "0.1.0" */
    const char *input_schema;   /* JSON Schema of what it takes: what does not fit never reaches a handler. "{}": any JSON;
                                   NULL: it takes nothing */
    const char *output_schema;  /* JSON Schema of its answer, of one chunk, or of one event; NULL: not told */
    const char *message_schema; /* JSON Schema of what its sources bring: what does not fit never reaches on_message. NULL:
                                   any bytes */
    const char *const *tags;    /* words to find it by; ends with NULL; NULL: none */
    mesh_handler call;          /* answers once */
    mesh_handler stream;        /* answers in chunks */
    mesh_task publish;          /* emits events */
    mesh_task run;              /* runs by itself */
    mesh_message_handler on_message;   /* handles what the sources bring */
    const mesh_source *const *sources; /* ends with NULL; NULL: none */
    const mesh_gate *active_when;      /* NULL: always */
    uint32_t concurrency;       /* requests it can run at once; 0: 1 */
    uint32_t concurrency_limit; /* how far an operator may raise that; 0: not at all */
    uint32_t timeout_ms;        /* a handler's time for one request, a streamer's for its next chunk; 0: the client's */
    uint32_t every_ms;          /* of run: the time from one call to the next; 0: it is called once */
    uint32_t mcp;               /* MESH_YES or MESH_NO: may, may not be exported as a tool; 0: not said */
    uint32_t reserved;          /* 0 */
} mesh_agent;

/* JSON as it stands, unescaped, as a string literal: MESH_JSON({"type": "object"}) */
#define MESH_JSON(...) #__VA_ARGS__

/* The shapes as initialisers, good in C11 and C++17; every field that they do not name is 0. */
#define MESH_AGENT_(name, about, input, output, call, stream, publish, run, on_message, sources, every_ms) \
    { sizeof(mesh_agent), name, about, NULL, input, output, NULL, NULL, call, stream, publish, run,         \
      on_message, sources, NULL, 0, 0, 0, every_ms, 0, 0 }
#define MESH_RESPONDER(name, about, call, input, output) \
    MESH_AGENT_(name, about, input, output, call, NULL, NULL, NULL, NULL, NULL, 0)
#define MESH_TRIGGER(name, about, call, output) \
    MESH_AGENT_(name, about, NULL, output, call, NULL, NULL, NULL, NULL, NULL, 0)
#define MESH_STREAMER(name, about, stream, input, chunk) \
    MESH_AGENT_(name, about, input, chunk, NULL, stream, NULL, NULL, NULL, NULL, 0)
#define MESH_PUBLISHER(name, about, publish, event) \
    MESH_AGENT_(name, about, NULL, event, NULL, NULL, publish, NULL, NULL, NULL, 0)
#define MESH_TASK(name, about, run) MESH_REPEATED(name, about, run, 0)
#define MESH_REPEATED(name, about, run, every_ms) \
    MESH_AGENT_(name, about, NULL, NULL, NULL, NULL, NULL, run, NULL, NULL, every_ms)
#define MESH_LISTENER(name, about, on_message, sources) \
    MESH_AGENT_(name, about, NULL, NULL, NULL, NULL, NULL, NULL, on_message, sources, 0)

/* Sources; queue may be NULL, initial 0. Gates by a key or a subject that says true, yes, on, open or 1. */
#define MESH_SUBJECT_SOURCE(subject, queue) { sizeof(mesh_source), subject, NULL, queue, 0, 0 }
#define MESH_KEY_SOURCE(keys, initial) { sizeof(mesh_source), NULL, keys, NULL, initial, 0 }
#define MESH_KEY_GATE(key) { sizeof(mesh_gate), key, NULL, NULL, 0, 0 }
#define MESH_SUBJECT_GATE(subject, initial) { sizeof(mesh_gate), NULL, subject, NULL, initial, 0 }

/**
 * Put an agent on the mesh: serve it and announce it (protocol 4.1). The key of a gate is read before this returns; a
 * publisher or a task starts when the catalog has the agent. [any-thread; blocks until announced; not from a handler of
 * the same client]
 *
 * agent  copied
 * state  handed to whatever of it is called; must live until the client is stopped or closed, or the agent unregistered
 * MESH_E_INVALID_ARGUMENT  it contradicts itself, or its name or a schema is wrong: the text names agent, field, rule
 * MESH_E_EXISTS            this process serves that name already
 * MESH_E_DATA              the catalog on the server cannot be read; it is not overwritten
 * MESH_E_TOO_LARGE         its contract is larger than what the server takes in one message
 */
MESH_API mesh_status mesh_register(mesh_client *client, const mesh_agent *agent, void *state, mesh_error *err);

/**
 * Take an agent off the mesh: finish what it has in hand (at most drain_timeout_ms), then remove it. A publisher or a task
 * is told to stop. When this returns MESH_OK, nothing of it runs. [any-thread; not from its own handlers]
 *
 * MESH_E_NOT_FOUND  this client serves no agent of that name
 * MESH_E_TIMEOUT    a handler still runs; its caller has been answered, and the agent is off the mesh
 */
MESH_API mesh_status mesh_unregister(mesh_client *client, const char *name, mesh_error *err);

/* ---- one request ---- */

/** The agent that is asked, and the caller's id for this request ("" if it sent none). Lent as the request is. */
MESH_API const char *mesh_request_agent(const mesh_request *request);
MESH_API const char *mesh_request_id(const mesh_request *request);

/** The client that serves the request: for calls, settings and logging. Lent as the request is. [any-thread] */
MESH_API mesh_client *mesh_request_client(const mesh_request *request);

/** The body as it came, one JSON value; for a trigger whatever was sent. NUL-terminated; lent as the request is. */
MESH_API mesh_bytes mesh_request_input(const mesh_request *request);

/*
 * One member of an input that is an object. The fallback, NULL if you like, is returned where the input is no object, has
 * no such member, has null, or a value of another type; of an int also where it is no whole number of 64 bits. Names are
 * compared with case. Lent as the request is. [any-thread]
 */
MESH_API const char *mesh_request_string(const mesh_request *request, const char *name, const char *fallback);
MESH_API double mesh_request_number(const mesh_request *request, const char *name, double fallback);
MESH_API int64_t mesh_request_int(const mesh_request *request, const char *name, int64_t fallback);
MESH_API int mesh_request_bool(const mesh_request *request, const char *name, int fallback);

/**
 * A text as a JSON string, quotes and escapes included, to be printed by mesh_request_answerf() and mesh_request_chunkf().
 * Bytes that are not UTF-8 become U+FFFD. Any number of them may be in use; all are lent until the next answer or chunk
 * of this request. Out of memory it returns "", and the answer made of it is refused. [one thread at a time per request]
 */
MESH_API const char *mesh_quote(mesh_request *request, const char *text);
MESH_API const char *mesh_quotef(mesh_request *request, const char *format, ...) MESH_PRINTF(2, 3);
MESH_API const char *mesh_quote_bytes(mesh_request *request, mesh_bytes text);

/**
 * Answer a call. The first answer wins. The one with a format prints numbers as in the C locale, whatever the program's is.
 * [any-thread, with a reference]
 *
 * output  one JSON value, lent
 * MESH_E_INVALID_JSON  output is not JSON; the request is still open
 * MESH_E_INVALID_INPUT  output does not fit the agent's output_schema, and the operator wants that checked
 *                      (MESH_CLIENT_CHECK_OUTPUT): err has every violation, and so has the caller, as a handler_error; the
 *                      request is over
 * MESH_E_ANSWERED      it has been answered, or its time is over
 * MESH_E_INVALID_ARGUMENT  the agent streams: use mesh_request_chunk()
 * MESH_E_TOO_LARGE     larger than the server takes in one message
 */
MESH_API mesh_status mesh_request_answer(mesh_request *request, mesh_bytes output, mesh_error *err);
MESH_API mesh_status mesh_request_answerf(mesh_request *request, mesh_error *err, const char *format, ...)
    MESH_PRINTF(3, 4);

/**
 * Send the next chunk of a stream. The end is sent by the library when the handler has returned MESH_OK and no
 * reference is left. [any-thread, with a reference; chunks go out in the order of the calls]
 *
 * chunk  one JSON value, lent; better not the bare null, which some callers take for the end
 * MESH_E_CALLER_GONE  nobody reads any more (noticed now and then): return, with any status
 * MESH_E_INVALID_JSON, MESH_E_INVALID_INPUT, MESH_E_ANSWERED, MESH_E_INVALID_ARGUMENT, MESH_E_TOO_LARGE  as for
 *   mesh_request_answer()
 */
MESH_API mesh_status mesh_request_chunk(mesh_request *request, mesh_bytes chunk, mesh_error *err);
MESH_API mesh_status mesh_request_chunkf(mesh_request *request, mesh_error *err, const char *format, ...)
    MESH_PRINTF(3, 4);

/**
 * End a request with an error from outside its handler. Inside, return the error instead. [any-thread, with a reference]
 *
 * failure  lent; its code, message and details go to the caller
 */
MESH_API mesh_status mesh_request_fail(mesh_request *request, const mesh_error *failure, mesh_error *err);

/**
 * Keep a request beyond its handler, to answer later and from any thread. Returns it. While a reference is held, the
 * client that serves it cannot be stopped quietly, nor its plugin be unloaded. When the last one goes and nothing was
 * answered, the library answers: {} if the handler returned MESH_OK and the agent has no output schema, else
 * handler_error. [any-thread]
 */
MESH_API mesh_request *mesh_request_ref(mesh_request *request);

/** Give a reference back. Returns NULL; NULL is fine. [any-thread] */
MESH_API mesh_request *mesh_request_unref(mesh_request *request);

/* Why a request should be given up: nobody waits for its answer any more. 0 while somebody does. */
enum {
    MESH_STOP_NONE = 0,
    MESH_STOP_DEADLINE = 1,   /* its time is over, and its caller has been answered */
    MESH_STOP_DRAIN = 2,      /* its agent leaves and would wait no longer; its caller has been answered */
    MESH_STOP_CALLER_GONE = 3, /* nobody reads the stream any more */
    MESH_STOP_GATE = 4         /* its gate has closed; its caller has been answered */
};

/** Whether to give up, and why. Cheap: ask as often as you like. [any-thread] */
MESH_API int32_t mesh_request_stopped(const mesh_request *request);

/** Wait until the request should be given up, at most timeout_ms; returns the reason or 0. [any-thread] */
MESH_API int32_t mesh_request_wait(mesh_request *request, uint32_t timeout_ms);

/** A descriptor that becomes readable when the request should be given up; -1 if none can be had. Lent as the request is. */
MESH_API int mesh_request_stop_fd(mesh_request *request);

/** How many milliseconds are left until its deadline. [any-thread] */
MESH_API uint32_t mesh_request_time_left_ms(const mesh_request *request);

/* ---- publishing, and running by itself ---- */

/** The client and the agent for which this runs. Lent as the emitter is. [any-thread] */
MESH_API mesh_client *mesh_emitter_client(const mesh_emitter *emitter);
MESH_API const char *mesh_emitter_agent(const mesh_emitter *emitter);

/**
 * Publish the next event to whoever listens (protocol 6.1). The one with a format prints numbers as in the C locale,
 * whatever the program's is. [emitter]
 *
 * event  one JSON value, lent; better not the bare null, which some listeners take for the end
 * MESH_E_STOPPED           it is to stop, and nothing was sent: return
 * MESH_E_INVALID_JSON      event is not JSON, or empty
 * MESH_E_INVALID_INPUT     it does not fit output_schema; only where that is checked (MESH_CLIENT_CHECK_OUTPUT)
 * MESH_E_INVALID_ARGUMENT  this is a task, which has no listeners: use mesh_publish()
 * MESH_E_CONNECTION_FAILED, MESH_E_TOO_LARGE  nothing was sent; what comes next has the number of this one
 */
MESH_API mesh_status mesh_emit(mesh_emitter *emitter, mesh_bytes event, mesh_error *err);
MESH_API mesh_status mesh_emitf(mesh_emitter *emitter, mesh_error *err, const char *format, ...) MESH_PRINTF(3, 4);

/** What mesh_quote() is for a request: a text as a JSON string, for mesh_emitf(); lent until the next event. [emitter] */
MESH_API const char *mesh_emit_quote(mesh_emitter *emitter, const char *text);
MESH_API const char *mesh_emit_quotef(mesh_emitter *emitter, const char *format, ...) MESH_PRINTF(2, 3);
MESH_API const char *mesh_emit_quote_bytes(mesh_emitter *emitter, mesh_bytes text);

/** Whether to stop, and why: MESH_STOP_DRAIN or MESH_STOP_GATE; 0: go on. Cheap: ask as often as you like. [any-thread] */
MESH_API int32_t mesh_emitter_stopped(const mesh_emitter *emitter);

/** Wait until it is to stop, at most timeout_ms; returns the reason or 0. The way to pause. [any-thread] */
MESH_API int32_t mesh_emitter_wait(mesh_emitter *emitter, uint32_t timeout_ms);

/** A descriptor that becomes readable when it is to stop; -1 if none can be had. Lent as the emitter is. [any-thread] */
MESH_API int mesh_emitter_stop_fd(mesh_emitter *emitter);

MESH_END_DECLS

#endif
