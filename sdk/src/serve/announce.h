/* SPDX-License-Identifier: Apache-2.0 */
/* One round of announcing: a plan of what to put and what to remove, carried out on the server (protocol 4.1, 4.4 to 4.7). */
#ifndef SERVE_ANNOUNCE_H
#define SERVE_ANNOUNCE_H

#include "client/client.h"
#include "wire/contract.h"

/* A contract as it is announced: immutable, counted by references, stamped with the time it was made. */
struct announcement;

struct announcement *announcement_new(const struct contract *contract); /* copied; NULL: no memory */
struct announcement *announcement_ref(struct announcement *announcement);
void announcement_unref(struct announcement *announcement); /* NULL is fine */
const char *announcement_name(const struct announcement *announcement);
const struct contract *announcement_contract(const struct announcement *announcement); /* lent with it */
mesh_bytes announcement_document(const struct announcement *announcement);             /* for the registry; lent */
bool announcement_equal(const struct announcement *a, const struct announcement *b);

struct announce_put {
    struct announcement *announcement; /* a reference */
    bool is_new;                       /* worth an agent_registered event */
};

struct announce_removal {
    char *name;
    bool was_told; /* it was announced whole: its callers are to hear of its death */
    bool survives; /* another instance serves it: entry and contract stay, and nobody is told of a death */
    bool is_buried; /* its death has been told */
};

struct announce_plan {
    char **names; /* all that this process serves afterwards */
    size_t name_count, name_capacity;
    struct announce_put *puts;
    size_t put_count, put_capacity;
    bool is_listed; /* afterwards: all puts have been told whole */
    struct announce_removal *removals;
    size_t removal_count, removal_capacity;
};

void announce_plan_init(struct announce_plan *plan);
void announce_plan_clear(struct announce_plan *plan);

/* False: no memory. */
bool announce_plan_keep(struct announce_plan *plan, const char *name);
bool announce_plan_put(struct announce_plan *plan, struct announcement *announcement, bool is_new);
bool announce_plan_remove(struct announce_plan *plan, const char *name, bool was_told);

/* Instance record, contracts, one compare-and-set of the catalog, then events and death notices. Blocks; every step may
 * be repeated, but a death that was told. */
mesh_status announce_run(const struct core *core, struct announce_plan *plan, mesh_error *err);

#endif
