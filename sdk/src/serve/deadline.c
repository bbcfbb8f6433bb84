/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/deadline.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "link/signals.h"
#include "serve/request.h"

/*
 * Requests in order of the deadline they had when listed. Most have the same time to run, so that a new one belongs at
 * the end. A deadline that moves (a stream's, with each chunk) is looked at when the old one has come.
 */
struct deadlines {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    mesh_request *first, *last;
    pthread_t thread;
    bool has_thread, closing;
    uint64_t sleeps_until; /* of the thread; a request that is due later need not wake it */
};

static void list(struct deadlines *deadlines, mesh_request *request, uint64_t due)
{
    request->due_listed = due;
    mesh_request *before = deadlines->last;
    while (before && before->due_listed > request->due_listed)
        before = before->due_prev;
    mesh_request *after = before ? before->due_next : deadlines->first;
    request->due_prev = before;
    request->due_next = after;
    *(before ? &before->due_next : &deadlines->first) = request;
    *(after ? &after->due_prev : &deadlines->last) = request;
    request->is_listed = true;
}

static void unlist(struct deadlines *deadlines, mesh_request *request)
{
    *(request->due_prev ? &request->due_prev->due_next : &deadlines->first) = request->due_next;
    *(request->due_next ? &request->due_next->due_prev : &deadlines->last) = request->due_prev;
    request->is_listed = false;
}

/* A reference to a request whose time is over, or NULL. */
static mesh_request *next_overdue(struct deadlines *deadlines, uint64_t now)
{
    while (deadlines->first && deadlines->first->due_listed <= now) {
        mesh_request *request = deadlines->first;
        unlist(deadlines, request);
        if (request->due > now)
            list(deadlines, request, request->due);
        else if (request_try_ref(request))
            return request;
    }
    return NULL;
}

/* The first time its caller is answered; the second time is for those who still wait behind it. */
static void end_overdue(mesh_request *request, bool is_late)
{
    char text[64];
    snprintf(text, sizeof(text), "its handler took longer than %u ms", request->agent->timeout_ms);
    if (is_late)
        request_check_stuck(request);
    else
        request_end(request, MESH_STOP_DEADLINE, MESH_E_TIMEOUT, text);
    mesh_request_unref(request);
}

static void *clock_main(void *closure)
{
    struct deadlines *deadlines = closure;
    pthread_setname_np(pthread_self(), "mesh-deadlines");
    pthread_mutex_lock(&deadlines->lock);
    while (!deadlines->closing) {
        mesh_request *overdue = next_overdue(deadlines, clock_ms());
        if (overdue) {
            bool is_late = overdue->is_overdue;
            if (!is_late)
                list(deadlines, overdue, clock_deadline(overdue->agent->timeout_ms));
            overdue->is_overdue = true;
            pthread_mutex_unlock(&deadlines->lock);
            end_overdue(overdue, is_late);
            pthread_mutex_lock(&deadlines->lock);
            continue;
        }
        deadlines->sleeps_until = deadlines->first ? deadlines->first->due_listed : CLOCK_NEVER;
        clock_cond_wait(&deadlines->changed, &deadlines->lock, deadlines->sleeps_until);
    }
    pthread_mutex_unlock(&deadlines->lock);
    return NULL;
}

static void start_clock(struct deadlines *deadlines)
{
    sigset_t before;
    signals_block(&before);
    deadlines->has_thread = pthread_create(&deadlines->thread, NULL, clock_main, deadlines) == 0;
    signals_restore(&before);
}

void deadlines_add(struct deadlines *deadlines, mesh_request *request)
{
    pthread_mutex_lock(&deadlines->lock);
    if (!deadlines->has_thread)
        start_clock(deadlines);
    list(deadlines, request, request->due);
    if (request->due_listed < deadlines->sleeps_until)
        pthread_cond_signal(&deadlines->changed);
    pthread_mutex_unlock(&deadlines->lock);
}

void deadlines_remove(struct deadlines *deadlines, mesh_request *request)
{
    pthread_mutex_lock(&deadlines->lock);
    if (request->is_listed)
        unlist(deadlines, request);
    pthread_mutex_unlock(&deadlines->lock);
}

struct deadlines *deadlines_new(void)
{
    struct deadlines *deadlines = calloc(1, sizeof(*deadlines));
    if (!deadlines)
        return NULL;
    pthread_mutex_init(&deadlines->lock, NULL);
    if (!clock_cond_init(&deadlines->changed)) {
        free(deadlines);
        return NULL;
    }
    return deadlines;
}

void deadlines_free(struct deadlines *deadlines)
{
    if (!deadlines)
        return;
    pthread_mutex_lock(&deadlines->lock);
    deadlines->closing = true;
    pthread_cond_signal(&deadlines->changed);
    pthread_mutex_unlock(&deadlines->lock);
    if (deadlines->has_thread)
        pthread_join(deadlines->thread, NULL);
    pthread_cond_destroy(&deadlines->changed);
    pthread_mutex_destroy(&deadlines->lock);
    free(deadlines);
}
