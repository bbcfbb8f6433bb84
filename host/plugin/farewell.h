/* SPDX-License-Identifier: Apache-2.0 */
/* Generations on their way out, each on a thread of its own for as long as it takes. [main] */
#ifndef PLUGIN_FAREWELL_H
#define PLUGIN_FAREWELL_H

#include <stddef.h>
#include <stdint.h>

#include "jobs.h"
#include "plugin/generation.h"

/* A generation that could not be unloaded. */
struct pin {
    struct pin *next;
    char *plugin;
    unsigned generation;
    char reason[GENERATION_PIN_SIZE];
};

struct farewells {
    struct jobs *jobs;
    size_t count;             /* generations that have not gone yet */
    struct farewell *first;   /* all of these */
    struct farewell *waiting; /* those for which no thread was to be had */
    struct pin *pins;         /* the latest first */
};

void farewells_clear(struct farewells *farewells); /* none is under way */

/* Call for each generation that ends; of one plugin. phase: what holds it up, for people. */
void farewell_each(const struct farewells *farewells, const char *plugin,
                   void (*visit)(void *closure, unsigned generation, const char *phase), void *closure);

/* How many generations of a plugin are pinned. */
size_t farewell_pins(const struct farewells *farewells, const char *plugin);

/* Let a generation go, as generation_end() does; taken. NULL is fine. */
void farewell_to(struct farewells *farewells, struct generation *generation, uint32_t drain_timeout_ms,
                 uint32_t stop_timeout_ms);

/* Look again for threads for those that wait. */
void farewell_retry(struct farewells *farewells);

#endif
