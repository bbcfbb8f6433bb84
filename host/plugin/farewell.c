/* SPDX-License-Identifier: Apache-2.0 */
/* Generations on their way out. */
#include "plugin/farewell.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

struct farewell {
    struct job job; /* first */
    struct farewells *farewells;
    struct generation *generation;
    uint32_t drain_timeout_ms, stop_timeout_ms;
    struct farewell *next, **at; /* among all */
    struct farewell *next_waiting;
    _Atomic(const char *) phase; /* what it is at; lives for ever */
    struct pin *pin;             /* filled in by the job; freed if it was not needed */
};

static void farewell_run(struct job *job)
{
    struct farewell *farewell = (struct farewell *)job;
    generation_end(farewell->generation, farewell->drain_timeout_ms, farewell->stop_timeout_ms, &farewell->phase,
                   farewell->pin->reason);
}

static struct pin *pin_free(struct pin *pin)
{
    if (pin)
        free(pin->plugin);
    free(pin);
    return NULL;
}

static void farewell_done(struct job *job)
{
    struct farewell *farewell = (struct farewell *)job;
    struct farewells *farewells = farewell->farewells;
    farewells->count--;
    *farewell->at = farewell->next;
    if (farewell->next)
        farewell->next->at = farewell->at;
    if (farewell->pin->reason[0]) {
        farewell->pin->next = farewells->pins;
        farewells->pins = farewell->pin;
    } else {
        pin_free(farewell->pin);
    }
    free(farewell);
}

static void begin(struct farewells *farewells, struct farewell *farewell)
{
    if (jobs_start(farewells->jobs, &farewell->job, "farewell"))
        return;
    farewell->next_waiting = farewells->waiting;
    farewells->waiting = farewell;
}

void farewell_retry(struct farewells *farewells)
{
    struct farewell *waiting = farewells->waiting;
    farewells->waiting = NULL;
    while (waiting) {
        struct farewell *farewell = waiting;
        waiting = farewell->next_waiting;
        begin(farewells, farewell);
    }
}

static struct farewell *farewell_new(struct generation *generation)
{
    struct farewell *farewell = calloc(1, sizeof(*farewell));
    struct pin *pin = calloc(1, sizeof(*pin));
    if (pin)
        pin->plugin = strdup(generation->plugin);
    if (!farewell || !pin || !pin->plugin) {
        free(farewell);
        pin_free(pin);
        return NULL;
    }
    pin->generation = generation->number;
    farewell->job.run = farewell_run;
    farewell->job.done = farewell_done;
    farewell->generation = generation;
    farewell->pin = pin;
    return farewell;
}

void farewell_to(struct farewells *farewells, struct generation *generation, uint32_t drain_timeout_ms,
                 uint32_t stop_timeout_ms)
{
    if (!generation)
        return;
    struct farewell *farewell = farewell_new(generation);
    if (!farewell) {
        log_event(MESH_LOG_ERROR, "out of memory, an old generation stays loaded", "plugin", generation->plugin, NULL);
        return;
    }
    farewell->farewells = farewells;
    farewell->drain_timeout_ms = drain_timeout_ms;
    farewell->stop_timeout_ms = stop_timeout_ms;
    farewell->at = &farewells->first;
    farewell->next = farewells->first;
    if (farewell->next)
        farewell->next->at = &farewell->next;
    farewells->first = farewell;
    farewells->count++;
    begin(farewells, farewell);
}

void farewells_clear(struct farewells *farewells)
{
    while (farewells->pins) {
        struct pin *pin = farewells->pins;
        farewells->pins = pin->next;
        pin_free(pin);
    }
}

void farewell_each(const struct farewells *farewells, const char *plugin,
                   void (*visit)(void *closure, unsigned generation, const char *phase), void *closure)
{
    for (const struct farewell *at = farewells->first; at; at = at->next) {
        const char *phase = at->phase;
        if (strcmp(at->pin->plugin, plugin) == 0)
            visit(closure, at->pin->generation, phase ? phase : "about to leave");
    }
}

size_t farewell_pins(const struct farewells *farewells, const char *plugin)
{
    size_t count = 0;
    for (const struct pin *pin = farewells->pins; pin; pin = pin->next)
        count += strcmp(pin->plugin, plugin) == 0;
    return count;
}
