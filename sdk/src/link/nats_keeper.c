/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: a thread that sees to it that there is a session, that everything is subscribed on it, and that who wants
 * to know is told.
 */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LASTING_MS = 10000, /* a session that lived so long was none in vain */
    RETRY_MS = 1000,
};

/* What the keeper remembers. Its own thread only. */
struct keeper {
    struct link *link;
    bool told_any;
    enum link_state told;
    char *told_text;
    unsigned long drops_told;
    int attempts;      /* in vain, since a connection lasted */
    uint64_t next_try; /* for a new connection */
    uint64_t next_attach, next_flush, next_watch;
};

static void tell(struct keeper *keeper, enum link_state state, const char *text)
{
    struct link *link = keeper->link;
    bool known = keeper->told_any && keeper->told == state;

    if (known && (state == LINK_CONNECTED || (keeper->told_text && strcmp(keeper->told_text, text) == 0)))
        return;
    keeper->told_any = true;
    keeper->told = state;
    free(keeper->told_text);
    keeper->told_text = strdup(text);
    if (link->options.on_state)
        link->options.on_state(link->options.closure, state, text);
}

static void tell_lost(struct keeper *keeper, natsStatus why)
{
    char text[512];

    snprintf(text, sizeof(text), "lost the connection to %s (%s), trying again", keeper->link->shown_url,
             natsStatus_GetText(why == NATS_OK ? NATS_CONNECTION_CLOSED : why));
    tell(keeper, LINK_DISCONNECTED, text);
}

/* Try to make a session; the lock is not held. */
static void keeper_connect(struct keeper *keeper)
{
    struct link *link = keeper->link;
    struct session *session = NULL;
    mesh_error err = MESH_ERROR_INIT;

    if (clock_ms() < keeper->next_try)
        return;
    if (session_open(link, &session, &err) == MESH_OK) {
        session_install(link, session);
    } else {
        keeper->next_try = clock_ms() + (uint64_t)session_pause_ms(++keeper->attempts);
        tell(keeper, LINK_DISCONNECTED, mesh_error_text(&err));
    }
    mesh_error_clear(&err);
}

/* A session that did not last counts as an attempt in vain. The lock is held. */
static void keeper_retire(struct keeper *keeper, struct session *session)
{
    struct link *link = keeper->link;
    natsStatus why = session->why;

    if (clock_ms() - session->since >= LASTING_MS)
        keeper->attempts = 0;
    link->session = NULL;
    session_bury(session);
    keeper->drops_told = link->drops;
    pthread_mutex_unlock(&link->lock);
    keeper->next_try = clock_ms() + (uint64_t)session_pause_ms(++keeper->attempts);
    tell_lost(keeper, why);
    pthread_mutex_lock(&link->lock);
}

/* Tell what has become of the connection; true when it has just been told to be there (again). */
static bool keeper_tell(struct keeper *keeper, struct session *session)
{
    struct link *link = keeper->link;

    pthread_mutex_lock(&link->lock);
    unsigned long drops = link->drops;
    natsStatus why = session->why;
    bool up = session->up;
    pthread_mutex_unlock(&link->lock);

    keeper->next_flush = CLOCK_NEVER;
    if (drops != keeper->drops_told) {
        keeper->drops_told = drops;
        tell_lost(keeper, why);
    }
    if (!up || (keeper->told_any && keeper->told == LINK_CONNECTED))
        return false;
    if (link_flush(link, LINK_SERVER_ANSWER_MS, NULL) != MESH_OK) {
        keeper->next_flush = clock_deadline(RETRY_MS);
        return false;
    }
    tell(keeper, LINK_CONNECTED, link->shown_url);
    return true;
}

/* Attach what hangs loose, tell what has changed, tend the watches. The lock is not held. */
static void keeper_serve(struct keeper *keeper, struct session *session)
{
    struct link *link = keeper->link;
    bool attached = subscriptions_attach(link, session);
    bool anew = keeper_tell(keeper, session);

    keeper->next_attach = attached ? CLOCK_NEVER : clock_deadline(RETRY_MS);
    keeper->next_watch = watches_tend(link, anew);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Whether something has happened that the keeper has not dealt with. The lock is held. */
static bool keeper_has_news(const struct keeper *keeper)
{
    const struct link *link = keeper->link;
    const struct session *session = link->session;

    if (link->stopping || (session && session->closed))
        return true;
    return session && (link->tend || link->drops != keeper->drops_told);
}

/* The lock is held. */
static void keeper_wait(struct keeper *keeper)
{
    struct link *link = keeper->link;
    uint64_t until = keeper->next_try;

    if (link->session)
        until = earliest(keeper->next_flush, earliest(keeper->next_attach, keeper->next_watch));
    while (!keeper_has_news(keeper) && clock_ms() < until)
        clock_cond_wait(&link->changed, &link->lock, until);
    link->tend = false;
}

void *keeper_main(void *closure)
{
    struct keeper keeper = { .link = closure };
    struct link *link = keeper.link;

    pthread_mutex_lock(&link->lock);
    while (!link->stopping) {
        struct session *session = link->session;
        if (session && session->closed) {
            keeper_retire(&keeper, session);
            continue;
        }
        pthread_mutex_unlock(&link->lock);
        if (session)
            keeper_serve(&keeper, session);
        else
            keeper_connect(&keeper);
        pthread_mutex_lock(&link->lock);
        if (session || !link->session)
            keeper_wait(&keeper);
    }
    pthread_mutex_unlock(&link->lock);
    free(keeper.told_text);
    return NULL;
}
