/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the roster: a plugin that is known, and the roster itself, for the files that share them. [main] */
#ifndef PLUGIN_KNOWN_H
#define PLUGIN_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "plugin/claims.h"
#include "plugin/farewell.h"
#include "plugin/generation.h"
#include "plugin/move.h"
#include "plugin/probation.h"
#include "plugin/record.h"
#include "plugin/roster.h"
#include "plugin/survey.h"
#include "plugin/trials.h"
#include "plugin/trust.h"

/* Somebody who asked, and is told when a plugin has come to rest. */
struct waiter {
    struct waiter *next;
    uint64_t look;  /* told only after a look that began later than this one */
    bool to_commit; /* not before the probation is over */
    roster_told told;
    void *closure;
};

struct plugin {
    struct roster *roster;
    char *name;

    /* The file, as the last survey saw it. */
    char *path; /* where it was seen last */
    struct file_state state;
    uint64_t state_since; /* when it was first seen so */
    size_t rank;          /* in the order of the survey */
    bool is_there, rests;
    uint64_t leave_at; /* when it is missing; CLOCK_NEVER: it is kept */

    /* What has been tried. */
    bool has_tried;
    struct file_state tried;
    bool is_demanded; /* by new settings, or by hand */
    bool is_forced;   /* also what was set aside, and what is the same */
    bool is_stand_in; /* the last good copy is wanted in the place of a file that was set aside */
    char refused_hash[IMAGE_HASH_SIZE];
    char *told; /* the last refusal, so that it is told once */
    uint32_t failures;
    uint64_t retry_at;
    char waits_for[GENERATION_NAME_SIZE]; /* the plugin that serves one of our agents; "" */

    /* What serves. */
    struct generation *serving;
    struct generation *warm;  /* the last committed one, while the one that serves is on probation */
    uint64_t probation_until; /* CLOCK_NEVER: committed, or nothing serves */
    uint64_t judge_at;
    bool is_compared; /* there was one before, and this is how it did */
    struct conduct before;
    bool goes_back; /* the way back is to be gone */
    char *why_back;
    struct move *move;

    /* What is remembered of it. Changed only while nothing moves. */
    struct record record;
    bool is_drained; /* taken off the mesh by hand until it is enabled again */
    char *last_failure;
    char last_failure_at[CLOCK_STAMP_SIZE];
    struct waiter *waiters;
};

struct roster {
    struct roster_tools tools;
    struct config_ref *config;
    struct trust trust;
    struct trials *trials;
    struct claims claims;
    struct map plugins; /* name to struct plugin */
    struct map strays;  /* path to what was told of it */
    struct farewells farewells;
    struct move *prepared; /* about to begin */
    uint64_t batch;
    uint64_t look_begun; /* numbers of looks at the folders: the one that began last */
    uint64_t looks;      /* and the last one that was seen */
    uint64_t departures; /* how often names have become free */
    size_t serving, moving, unsettled;
    uint64_t wait_until;  /* for files of the first survey that are being written */
    uint64_t asked_after; /* the look that had begun when somebody asked by hand */
    bool by_hand;         /* the next survey was asked for */
    bool has_seen, has_begun, stopping;
    struct waiter *waiters; /* for all plugins */
};

static inline const struct config *roster_config(const struct roster *roster)
{
    return roster->config->config;
}

/* ---- known.c ---- */

/* The plugin of that name, new if need be; NULL: no memory. */
struct plugin *plugin_for(struct roster *roster, const char *name);
void plugin_free(void *plugin);

void waiters_free(struct waiter *waiters);

/* Whether a refusal is news: the same words about the same content are not. */
bool plugin_is_news(struct plugin *plugin, const char *hash, const char *text);
void plugin_forget_told(struct plugin *plugin);

/* The last thing that went wrong with it, for status. */
void plugin_note_failure(struct plugin *plugin, const char *text);

/* Write its record; what keeps it from being written is logged. */
void plugin_save_record(const struct plugin *plugin);

/* Its file is gone for good: record_release(), likewise. */
void plugin_release_record(struct plugin *plugin);

/* Whether a change of the configuration is about it. */
bool plugin_is_concerned(const struct plugin *plugin, const struct config_diff *diff);

size_t plugin_agent_count(const struct generation *generation);

/* ---- outcome.c ---- */

/* What a move of a plugin has brought. */
void outcome_take(struct plugin *plugin, struct move *move);

/* Let a generation go; taken, NULL is fine. */
void outcome_see_off(struct roster *roster, struct generation *generation);

/* ---- trial_period.c ---- */

/* The next generation serves; old, taken or NULL, is what served before. Keeps warm what there is to go back to; one
 * that is known to be good needs no trial. */
void trial_begin(struct plugin *plugin, struct generation *old, bool is_known_good);

/* Look how the plugin does: go back from what does worse, commit what has stood the test. */
void trial_judge(struct plugin *plugin, uint64_t now);

/* The generation that serves has proved itself: let the old one go, and remember it. */
void trial_commit(struct plugin *plugin);

/* Nothing serves any more: nothing to go back to is needed. */
void trial_forget(struct plugin *plugin);

/* When to judge next. */
uint64_t trial_next(const struct plugin *plugin);

/* Something is to be gone back from: the reason is kept, and a move back is planned. */
void trial_fail(struct plugin *plugin, const char *why);

#endif
