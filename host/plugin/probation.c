/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a new version does worse than the one before it. */
#include "plugin/probation.h"

static double share_of(const struct conduct *conduct)
{
    uint64_t failures = conduct->faults + conduct->timeouts;
    return conduct->requests > 0 ? 100.0 * (double)failures / (double)conduct->requests : 0;
}

bool probation_is_worse(const struct conduct *old, const struct conduct *fresh)
{
    if (fresh->stuck > 0 && old->stuck == 0)
        return true;
    return fresh->requests >= PROBATION_REQUESTS_MIN && share_of(fresh) > share_of(old) + PROBATION_POINTS;
}

unsigned conduct_share(const struct conduct *conduct)
{
    return (unsigned)(share_of(conduct) + 0.5);
}
