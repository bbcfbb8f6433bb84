/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about one plugin, given what is wanted and what is. No clock, no files, no state. */
#ifndef PLUGIN_PLAN_H
#define PLUGIN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct prospect {
    bool is_enabled;   /* mesh.ini wants it */
    bool is_there;     /* its file is in a folder */
    bool rests;        /* nobody is writing the file */
    bool is_new;       /* the file is another than the one tried last */
    bool is_demanded;  /* to be tried though it is the same: new settings, or by hand */
    bool serves;       /* a generation of it is on the mesh */
    bool goes_back;    /* what serves has failed its probation, and there is something to go back to */
    bool moves;        /* something is being done about it already */
    uint64_t retry_at; /* clock_ms(); CLOCK_NEVER: no */
    uint64_t leave_at; /* where the file is gone; CLOCK_NEVER: it stays */
};

enum plan {
    PLAN_NOTHING, /* not now; see plan_next() */
    PLAN_LOOK,    /* look at the folders again when the file may rest */
    PLAN_LOAD,    /* try the file */
    PLAN_BACK,    /* put what was good in the place of what serves */
    PLAN_LEAVE,   /* take it off the mesh */
    PLAN_FORGET   /* there is neither a file nor a generation */
};

enum plan plan_for(const struct prospect *prospect, uint64_t now);

/* When time alone may change the plan (clock_ms()); CLOCK_NEVER: never. */
uint64_t plan_next(const struct prospect *prospect);

/* How long to wait before the next try after so many failures: 1 s, doubled each time, at most 60 s. */
uint32_t plan_pause_ms(uint32_t failures);

#endif
