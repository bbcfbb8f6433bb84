/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog of the mesh as last told by the server, for readers and for checks before sending (protocol 8.1, 8.4). */
#ifndef CLIENT_CACHE_H
#define CLIENT_CACHE_H

#include "client/client.h"

enum cache_verb { VERB_CALL, VERB_STREAM, VERB_SEND, VERB_SUBSCRIBE };

struct cache *cache_new(const struct core *core); /* NULL: no memory */
struct cache *cache_free(struct cache *cache);    /* after the link has been closed; returns NULL */

/* Begin to follow the catalog, once; again is fine. Blocks. A refusal is told as an event: the cache stays empty. */
void cache_follow(struct cache *cache);

/* The catalog document as it was last told, appended; nothing if there is none. Where nothing has been told yet, or the
 * server does not let us follow it, the server is asked: then it blocks. */
mesh_status cache_document(struct cache *cache, struct buf *document, mesh_error *err);

/* The same as the server has it now. Blocks. */
mesh_status cache_ask(const struct core *core, struct buf *document, mesh_error *err);

/* Refuse what the agent is known not to do: MESH_E_INVOCATION_MISMATCH with the protocol's words (8.4). Names that the
 * cache does not know pass. */
mesh_status cache_preflight(struct cache *cache, const char *agent, enum cache_verb verb, mesh_error *err);

/* Refuse a name that neither this process nor the catalog nor the registry has: MESH_E_NOT_FOUND. Blocks where the
 * cache does not know it. Whom the server does not let look, passes. */
mesh_status cache_exists(struct cache *cache, const char *agent, mesh_error *err);

/* The error for a request that nobody took: not_available if the catalog lists the agent, else not_found. Asks the
 * server if the cache does not know it. Blocks. */
mesh_status cache_nobody(struct cache *cache, const char *agent, const char *request_id, mesh_error *err);

#endif
