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
#include "plugin/survey.h"
#include "plugin/trials.h"
#include "plugin/trust.h"

enum move_verdict {
    MOVE_SERVES,  /* the next generation serves */
    MOVE_LEFT,    /* nothing of it serves any more */
    MOVE_SAME,    /* the file holds what serves, or what was refused before */
    MOVE_AGAIN,   /* the file changed while it was read: look again */
    MOVE_REFUSED, /* not to be tried again until the file changes */
    MOVE_FAILED,  /* to be tried again after a while */
    MOVE_CLASH,   /* another plugin serves one of its agents */
};

struct move {
    struct job job; /* first */

    /* The order; not changed while the job runs. */
    char *plugin;
    char *path; /* the file; NULL: leave the mesh */
    struct file_state state;
    bool is_demanded; /* also if the content is the same */
    char refused_hash[IMAGE_HASH_SIZE];
    struct generation *serving; /* lent; NULL: none */
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
    char hash[IMAGE_HASH_SIZE];             /* of the file; "" if it was not read */
    struct generation *next;                /* serves with MOVE_SERVES; else to be ended; may be NULL */
    char clash_owner[GENERATION_NAME_SIZE]; /* with MOVE_CLASH: the other plugin */
    mesh_error err;                         /* why not; with MOVE_SERVES what went wrong besides */
    uint32_t took_ms;
};

/* An empty order for a plugin. Given; end it with move_free(). NULL: no memory. */
struct move *move_new(const char *plugin, const char *path);

struct move *move_free(struct move *move); /* its generations stay; returns NULL; NULL is fine */

/* What the job runs. [its thread] */
void move_run(struct job *job);

#endif
