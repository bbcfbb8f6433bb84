/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on the mesh: the catalog, and the contract of each agent (protocol 8). */
#ifndef AGENTMESH_DISCOVER_H
#define AGENTMESH_DISCOVER_H

#include <agentmesh/client.h>

MESH_BEGIN_DECLS

/* One agent as the catalog lists it (protocol 4.4). Lent with its catalog. */
typedef struct mesh_catalog_entry {
    size_t size;
    const char *name;
    const char *description;
    const char *version;
    const char *const *tags; /* ends with NULL */
    uint32_t invocable;      /* 1 or 0: can be called or streamed */
    uint32_t streaming;      /* 1 or 0: answers, or publishes, in chunks */
} mesh_catalog_entry;

/* Which entries to give; all that is set must hold (protocol 8.1). */
typedef struct mesh_catalog_filter {
    size_t size;             /* set by MESH_CATALOG_FILTER_INIT */
    const char *channel;     /* the agent of this name, and those below it; NULL: all */
    const char *const *tags; /* entries that have every one; ends with NULL; NULL: all */
    uint32_t invocable;      /* MESH_YES, MESH_NO; 0: both */
    uint32_t streaming;      /* MESH_YES, MESH_NO; 0: both */
} mesh_catalog_filter;

#define MESH_CATALOG_FILTER_INIT { sizeof(mesh_catalog_filter), NULL, NULL, 0, 0 }

/* The catalog as it was when read. Opaque; immutable. */
typedef struct mesh_catalog mesh_catalog;

/**
 * Read the catalog from the server. [any-thread; blocks for one round trip]
 *
 * filter       lent; NULL for all
 * ret_catalog  given; end it with mesh_catalog_free()
 * MESH_E_DATA  what is stored there is not a catalog
 */
MESH_API mesh_status mesh_catalog_read(mesh_client *client, const mesh_catalog_filter *filter,
                                       mesh_catalog **ret_catalog, mesh_error *err);

/** How many entries, and each of them in the order of the catalog; NULL past the end. Lent until freed. */
MESH_API size_t mesh_catalog_count(const mesh_catalog *catalog);
MESH_API const mesh_catalog_entry *mesh_catalog_at(const mesh_catalog *catalog, size_t index);

/** Entries that were left out because they cannot be understood. */
MESH_API size_t mesh_catalog_skipped(const mesh_catalog *catalog);

/** The entries as a JSON array, unknown fields included. NUL-terminated; lent until freed. */
MESH_API mesh_bytes mesh_catalog_json(const mesh_catalog *catalog);

/** Returns NULL; NULL is fine. */
MESH_API mesh_catalog *mesh_catalog_free(mesh_catalog *catalog);

/* What an agent takes and gives (protocol 4.3). Opaque; immutable. */
typedef struct mesh_contract mesh_contract;

/**
 * Read the contract of one agent. [any-thread; blocks for one round trip]
 *
 * ret_contract  given; end it with mesh_contract_free()
 * MESH_E_NOT_FOUND  there is none under this name
 * MESH_E_DATA       what is stored there is not a contract
 */
MESH_API mesh_status mesh_contract_read(mesh_client *client, const char *agent, mesh_contract **ret_contract,
                                        mesh_error *err);

/* Everything below is lent until the contract is freed. */

MESH_API const char *mesh_contract_name(const mesh_contract *contract);
MESH_API const char *mesh_contract_description(const mesh_contract *contract);
MESH_API const char *mesh_contract_version(const mesh_contract *contract);
MESH_API const char *const *mesh_contract_tags(const mesh_contract *contract); /* ends with NULL */
MESH_API int mesh_contract_is_invocable(const mesh_contract *contract);
MESH_API int mesh_contract_is_streaming(const mesh_contract *contract);

/** The JSON schema of what it takes, of what it answers, of one chunk; as text, NULL where there is none. */
MESH_API const char *mesh_contract_input_schema(const mesh_contract *contract);
MESH_API const char *mesh_contract_output_schema(const mesh_contract *contract);
MESH_API const char *mesh_contract_chunk_schema(const mesh_contract *contract);

/** The export wish: MESH_YES, MESH_NO, or 0 where nothing was said (protocol 14.1). */
MESH_API uint32_t mesh_contract_mcp(const mesh_contract *contract);

/** When it was registered, ISO 8601; "" if not told. */
MESH_API const char *mesh_contract_registered_at(const mesh_contract *contract);

/** The whole document as it is stored. NUL-terminated. */
MESH_API mesh_bytes mesh_contract_json(const mesh_contract *contract);

/** Returns NULL; NULL is fine. */
MESH_API mesh_contract *mesh_contract_free(mesh_contract *contract);

MESH_END_DECLS

#endif
