/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler: a schema's tree becomes nodes and rules. */
#ifndef WIRE_SCHEMA_COMPILE_H
#define WIRE_SCHEMA_COMPILE_H

#include "base/map.h"
#include "wire/schema_node.h"

/* A document that references may lead to. Lent. */
struct schema_document {
    const char *uri; /* where it would be fetched from */
    mesh_bytes text;
};

/*
 * mesh_schema_compile() with other documents at hand: references reach them, and "$schema" may name them. No document
 * is ever fetched.
 */
mesh_status schema_compile_with(mesh_bytes text, uint32_t flags, const struct schema_document *documents,
                                size_t document_count, mesh_schema **ret_schema, mesh_error *err);

/* A schema is refused beyond these. */
enum {
    SCHEMA_NODES_MAX = 100000,   /* subschemas */
    SCHEMA_CHAIN_MAX = 1000,     /* subschemas about one value within each other */
    SCHEMA_PLACES_MAX = 4 << 20, /* bytes of all ids and anchors as full URIs */
    SCHEMA_STEPS_MAX = 50000000  /* members passed on the way to what references lead to */
};

/* ---- inside the compiler ---- */

/* A reference that is not resolved yet. */
struct pending {
    const struct node *node;
    const char *keyword, *reference;
    struct reference_rule *rule;
    struct pending *next;
};

struct compiler {
    mesh_schema *schema;
    const struct schema_document *documents;
    size_t document_count;
    struct map places; /* "uri" and "uri#anchor" to nodes */
    size_t places_size, steps;
    struct node **nodes;
    size_t node_count, node_capacity;
    struct pending *pending, **pending_end;
    mesh_status status; /* MESH_OK until something fails */
    mesh_error *err;
};

/* All of these return NULL or false when the compiler has failed. */

/* Room in the schema. */
void *compiler_alloc(struct compiler *compiler, size_t size);
bool compiler_no_memory(struct compiler *compiler);

/* Refuse the schema because of a keyword of a node; keyword may be NULL. Returns false. */
bool compiler_refuse(struct compiler *compiler, const struct node *node, const char *keyword, const char *format, ...)
    MESH_PRINTF(4, 5);

/* Parse a text that is to live as long as the schema. */
const cJSON *compiler_parse(struct compiler *compiler, mesh_bytes text);

/* The node of a subschema at a place below another, made now; up is NULL for a whole document, whose resource it is. */
struct node *compiler_add(struct compiler *compiler, const cJSON *tree, struct resource *resource,
                          const struct node *up, const char *keyword, const char *name, size_t index);

/* The node that was made of a tree, or NULL. */
struct node *compiler_node_of(const struct compiler *compiler, const cJSON *tree);

/* The compile half of every keyword (schema_keywords.c): put the node's rules together. */
bool keywords_compile(struct compiler *compiler, struct node *node);

/* ids, anchors, references (schema_resolve.c). */
bool resolve_identity(struct compiler *compiler, struct node *node); /* $id, $schema, $anchor and so on */
bool resolve_document(struct compiler *compiler, const char *uri, const cJSON *tree, struct node **ret_node);
bool resolve_pending(struct compiler *compiler);

/* References that come back to where they began without going into the value (schema_loop.c). */
bool loops_refuse(struct compiler *compiler);

/* The metaschema of the draft (schema_meta.c), and where it would be fetched from. */
extern const char meta_uri[], meta_text[];

#endif
