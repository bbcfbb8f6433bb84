/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A move: bringing up what lies in a plugin's file, to where its agents serve in the place of those that do; or taking
 * them off the mesh. All that can fail comes before the one step that changes what serves: a file that cannot be loaded
 * disturbs nothing.
 */
#ifndef PLUGIN_MOVE_H
#define PLUGIN_MOVE_H

#include <stdbool.h>

#include <agentmesh/client.h>

#include "config_ref.h"
#include "jobs.h"
#include "plugin/claims.h"
#include "plugin/generation.h"
#include "plugin/record.h"
#include "plugin/survey.h"
#include "plugin/trials.h"
#include "plugin/trust.h"

enum move_deed {
    MOVE_UP,       /* bring up what lies in a file */
    MOVE_AWAY,     /* leave the mesh */
    MOVE_BACKWARDS /* put the warm generation in the place of the one that serves */
};

enum move_verdict {
    MOVE_SERVES,  /* the next generation serves */
    MOVE_LEFT,    /* nothing of it serves any more */
    MOVE_BACK,    /* the warm generation serves again */
    MOVE_ASIDE,   /* the file holds what was set aside */
    MOVE_SAME,    /* the file holds what serves, or what was refused before */
    MOVE_AGAIN,   /* the file changed while it was read: look again */
    MOVE_REFUSED, /* not to be tried again until the file changes */
    MOVE_FAILED,  /* to be tried again after a while */
    MOVE_CLASH,   /* another plugin serves one of its agents */
};

struct move {
    struct job job; /* first */

    /* The order; not changed while the job runs. */
    enum move_deed deed;
    char *plugin;
    char *path; /* the file to bring up */
    struct file_state state;
    bool is_demanded; /* also if the content is the same */
    bool is_forced;   /* also if it was set aside */
    bool is_stand_in; /* what the path leads to has proved itself before */
    char refused_hash[IMAGE_HASH_SIZE];
    struct generation *serving;  /* lent; NULL: none */
    struct generation *warm;     /* lent: to go back to */
    const struct record *record; /* lent */
    struct config_ref *config;
    struct trust trust;
    const char *folder; /* for the private copy */
    mesh_client *mesh;
    struct trials *trials;
    struct claims *claims;
    struct claim claim;
    uint64_t departures; /* for the roster: how often names had become free */
    void *owner;         /* for the roster: its plugin */
    struct move *next_prepared;

    /* The outcome. */
    enum move_verdict verdict;
    bool did_harm;                          /* refused, and should not be tried again by a later host either */
    char hash[IMAGE_HASH_SIZE];             /* of the file; "" if it was not read */
    struct generation *next;                /* serves with MOVE_SERVES; else to be ended; may be NULL */
    char clash_owner[GENERATION_NAME_SIZE]; /* with MOVE_CLASH: the other plugin */
    mesh_error err;                         /* why not; with MOVE_SERVES what went wrong besides */
    uint32_t took_ms;
    uint32_t held_ms; /* of these, requests had to wait */
    bool took_turns;  /* what served was stopped, and next did not take its place */
    /* A fresh copy of what served, which was stopped, and serves again; NULL: none. */
    struct generation *revived;
};

/* An empty order for a plugin; path: the file to bring up, else NULL. Given; end it with move_free(). NULL: no memory.
 */
struct move *move_new(const char *plugin, enum move_deed deed, const char *path);

struct move *move_free(struct move *move); /* its generations stay; returns NULL; NULL is fine */

/* What the job runs. [its thread] */
void move_run(struct job *job);

#endif
