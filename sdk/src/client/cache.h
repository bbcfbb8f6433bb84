/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog of the mesh as last told by the server, for checks before sending (protocol 8.1, 8.4). */
#ifndef CLIENT_CACHE_H
#define CLIENT_CACHE_H

#include "client/client.h"

enum cache_verb { VERB_CALL, VERB_STREAM };

struct cache *cache_new(const struct core *core); /* NULL: no memory */
struct cache *cache_free(struct cache *cache);    /* after the link has been closed; returns NULL */

/* Begin to follow the catalog, once; again is fine. Blocks. A refusal is told as an event: the cache stays empty. */
void cache_follow(struct cache *cache);

/* Refuse what the agent is known not to do: MESH_E_INVOCATION_MISMATCH with the protocol's words (8.4). Names that the
 * cache does not know pass. */
mesh_status cache_preflight(struct cache *cache, const char *agent, enum cache_verb verb, mesh_error *err);

/* The error for a request that nobody took: not_available if the catalog lists the agent, else not_found. Asks the
 * server if the cache does not know it. Blocks. */
mesh_status cache_nobody(struct cache *cache, const char *agent, const char *request_id, mesh_error *err);

#endif
