/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share: the link itself, one connection of its life (a session), and what hangs on a
 * connection (a leg of a subscription).
 */
#ifndef LINK_NATS_INTERNAL_H
#define LINK_NATS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <nats/nats.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/map.h"
#include "link/link_ops.h"
#include "link/signals.h"

enum {
    LINK_SERVER_ANSWER_MS = 5000, /* how long the server may take to answer a question of ours */
    LINK_PAYLOAD_DEFAULT = 1024 * 1024,
    LINK_INBOX_SIZE = 48,
};

/* One natsConnection. Closed for good, it is replaced by another session of the same link. */
enum { LINK_REFUSAL_SIZE = 1100 };

struct session {
    struct link *link;
    natsConnection *nc;
    uint64_t since; /* clock_ms() */
    /* Guarded by the link's lock. */
    size_t users;   /* threads inside nats.c with this connection */
    size_t legs;    /* not buried yet */
    bool up;        /* connected, as far as nats.c has told */
    bool closed;    /* nats.c has told that it will not come back; nothing more is told after that */
    natsStatus why; /* it was lost */
    char refusal[LINK_REFUSAL_SIZE]; /* the last that was told, in the server's words */
    bool refusal_is_ahead;           /* told by session_hear(), and still to be told by nats.c */
};

/* One natsSubscription, from its making until nats.c has let go of it. */
struct leg {
    struct link *link;
    natsSubscription *handle;
    struct session *session;         /* not to be touched once buried */
    struct link_subscription *owner; /* not to be touched once complete */
    atomic_int birth;                /* enum leg_birth */
    atomic_bool leaves_when_empty;   /* drained while there is no connection */
    /* Guarded by the link's lock. */
    unsigned busy;      /* threads inside nats.c with the handle */
    bool complete;      /* nats.c: the last callback has returned */
    bool drains;        /* nats.c drains it */
    struct leg *behind; /* in the line of those to drain */
    struct leg *next;   /* in the graveyard, where it lies once complete */
};

enum leg_birth { LEG_UNBORN, LEG_BORN, LEG_STILLBORN };

enum subscription_state {
    SUBSCRIPTION_LIVE,
    SUBSCRIPTION_DRAINING,
    SUBSCRIPTION_LEAVING,
};

struct watch;

struct link_subscription {
    const struct link_ops *ops;
    struct link *link;
    char *subject, *queue; /* subject NULL: only the handle of a watch, with no legs of its own */
    link_callback callback;
    void *closure;
    void (*on_gone)(void *closure);
    struct watch *watch;
    /* Guarded by the link's lock. */
    enum subscription_state state;
    bool attaching;                             /* a thread is making the leg */
    struct leg *leg;                            /* NULL while there is no connection */
    struct link_subscription *next, **previous; /* in one of the link's lists */
};

struct link {
    const struct link_ops *ops;
    /* Set in link_open(), read-only after. */
    struct link_options options;
    char *shown_url; /* without passwords */
    char inbox[LINK_INBOX_SIZE];
    struct link_subscription *answers; /* of the server to our own questions */
    pthread_t keeper, sexton;
    bool keeper_runs, sexton_runs;
    atomic_size_t max_payload;
    atomic_bool connected;

    pthread_mutex_t lock;
    pthread_cond_t changed;  /* for the keeper, and who waits for the end of a session */
    pthread_cond_t graves;   /* for the sexton */
    pthread_cond_t answered; /* for who asks */
    struct session *session;
    struct link_subscription *subscriptions, *loose, *gone; /* loose: alive, and waiting for a leg */
    struct leg *graveyard, *stillborn;
    struct leg *line, *line_end; /* legs that wait for their drain */
    unsigned draining;
    bool stopping;       /* the keeper ends, nothing new is attached */
    bool buried;         /* the sexton ends when its graveyard is empty */
    bool tend;           /* something is due for the keeper */
    unsigned long drops; /* how often the connection was lost */

    struct map questions; /* struct question by the last token of its inbox */
    uint64_t asked;
    struct watch *watches;
};

/* ---- nats_link.c ---- */

/* A subject nobody else uses. */
void link_write_inbox(char inbox[LINK_INBOX_SIZE]);

/* ---- what nats_link.c puts into the table of operations, each in the file of its noun ---- */

mesh_status nats_publish(struct link *link, const struct link_outgoing *message, mesh_error *err);
mesh_status nats_subscribe(struct link *link, const char *subject, const char *queue, link_callback callback,
                           void *closure, struct link_subscription **ret_subscription, mesh_error *err);
void nats_drain(struct link_subscription *subscription, void (*on_gone)(void *closure));
void nats_unsubscribe(struct link_subscription *subscription, void (*on_gone)(void *closure));
mesh_status nats_buckets_ensure(struct link *link, mesh_error *err);
mesh_status nats_key_get(struct link *link, const char *bucket, const char *key, struct buf *value,
                         uint64_t *ret_revision, mesh_error *err);
mesh_status nats_key_put(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                         uint64_t *ret_revision, mesh_error *err);
mesh_status nats_key_update(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                            uint64_t expected, uint64_t *ret_revision, mesh_error *err);
mesh_status nats_key_delete(struct link *link, const char *bucket, const char *key, mesh_error *err);
mesh_status nats_keys_put(struct link *link, const char *bucket, const struct link_pair *pairs, size_t count,
                          mesh_error *err);
mesh_status nats_keys_each(struct link *link, const char *bucket, const char *pattern, link_entry_callback callback,
                           void *closure, mesh_error *err);
mesh_status nats_keys_watch(struct link *link, const char *bucket, const char *pattern, bool tell_current,
                            link_entry_callback callback, void *closure, struct link_subscription **ret_subscription,
                            mesh_error *err);
mesh_status nats_object_put(struct link *link, const char *bucket, const char *name, const char *description,
                            link_object_reader reader, link_object_moved moved, void *closure,
                            const struct link_patience *patience, mesh_error *err);
mesh_status nats_object_info(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                             mesh_error *err);
mesh_status nats_object_read(struct link *link, const char *bucket, const struct object *object,
                             link_object_writer writer, void *closure, const struct link_patience *patience,
                             mesh_error *err);
mesh_status nats_object_delete(struct link *link, const char *bucket, const char *name, mesh_error *err);
mesh_status nats_objects_each(struct link *link, const char *bucket, link_object_callback callback, void *closure,
                              const struct link_patience *patience, mesh_error *err);
void nats_wake(struct link *link);

/* ---- nats_session.c ---- */

/* What nats.c answered, as our status and text; `what` says what was tried. */
mesh_status status_from_nats(natsStatus status, mesh_error *err, const char *what);

/* The current session, kept from being buried until session_put(). NULL: there is none. */
struct session *session_get(struct link *link);
void session_put(struct session *session);

/* Refuse options that nats.c does not take, which no server can make good. */
mesh_status session_check(const struct link *link, mesh_error *err);

/* Tell what the server has refused, if nats.c has read it and not yet told it on its own thread: after a flush. */
void session_hear(struct session *session);

/* Connect. Blocks. ret_session is given: session_install(), in the end session_bury(). */
mesh_status session_open(struct link *link, struct session **ret_session, mesh_error *err);
void session_install(struct link *link, struct session *session);

/* Wait until nats.c has closed it and nobody uses it, and free it. The lock is held, and given up meanwhile. Blocks. */
void session_bury(struct session *session);

/* The pause after so many attempts in vain: longer each time, and spread so that a restarted server is not stormed. */
int64_t session_pause_ms(int attempts);

/* ---- nats_keeper.c ---- */

void *keeper_main(void *link);

/* ---- nats_message.c ---- */

/* The number in the first line of the headers (100 control, 404, 503 ...), 0 if there is none. */
int message_status(const struct link_message *message);

/* ---- nats_leg.c ---- */

/*
 * Make a leg, busy until the caller lets go of it. When the connection is closed meanwhile nats.c may not tell its end:
 * then it is stillborn, and not handed out.
 */
natsStatus leg_new(struct link_subscription *owner, struct session *session, struct leg **ret_leg);

/* Take it off the server. The caller has made it busy, which ends here. */
void leg_leave(struct leg *leg, bool drain);

/* The thread that buries legs and tells who is gone. */
void *sexton_main(void *link);
void legs_clear(struct link *link); /* what is left when no thread runs any more */

/* ---- nats_subscription.c ---- */

/* Give every subscription that has none a leg on this session. False: one could not be made though the session lives.
 */
bool subscriptions_attach(struct link *link, struct session *session);

/* The handle of a watch, by which its user ends it. NULL: no memory. */
struct link_subscription *subscription_for_watch(struct link *link, struct watch *watch, void *closure);

/* With the lock held: its leg has come to its end; nothing of it is left; the next one of those, to be told. */
void subscription_lose_leg(struct link_subscription *subscription, const struct leg *leg);
void subscription_farewell(struct link_subscription *subscription);
struct link_subscription *subscription_next_gone(struct link *link);
void subscription_tell_gone(struct link_subscription *subscription); /* and free it */

void subscriptions_clear(struct link *link); /* what is left when no thread runs any more */

/* ---- nats_question.c ---- */

/* A request to the server whose answer comes to the link's own inbox. */
struct question {
    /* Filled by the asker, lent until questions_ask() returns. */
    const char *subject;
    const struct header *headers;
    size_t header_count;
    mesh_bytes body;
    /* The outcome. On MESH_OK the answer is given: link_message_clear(). */
    mesh_status status;
    struct link_message answer;
    /* Guarded by the link's lock. */
    bool open;
    char token[24];
};

/* Ask all, wait for all; each has its own status. The status returned and the text in err are those of the first that
 * failed. Blocks. */
mesh_status questions_ask(struct link *link, struct question *questions, size_t count, mesh_error *err);

void questions_clear(struct question *questions, size_t count); /* ends the answers */

/*
 * One by one, for who has several on their way: send; wait until it is answered, or has failed. Both return and explain
 * the status of the question. One that was sent is waited for, or dropped. Open without sending waits for the loss of the
 * connection, or a refusal of what is published to the same subject.
 */
mesh_status question_send(struct link *link, struct question *question, mesh_error *err);
mesh_status question_await(struct link *link, struct question *question, const struct link_patience *patience,
                           mesh_error *err);
mesh_status question_open(struct link *link, struct question *question, mesh_error *err);
void question_drop(struct link *link, struct question *question, mesh_status status);

static inline bool patience_is_over(const struct link_patience *patience)
{
    return patience->given_up && patience->given_up(patience->closure);
}

mesh_status questions_open(struct link *link, mesh_error *err);
void questions_fail(struct link *link);                        /* the connection was lost */
bool questions_refuse(struct link *link, const char *subject); /* the server refused a publish to subject */

/* ---- nats_bucket.c ---- */

/* Read what JetStream's API answered. ret_code: the code of its refusal, 0 if there is none. ret_tree is given. */
mesh_status api_read(const struct link *link, const struct question *question, cJSON **ret_tree, int *ret_code,
                     mesh_error *err);
mesh_status api_refused(const struct question *question, const cJSON *tree, int code, mesh_error *err);
bool api_stream_is_missing(int code);
mesh_status bucket_missing(const struct link *link, const char *bucket, mesh_error *err);

/* ---- nats_consumer.c ---- */

#define HEADER_OPERATION "KV-Operation"
#define HEADER_MARKER "Nats-Marker-Reason"
#define HEADER_EXPECTED "Nats-Expected-Last-Subject-Sequence"

enum { CONSUMER_NAME_SIZE = 40, CONSUMER_HEARTBEAT_MS = 3000 };

void consumer_name(char name[CONSUMER_NAME_SIZE]);

/* ret_initial: how many values it tells at first. Blocks. */
mesh_status consumer_create(struct link *link, const char *bucket, const char *pattern, const char *name,
                            const char *inbox, uint64_t *ret_initial, mesh_error *err);
void consumer_delete(struct link *link, const char *bucket, const char *name); /* does not wait for the answer */

enum delivery_kind {
    DELIVERY_ENTRY,
    DELIVERY_HEARTBEAT,
    DELIVERY_END,     /* the server has given the consumer up */
    DELIVERY_NOTHING, /* there are no current values */
    DELIVERY_OTHER,
};

/* What a message to a consumer's inbox says. Lent from the message. */
struct delivery {
    uint64_t number;  /* of the consumer's deliveries, from 1; in a heartbeat the last one */
    uint64_t pending; /* current values still to come */
    struct link_entry entry;
};

enum delivery_kind delivery_read(const struct link_message *message, const char *bucket, struct delivery *ret);

/* Where a delivery stands, by its reply subject. False: it is none. */
struct place {
    const char *consumer; /* ends with a dot; lent from the message */
    uint64_t revision, number, pending;
};

bool place_read(const char *reply, struct place *ret);

/* ---- nats_stored.c ---- */

/*
 * The last message that a stream holds on a subject. Its body is appended to a buffer (NULL: not wanted), is_marker says
 * whether its headers make it a delete marker; then there is no body. MESH_E_NOT_FOUND: there is none. Blocks.
 */
struct stored {
    uint64_t revision;
    bool is_marker;
};

mesh_status stored_read(struct link *link, const char *stream, const char *subject, struct buf *body,
                        struct stored *ret, mesh_error *err);

/* Write one message, wait until it is stored. MESH_E_CONFLICT: an expectation in the headers does not hold. bucket is for
 * errors. Blocks. */
mesh_status stored_write(struct link *link, const char *bucket, struct question *question, uint64_t *ret_revision,
                         mesh_error *err);

/* What the server said to a write that was asked. */
mesh_status stored_ack(struct link *link, const char *bucket, const struct question *question, uint64_t *ret_revision,
                       mesh_error *err);

/* ---- nats_fetch.c ---- */

/*
 * A fetch: what a stream holds on the subjects of a filter, in its order, asked for piece by piece so that never more
 * than a window of messages is here. What gets lost on the way is asked for again. One thread.
 */
struct fetch;

enum { FETCH_WINDOW = 16 };

/* Blocks for the set-up. stream, filter, and what patience leads to are lent until fetch_close(). */
mesh_status fetch_open(struct link *link, const char *stream, const char *filter, const struct link_patience *patience,
                       struct fetch **ret_fetch, mesh_error *err);

/* The next message, given. MESH_E_END: that was all, and no error is filled; MESH_E_TIMEOUT, MESH_E_STOPPED: patience is
 * over. Blocks. */
mesh_status fetch_next(struct fetch *fetch, struct link_message *ret_message, mesh_error *err);

struct fetch *fetch_close(struct fetch *fetch); /* returns NULL; NULL is fine */

/* ---- nats_watch.c ---- */

/* [keeper] Set up what is due, every one if `all`; returns when to come again. Blocks. */
uint64_t watches_tend(struct link *link, bool all);
void watch_release(struct watch *watch);

/* Its user has ended it. With the lock held; then, without, watch_end_turn() for what it gives (NULL is fine). */
struct turn *watch_leave(struct watch *watch);
void watch_end_turn(struct turn *turn);

/* ---- nats_object.c ---- */

/*
 * The meta document of an object as it is stored, a deleted one included, and its revision. MESH_E_NOT_FOUND: there is
 * none, revision 0; MESH_E_DATA: it cannot be read, and only the revision is given. Blocks.
 */
mesh_status object_stored(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                          uint64_t *ret_revision, mesh_error *err);

/* Write it if what is there has this revision, else MESH_E_CONFLICT. *ret_open: it failed, and yet may be written. Blocks. */
mesh_status object_store(struct link *link, const char *bucket, const struct object *object, uint64_t revision,
                         bool *ret_open, mesh_error *err);

/* Forget chunks; "" is none. */
mesh_status object_purge(struct link *link, const char *bucket, const char *nuid, mesh_error *err);

/* OBJ_{bucket}, to free(). */
char *object_stream(const char *bucket);

#endif
