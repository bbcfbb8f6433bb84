/* SPDX-License-Identifier: Apache-2.0 */
/* Generations on their way out. */
#include "plugin/farewell.h"

#include <stdlib.h>

#include "log.h"

struct farewell {
    struct job job; /* first */
    struct farewells *farewells;
    struct generation *generation;
    uint32_t drain_timeout_ms, stop_timeout_ms;
    struct farewell *next; /* while it waits for a thread */
};

static void farewell_run(struct job *job)
{
    struct farewell *farewell = (struct farewell *)job;
    generation_end(farewell->generation, farewell->drain_timeout_ms, farewell->stop_timeout_ms);
}

static void farewell_done(struct job *job)
{
    struct farewell *farewell = (struct farewell *)job;
    farewell->farewells->count--;
    free(farewell);
}

static void begin(struct farewells *farewells, struct farewell *farewell)
{
    if (jobs_start(farewells->jobs, &farewell->job, "farewell"))
        return;
    farewell->next = farewells->waiting;
    farewells->waiting = farewell;
}

void farewell_retry(struct farewells *farewells)
{
    struct farewell *waiting = farewells->waiting;
    farewells->waiting = NULL;
    while (waiting) {
        struct farewell *farewell = waiting;
        waiting = farewell->next;
        begin(farewells, farewell);
    }
}

void farewell_to(struct farewells *farewells, struct generation *generation, uint32_t drain_timeout_ms,
                 uint32_t stop_timeout_ms)
{
    if (!generation)
        return;
    struct farewell *farewell = calloc(1, sizeof(*farewell));
    if (!farewell) {
        log_event(MESH_LOG_ERROR, "out of memory, an old generation stays loaded", "plugin", generation->plugin, NULL);
        return;
    }
    farewell->job.run = farewell_run;
    farewell->job.done = farewell_done;
    farewell->farewells = farewells;
    farewell->generation = generation;
    farewell->drain_timeout_ms = drain_timeout_ms;
    farewell->stop_timeout_ms = stop_timeout_ms;
    farewells->count++;
    begin(farewells, farewell);
}
