/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The burial of a dead host: its record, and of each agent that nobody else serves the entry in the catalog, the
 * contract, and a notice of its death (protocol 13.2, steps 3 to 6). One that was interrupted goes on where it was.
 */
#ifndef LOCAL_BURIAL_H
#define LOCAL_BURIAL_H

#include "base/map.h"
#include "link/link.h"

struct burial {
    char *instance_id;
    struct map agents;    /* of its record; those that are told of, or survive, are taken out */
    bool is_dug;          /* its record has been read */
    struct map survivors; /* what others serve */
    bool is_unlisted;     /* catalog and contracts are done */
};

/* NULL: no memory. Ends with burial_free(), which returns NULL. */
struct burial *burial_new(const char *instance_id);
struct burial *burial_free(struct burial *burial);

/* What has become of an agent of it. */
typedef void (*burial_callback)(void *closure, const char *agent, bool survives);

/* Read the record. *ret_is_host: there is one, with agents. Blocks. */
mesh_status burial_dig(struct burial *burial, struct link *link, bool *ret_is_host, mesh_error *err);

/* Do the rest. Blocks. After a failure it may be called again. */
mesh_status burial_hold(struct burial *burial, struct link *link, burial_callback callback, void *closure,
                        mesh_error *err);

#endif
