/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/pace.h"

/* The upper bound after another. */
static uint64_t next_bound(uint64_t bound)
{
    return bound + (bound < 4 ? 1 : bound / 4);
}

void pace_note(struct pace *pace, uint64_t us)
{
    unsigned at = 0;
    for (uint64_t bound = 1; us > bound && at < PACE_BOUNDS - 1; bound = next_bound(bound))
        at++;
    pace->counts[at]++;
    pace->total++;
}

uint64_t pace_within_us(const struct pace *pace, double share)
{
    uint64_t bound = 1, seen = 0;
    if (pace->total == 0)
        return 0;
    for (unsigned at = 0; at < PACE_BOUNDS; at++, bound = next_bound(bound)) {
        seen += pace->counts[at];
        if ((double)seen >= share * (double)pace->total)
            return bound;
    }
    return bound;
}
