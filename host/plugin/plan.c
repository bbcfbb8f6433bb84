/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about one plugin. */
#include "plugin/plan.h"

#include "base/clock.h"

static enum plan plan_for_file(const struct prospect *prospect, uint64_t now)
{
    if (!prospect->is_new && !prospect->is_demanded && now < prospect->retry_at)
        return PLAN_NOTHING;
    return prospect->rests ? PLAN_LOAD : PLAN_LOOK;
}

enum plan plan_for(const struct prospect *prospect, uint64_t now)
{
    if (prospect->moves)
        return PLAN_NOTHING;
    if (!prospect->is_there && !prospect->serves)
        return PLAN_FORGET;
    if (!prospect->is_enabled)
        return prospect->serves ? PLAN_LEAVE : PLAN_NOTHING;
    if (prospect->goes_back)
        return prospect->retry_at == CLOCK_NEVER || now >= prospect->retry_at ? PLAN_BACK : PLAN_NOTHING;
    if (prospect->is_there)
        return plan_for_file(prospect, now);
    return now >= prospect->leave_at ? PLAN_LEAVE : PLAN_NOTHING;
}

uint64_t plan_next(const struct prospect *prospect)
{
    if (prospect->moves || !prospect->is_enabled)
        return CLOCK_NEVER;
    if (prospect->goes_back)
        return prospect->retry_at;
    if (prospect->is_there)
        return prospect->rests ? prospect->retry_at : CLOCK_NEVER; /* until looked at again */
    return prospect->serves ? prospect->leave_at : CLOCK_NEVER;
}

uint32_t plan_pause_ms(uint32_t failures)
{
    enum { FIRST = 1000, LONGEST = 60000 };
    uint32_t pause = FIRST;
    for (uint32_t i = 1; i < failures && pause < LONGEST; i++)
        pause *= 2;
    return pause < LONGEST ? pause : LONGEST;
}
