/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of mesh_request: one request from the moment it arrives until its last reference is gone. */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include <stdatomic.h>

#include <cjson/cJSON.h>

#include "client/inbox.h"
#include "serve/quote.h"
#include "serve/reply.h"
#include "serve/service.h"

struct mesh_request {
    struct job job;  /* in its agent's lane */
    uint64_t serial; /* never 0, never used twice */
    atomic_uint references;

    /* Set before the handler runs; read-only after. */
    struct agent *agent;
    struct service *service;
    struct link_message message;
    struct asked asked;
    cJSON *tree; /* of the input; NULL for a trigger */
    uint64_t began_ms;
    uint64_t arrived_ns;

    /* Guarded by the workers' lock. */
    mesh_request *live_next, **live_at; /* in the list of live ones */

    /* Guarded by lock, which is also held while an answer or a chunk is published: the order of the lock is the order
     * on the wire, and nothing follows the end. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;          /* answered, or ended */
    mesh_status result; /* what it returned */
    uint64_t sequence;  /* of the next chunk */
    uint64_t probed_ms; /* when a chunk last asked whether somebody reads */
    struct usage usage; /* reported so far; unchanged once done */
    int stop_fd;        /* -1 until asked for */

    /* Of the one thread that answers. */
    struct quotes quotes; /* texts lent out by mesh_quote() */

    atomic_bool has_failed;
    atomic_bool is_refused; /* by a check of its output, which has been told */
    atomic_int stop;        /* MESH_STOP_ */
    _Atomic uint64_t due;   /* its deadline, in clock_ms() */
    atomic_int handler;     /* HANDLER_ */
    struct wait probe;      /* in the inbox while a stream runs */
    char probe_subject[INBOX_SUBJECT_SIZE];

    /* Guarded by the lock of deadline.c. */
    mesh_request *due_prev, *due_next;
    uint64_t due_listed;
    bool is_listed;
    bool is_overdue; /* its deadline has come; it is listed once more, to see whether its handler is stuck */
};

/* What its handler does: not there, at work, or far past its deadline. */
enum { HANDLER_AWAY, HANDLER_RUNS, HANDLER_STUCK };

/* The deadline has passed for as long again. The caller has a reference. */
void request_check_stuck(mesh_request *request);

/* A request for a message, which is taken; NULL: no memory. One reference: the worker's. */
mesh_request *request_new(struct agent *agent, struct link_message *message);

/* Undo request_new(): the message is given back. */
void request_dissolve(mesh_request *request, struct link_message *message);

/* Answer in place of the handler and give the stop signal. A request that is done only has the signal. */
void request_end(mesh_request *request, int32_t stop, mesh_status status, const char *text);

/* The same because its agent leaves (MESH_STOP_DRAIN), or its gate has closed (MESH_STOP_GATE). */
void request_give_up(mesh_request *request, int32_t why);

/* Send an error, unless something has been answered: then false. */
bool request_fail(mesh_request *request, const mesh_error *failure);

/* Tell those who watch that it has been answered well. */
void request_tell_answered(const mesh_request *request);

/* Free the texts that mesh_quote() has lent out: answer.c. */
void answer_drop_quotes(mesh_request *request);

/* The request that the calling worker handles; NULL in other threads. */
mesh_request *request_current(void);

/* Take a reference unless the last one is gone. */
bool request_try_ref(mesh_request *request);

#endif
