/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers awaited: one wildcard subscription for the replies of every call of this process, one for all death notices.
 *
 * A wait is settled exactly once, under the inbox's lock, by the first of: a message, the server's 503, a death notice,
 * a refusal by the server, its deadline, a stop. A notice does not settle at once: it is sent to the waiting subject
 * itself and settles when it comes back, so that an answer that was already on its way wins (protocol 5.4).
 */
#ifndef CLIENT_INBOX_H
#define CLIENT_INBOX_H

#include <stdint.h>

#include "client/alarm.h"
#include "client/client.h"

struct wait;

enum wait_outcome {
    WAIT_OPEN,
    WAIT_MESSAGE, /* message given */
    WAIT_NOBODY,  /* no responders; message empty */
    WAIT_DIED,    /* message: the notice, given, as its body came */
    WAIT_DENIED,  /* the server refused the publish */
    WAIT_DEAF,    /* the server refused the subscription to frames */
    WAIT_LATE,    /* its time is over */
    WAIT_STOPPED, /* the client, or the request on whose behalf */
};

/* Called once under the inbox's lock: [link] or any thread. Take the message by copying it and leaving {NULL}. */
typedef void (*wait_settle)(struct wait *wait, enum wait_outcome outcome, struct link_message *message);

/* In a struct of the user's, who fills the first group. */
struct wait {
    wait_settle settle;
    const mesh_client *client; /* whose stop ends it */
    const char *agent;         /* whose death ends it, or NULL */
    const char *frames;        /* the subject on which the answer comes, if not on the inbox; or NULL */
    uint64_t due;              /* when it is settled at the latest; 0: never, its user watches the time */

    uint64_t token;
    uint64_t request;  /* whose stop ends it: its serial, for it may be gone before the wait is; 0: none */
    struct wait *next; /* in its bucket; guarded by the inbox's lock */
    bool open;         /* in the table; the same */
    struct inbox *inbox;
    struct alarm alarm;
};

/* Given also on failure, half-built. Ends with inbox_free() after the link has been closed, which ends its callbacks.
 */
mesh_status inbox_open(struct core *core, struct inbox **ret_inbox, mesh_error *err);
struct inbox *inbox_free(struct inbox *inbox);

/* Enter a wait on behalf of a request (lent; or NULL). MESH_E_STOPPED if that or the client is; MESH_E_NO_MEMORY. The
 * reply subject for what is asked is written to reply. */
enum { INBOX_SUBJECT_SIZE = 96 };
mesh_status inbox_enter(struct inbox *inbox, struct wait *wait, const mesh_request *request,
                        char reply[INBOX_SUBJECT_SIZE], mesh_error *err);

/* Take a wait out again; after this it is not settled any more. Fine for one that has been settled. */
void inbox_leave(struct inbox *inbox, struct wait *wait);

/* The lock that settling holds, for users that wait on a condition of their own. */
pthread_mutex_t *inbox_lock(struct inbox *inbox);

/* Under the lock, for what came on frames: settle a wait, or give it another deadline. Nothing if it has been settled.
 */
void inbox_settle_locked(struct inbox *inbox, struct wait *wait, enum wait_outcome outcome,
                         struct link_message *message);
void inbox_delay_locked(struct inbox *inbox, struct wait *wait, uint64_t due);

/* Settle with WAIT_STOPPED every wait of a client, of a request. */
void inbox_stop_client(struct inbox *inbox, const mesh_client *client);
void inbox_stop_request(struct inbox *inbox, const mesh_request *request);
void inbox_stop_request_locked(struct inbox *inbox, const mesh_request *request); /* from a settle function */

/* The server refused to let us publish to a subject, or subscribe to it. [link] */
void inbox_denied(struct inbox *inbox, bool is_publish, const char *subject);

/* Whether a message on a frames subject is our own echo of a death notice. */
bool inbox_is_notice(const struct link_message *message);

#endif
