/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a new version does worse than the one before it. Numbers in, a verdict out: no clock, no files, no state. */
#ifndef PLUGIN_PROBATION_H
#define PLUGIN_PROBATION_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PROBATION_REQUESTS_MIN = 20, /* fewer prove nothing */
    PROBATION_POINTS = 20        /* by so many percent more of its requests may fail */
};

/* What one generation has done; only its own failures count, not what callers did wrong. */
struct conduct {
    uint64_t requests; /* that ended */
    uint64_t faults;   /* handler errors */
    uint64_t timeouts; /* missed deadlines */
    uint32_t stuck;    /* handlers that do not come back */
};

/* Whether the new one is clearly worse: more of its requests fail, or its handlers do not come back where the old one's did. An old one that has served nothing counts as faultless. */
bool probation_is_worse(const struct conduct *old, const struct conduct *fresh);

/* The share of failures in percent, rounded. */
unsigned conduct_share(const struct conduct *conduct);

#endif
