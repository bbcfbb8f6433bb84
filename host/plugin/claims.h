/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may have which agent name when plugins come up together: the one whose folder, then whose name, comes first. A
 * name that is served already belongs to whoever serves it; that is decided elsewhere.
 */
#ifndef PLUGIN_CLAIMS_H
#define PLUGIN_CLAIMS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <agentmesh/agent.h>

/* One plugin on its way up. Embedded in whoever moves it. */
struct claim {
    /* Set before claims_enter(). */
    uint64_t batch; /* plugins of one look at the folders compete; others do not */
    size_t rank;    /* within the batch; lower comes first */
    /* Of claims.c. */
    const mesh_agent *agents; /* NULL while not known */
    size_t count;
    bool is_known;
    struct claim *next;
};

struct claims {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct claim *first;
};

bool claims_init(struct claims *claims); /* false: the system has no more */
void claims_clear(struct claims *claims);

void claims_enter(struct claims *claims, struct claim *claim); /* [main] */

/* Loaded: these are the agents that it lists, lent until claims_leave(). [any-thread] */
void claims_know(struct claims *claims, struct claim *claim, const mesh_agent *agents, size_t count);

/* Wait until nobody who comes first can want one of our names: each has left, or is known to list others. Loading is
 * waited for, which is short; starting only where a name is at stake. [any-thread; blocks] */
void claims_wait(struct claims *claims, struct claim *claim);

/* Decided, either way. [any-thread] */
void claims_leave(struct claims *claims, struct claim *claim);

#endif
