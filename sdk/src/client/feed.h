/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A feed: what arrives on [link] threads and waits for its one reader. Bounded in bytes; a stop of the client wakes the
 * reader; a descriptor tells programs with a loop of their own. Streams, subscriptions, watches and tails are feeds.
 */
#ifndef CLIENT_FEED_H
#define CLIENT_FEED_H

#include <pthread.h>

#include "client/client.h"

enum { FEED_MAX = 64 << 20 };

/* In a struct of the user's. */
struct feed_item {
    struct feed_item *next;
    size_t size; /* bytes that it counts for */
};

struct feed {
    /* Read-only after feed_init(); not used after feed_leave(), when the client may be gone. NULL: not initialised. */
    mesh_client *client;

    /* In the client's list of feeds, guarded by that list's lock. */
    struct feed *prev_of_client, *next_of_client;

    /* Guarded by lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct feed_item *first, **last;
    size_t pending;
    mesh_status ended; /* MESH_OK while it goes on */
    int fd;            /* -1 until asked for; readable while something waits or it has ended */
};

/* Enter the list of the client, whose stop ends it. MESH_E_STOPPED if that has been stopped; MESH_E_NO_MEMORY. */
mesh_status feed_init(struct feed *feed, mesh_client *client, mesh_error *err);

/* Leave the list: when the user closes it, before its client may be closed. What is pushed from now on is refused. Fine
 * for one that is all zeroes, as its initialisation failed or was never tried. */
void feed_leave(struct feed *feed);

/* The end of one that has left, when nothing pushes any more: in the on_gone of its subscription. Hands back what
 * waits, first one first, for the user to free. Fine for zeroes. */
struct feed_item *feed_clear(struct feed *feed);

/* [link] Append an item, which is taken if true. False: the feed has ended, or ends now with MESH_E_TOO_LARGE. */
bool feed_push(struct feed *feed, struct feed_item *item);

/* Nothing more comes: what waits is still read, then status. The first end stays. [any-thread] */
void feed_end(struct feed *feed, mesh_status status);

/* Take the next item, waiting until the deadline. A worker that waits here counts as blocked.
 * MESH_E_TIMEOUT, MESH_E_STOPPED (at once, whatever waits), or the status of feed_end(). No error text is filled. */
mesh_status feed_next(struct feed *feed, uint64_t deadline, struct feed_item **ret_item);

/* How it has ended, whatever waits; MESH_OK while it goes on. */
mesh_status feed_status(struct feed *feed);

/* Made at the first call; -1: none to be had. */
int feed_fd(struct feed *feed);

/* End all feeds of a client with MESH_E_STOPPED; whether one has not left yet. */
void feeds_stop(mesh_client *client);
bool feeds_are_open(mesh_client *client);

#endif
