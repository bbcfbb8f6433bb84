/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent says of itself: checked when it registers, written to and read from the registry (protocol 4.3). */
#ifndef WIRE_CONTRACT_H
#define WIRE_CONTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include <agentmesh/agent.h>

#include "base/buf.h"

struct contract {
    char *name, *description, *version;
    char **tags; /* ends with NULL; never NULL */
    bool invocable, streaming;
    bool has_input;     /* only from contract_from_agent(): input_schema was given, be it "{}" */
    char *input_schema; /* JSON text; NULL where there is none, or where it allows everything: {} or true */
    char *output_schema;
    char *chunk_schema;
    uint32_t mcp;        /* MESH_YES, MESH_NO, or 0 */
    char *registered_at; /* "" if not told */
};

/*
 * Check a whole mesh_agent (all of this version's fields) and copy what it says; its sources and its gate are others'
 * to check. MESH_E_INVALID_ARGUMENT names agent, field and rule: name, entries that do not go together or none, a field that
 * means nothing beside them, streamer without input schema, a schema that is not JSON or neither
 * object nor boolean, description missing, tags that are empty, text that is not UTF-8, concurrency above its limit,
 * mcp of no known value.
 */
mesh_status contract_from_agent(const mesh_agent *agent, struct contract **ret_contract, mesh_error *err);

/* The registry document. Schemas are written as they are, byte for byte. */
void contract_write(struct buf *out, const struct contract *contract);

/* Read a registry document; only a name is required (protocol 4.3, "Reading"). MESH_E_DATA otherwise. */
mesh_status contract_read(mesh_bytes document, struct contract **ret_contract, mesh_error *err);

/* Whether two contracts say the same, leaving out registered_at. */
bool contract_equal(const struct contract *a, const struct contract *b);

struct contract *contract_free(struct contract *contract);

static inline void cleanup_contract(struct contract **slot)
{
    contract_free(*slot);
}

#define auto_contract __attribute__((cleanup(cleanup_contract)))

#endif
