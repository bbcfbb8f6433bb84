/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on the mesh: the catalog, contracts, and agents as tools of language models (protocol 8, 14). */
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
 * MESH_E_DATA     what is stored there is not a catalog
 * MESH_E_STOPPED  the client was stopped
 * others          the server cannot be asked
 */
MESH_API mesh_status mesh_catalog_read(mesh_client *client, const mesh_catalog_filter *filter,
                                       mesh_catalog **ret_catalog, mesh_error *err);

/**
 * The catalog as this client knows it: kept current in the background, at most moments behind, with the agents of this
 * process as soon as they are registered. [any-thread; the first time on a client, and where the server does not let it
 * follow the catalog, it blocks for one round trip, else for none]
 *
 * filter       lent; NULL for all
 * ret_catalog  given; end it with mesh_catalog_free()
 * MESH_E_DATA  what is stored on the server is not a catalog
 * others       nothing is known yet, and the server cannot be asked
 */
MESH_API mesh_status mesh_catalog_cached(mesh_client *client, const mesh_catalog_filter *filter,
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
 * The contract of one agent: of this process from memory, of others from the server. [any-thread; blocks for one round
 * trip]
 *
 * ret_contract  given; end it with mesh_contract_free()
 * MESH_E_NOT_FOUND  there is none under this name
 * MESH_E_DATA       what is stored there is not a contract
 * others            it could not be read; whether there is one is not known
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

/* Contracts of several agents. Opaque; immutable. */
typedef struct mesh_contracts mesh_contracts;

/**
 * The contracts of all agents in the catalog, in its order. Those that cannot be read are left out. [any-thread; blocks
 * for some round trips, however many agents there are]
 *
 * channel        the agent of this name, and those below it; NULL: all
 * ret_contracts  given; end it with mesh_contracts_free()
 * MESH_E_DATA       what is stored on the server is not a catalog
 * MESH_E_STOPPED    the client was stopped
 * others            they could not be read; which there are is not known
 */
MESH_API mesh_status mesh_discover(mesh_client *client, const char *channel, mesh_contracts **ret_contracts,
                                   mesh_error *err);

/** How many, and each of them; NULL past the end. Lent until freed. */
MESH_API size_t mesh_contracts_count(const mesh_contracts *contracts);
MESH_API const mesh_contract *mesh_contracts_at(const mesh_contracts *contracts, size_t index);

/** Agents that the catalog lists and that were left out: their contract is missing or cannot be understood. */
MESH_API size_t mesh_contracts_skipped(const mesh_contracts *contracts);

/** Returns NULL; NULL is fine. */
MESH_API mesh_contracts *mesh_contracts_free(mesh_contracts *contracts);

/* ---- agents as other protocols know them ---- */

/* A JSON document made for the caller. Opaque; immutable. */
typedef struct mesh_document mesh_document;

/** Its text. NUL-terminated; lent until freed. */
MESH_API mesh_bytes mesh_document_text(const mesh_document *document);

/** Returns NULL; NULL is fine. */
MESH_API mesh_document *mesh_document_free(mesh_document *document);

/**
 * The agent card: the contract without what only this mesh understands (protocol 4.3). [any-thread]
 *
 * url           where a gateway offers the agent; NULL: nowhere
 * ret_document  given; end it with mesh_document_free()
 */
MESH_API mesh_status mesh_contract_card(const mesh_contract *contract, const char *url, mesh_document **ret_document,
                                        mesh_error *err);

/* The forms in which language models are told of tools (protocol 14.2, 14.3). */
enum {
    MESH_TOOL_NEUTRAL = 1,          /* name, description, input_schema */
    MESH_TOOL_OPENAI_CHAT = 2,      /* the chat completions of OpenAI */
    MESH_TOOL_OPENAI_RESPONSES = 3, /* its responses */
    MESH_TOOL_ANTHROPIC = 4         /* the messages of Anthropic */
};

/* For flags. */
enum {
    MESH_TOOL_STRICT = 1,   /* of the two forms of OpenAI: the schema as its strict mode wants it */
    MESH_TOOL_STREAMING = 2 /* of mesh_tools_make(): also agents that answer in chunks */
};

/**
 * One agent as a tool. [any-thread]
 *
 * form          MESH_TOOL_
 * flags         MESH_TOOL_STRICT, or 0
 * ret_document  given; end it with mesh_document_free()
 * MESH_E_INVOCATION_MISMATCH  the agent cannot be called
 * MESH_E_INVALID_ARGUMENT     its name makes no name of a tool (at most 64 characters); there is no such form, or it
 *                             has no strict variant
 * MESH_E_TOO_LARGE            its schema is nested too deeply
 */
MESH_API mesh_status mesh_contract_tool(const mesh_contract *contract, int32_t form, uint32_t flags,
                                        mesh_document **ret_document, mesh_error *err);

/* A list of tools, and which agent each of them is. Opaque; immutable. */
typedef struct mesh_tools mesh_tools;

/**
 * All agents that can be a tool and wish it, or do not mind. One that cannot is left out and does not spoil the rest.
 * Of agents whose tools would have the same name ("a.b", "a_b") the first in the order of bytes has it. [any-thread]
 *
 * contracts  lent
 * form       MESH_TOOL_
 * flags      MESH_TOOL_
 * ret_tools  given; end it with mesh_tools_free()
 */
MESH_API mesh_status mesh_tools_make(const mesh_contracts *contracts, int32_t form, uint32_t flags,
                                     mesh_tools **ret_tools, mesh_error *err);

/** How many, and all of them as a JSON array, NUL-terminated. Lent until freed. */
MESH_API size_t mesh_tools_count(const mesh_tools *tools);
MESH_API mesh_bytes mesh_tools_json(const mesh_tools *tools);

/** The agent that a tool stands for, to be called when a model chooses the tool; NULL: there is no such tool. */
MESH_API const char *mesh_tools_agent(const mesh_tools *tools, const char *tool);

/**
 * Why an agent was left out, for people; NULL past the end. Lent until freed.
 *
 * ret_agent  its name; may be NULL
 */
MESH_API const char *mesh_tools_left_out(const mesh_tools *tools, size_t index, const char **ret_agent);

/** Returns NULL; NULL is fine. */
MESH_API mesh_tools *mesh_tools_free(mesh_tools *tools);

MESH_END_DECLS

#endif
