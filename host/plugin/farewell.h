/* SPDX-License-Identifier: Apache-2.0 */
/* Generations on their way out, each on a thread of its own for as long as it takes. [main] */
#ifndef PLUGIN_FAREWELL_H
#define PLUGIN_FAREWELL_H

#include <stddef.h>
#include <stdint.h>

#include "jobs.h"
#include "plugin/generation.h"

struct farewells {
    struct jobs *jobs;
    size_t count;             /* generations that have not gone yet */
    struct farewell *waiting; /* those for which no thread was to be had */
};

/* Let a generation go, as generation_end() does; taken. NULL is fine. */
void farewell_to(struct farewells *farewells, struct generation *generation, uint32_t drain_timeout_ms,
                 uint32_t stop_timeout_ms);

/* Look again for threads for those that wait. */
void farewell_retry(struct farewells *farewells);

#endif
