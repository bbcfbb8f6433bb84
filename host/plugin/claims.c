/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have which agent name when plugins come up together. */
#include "plugin/claims.h"

#include <string.h>

#include "base/clock.h"

bool claims_init(struct claims *claims)
{
    *claims = (struct claims){ .first = NULL };
    pthread_mutex_init(&claims->lock, NULL);
    return clock_cond_init(&claims->changed);
}

void claims_clear(struct claims *claims)
{
    pthread_cond_destroy(&claims->changed);
    pthread_mutex_destroy(&claims->lock);
}

void claims_enter(struct claims *claims, struct claim *claim)
{
    pthread_mutex_lock(&claims->lock);
    claim->is_known = false;
    claim->next = claims->first;
    claims->first = claim;
    pthread_mutex_unlock(&claims->lock);
}

void claims_know(struct claims *claims, struct claim *claim, const mesh_agent *agents, size_t count)
{
    pthread_mutex_lock(&claims->lock);
    claim->agents = agents;
    claim->count = count;
    claim->is_known = true;
    pthread_cond_broadcast(&claims->changed);
    pthread_mutex_unlock(&claims->lock);
}

static bool overlap(const struct claim *a, const struct claim *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            if (a->agents[i].name && b->agents[j].name && strcmp(a->agents[i].name, b->agents[j].name) == 0)
                return true;
        }
    }
    return false;
}

static bool must_wait(const struct claims *claims, const struct claim *claim)
{
    for (const struct claim *other = claims->first; other; other = other->next) {
        if (other->batch != claim->batch || other->rank >= claim->rank)
            continue;
        if (!other->is_known || overlap(other, claim))
            return true;
    }
    return false;
}

void claims_wait(struct claims *claims, struct claim *claim)
{
    pthread_mutex_lock(&claims->lock);
    while (must_wait(claims, claim))
        clock_cond_wait(&claims->changed, &claims->lock, CLOCK_NEVER);
    pthread_mutex_unlock(&claims->lock);
}

void claims_leave(struct claims *claims, struct claim *claim)
{
    pthread_mutex_lock(&claims->lock);
    for (struct claim **at = &claims->first; *at; at = &(*at)->next) {
        if (*at == claim) {
            *at = claim->next;
            break;
        }
    }
    pthread_cond_broadcast(&claims->changed);
    pthread_mutex_unlock(&claims->lock);
}
