/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process says of itself on the mesh: instance record, contracts, catalog entries (protocol 4).
 *
 * The rest of serve says what is wanted; a thread of ours, the keeper, makes the server say the same, as often as needed:
 * after a change, after a reconnect, and when somebody has removed us while we live (protocol 4.8). Many changes at once
 * become one.
 */
#ifndef SERVE_PRESENCE_H
#define SERVE_PRESENCE_H

#include "client/client.h"
#include "wire/catalog.h"
#include "wire/contract.h"

struct presence *presence_new(struct core *core);   /* NULL: no memory */
void presence_stop(struct presence *presence);      /* ends the keeper; before the link is closed; NULL is fine */
void presence_free(struct presence *presence);      /* after it; NULL is fine */

/* Begin to keep; done by itself with the first agent. For clients that may not be connected yet. */
mesh_status presence_start(struct presence *presence, mesh_error *err);

/* What is wanted. Cheap; takes effect soon. The contract is copied. */
mesh_status presence_set(struct presence *presence, const struct contract *contract, mesh_error *err);
void presence_unset(struct presence *presence, const char *name);

/* Whether the server lists an agent that is wanted. */
bool presence_is_told(struct presence *presence, const char *agent);

/* What this process serves, whether or not the server has been told: what an agent can do (false: it is not ours); its
 * registry document, appended (the same); the entries of all, put into a catalog (false: no memory). */
bool presence_ability(struct presence *presence, const char *agent, bool *ret_invocable, bool *ret_streaming);
bool presence_document(struct presence *presence, const char *agent, struct buf *document);
bool presence_list(struct presence *presence, struct catalog *catalog);

/* Wait until the server says what was wanted when this was called. Blocks. MESH_E_CONNECTION_FAILED at once while not
 * connected; whatever failed is tried again by the keeper. */
mesh_status presence_settle(struct presence *presence, mesh_error *err);

/* [link] Connected; connected no more, and what comes back may know nothing of us. */
void presence_connected(struct presence *presence);
void presence_disconnected(struct presence *presence);

/* [link] Somebody says that nobody serves an agent any more. If we do, we say so: a monitor takes us for dead, or an
 * instance that left took our entry along, because it looked around just before we came. */
void presence_death(struct presence *presence, const char *agent);

#endif
