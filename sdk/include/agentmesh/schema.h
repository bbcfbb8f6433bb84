/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Schema, draft 2020-12: compiled once, checked often.
 *
 * The library checks the input of every agent against its schema before a handler runs, so handlers need not. Callers
 * may check before they send, and tools may check what they have.
 *
 * Everything of the core, applicator, validation, unevaluated and format vocabularies is there, and references inside
 * the document: $ref, $dynamicRef, $defs, $anchor, $dynamicAnchor, $id; and to the draft's own metaschema. A schema
 * that refers to another document, names another draft or requires a vocabulary that is not known is refused, never
 * half understood. Keywords that the specification does not define are annotations, as it says. Numbers are compared
 * exactly, whatever their size.
 *
 * Nothing goes on for ever: a schema has at most 100 000 subschemas, at most 1 000 of them about one value within each
 * other, and every check has a limit of steps: 500 000, and for a large value 32 more for each value in it and each 64
 * bytes of its text. A step is a subschema that meets a value, or 64 bytes of a long text; a pattern takes four, and
 * more where it backtracks. So 100 000 pairs of a name and a pattern are decided, and 2 000 000 are refused as too
 * complex. Steps are counted, not timed: the same value has the same answer each time. Checking takes at most 1 MiB of
 * stack.
 */
#ifndef AGENTMESH_SCHEMA_H
#define AGENTMESH_SCHEMA_H

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

MESH_BEGIN_DECLS

/* A compiled schema. Immutable: any number of threads may check against it at the same time. */
typedef struct mesh_schema mesh_schema;

/* For mesh_schema_options.flags. */
enum {
    MESH_SCHEMA_ASSERT_FORMAT =
        1 /* "format" refuses what does not fit; else it is an annotation, as the draft has it */
};

typedef struct mesh_schema_options {
    size_t size;       /* set by MESH_SCHEMA_OPTIONS_INIT */
    uint32_t flags;    /* MESH_SCHEMA_ */
    uint32_t reserved; /* 0 */
} mesh_schema_options;

#define MESH_SCHEMA_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(mesh_schema_options), 0, 0                                                                              \
    }

/**
 * Compile a schema. [any-thread]
 *
 * schema      JSON text, an object or a boolean; lent
 * options     lent; NULL for defaults
 * ret_schema  given; end it with mesh_schema_free()
 * MESH_E_INVALID_JSON      it is not JSON: the text says where
 * MESH_E_INVALID_ARGUMENT  it is not a schema, refers outside itself, or asks for what is not supported: the text names
 *                          the place as a JSON pointer, the keyword and the rule
 * MESH_E_INCOMPATIBLE      the options were written for another version
 */
MESH_API mesh_status mesh_schema_compile(mesh_bytes schema, const mesh_schema_options *options,
                                         mesh_schema **ret_schema, mesh_error *err);

/**
 * Check a JSON text against a schema. [any-thread]
 *
 * instance  one JSON value; lent
 * MESH_E_INVALID_INPUT  it does not fit, or is not JSON. The message says how often and names the first; the details
 * have all of it: {"errors": [{"type": "missing", "loc": ["stops"], "msg": "Field required", "input": ...}, ...]}, in
 * the words of protocol 11.4. Of a value in which very much is wrong they have the first 100, or 64 KiB. What takes too
 * long to decide (a pattern that backtracks without end, a schema that branches without end) does not fit either, and
 * has the type "too_complex"
 */
MESH_API mesh_status mesh_schema_check(const mesh_schema *schema, mesh_bytes instance, mesh_error *err);

/** Returns NULL; NULL is fine. [any-thread, when no check is under way] */
MESH_API mesh_schema *mesh_schema_free(mesh_schema *schema);

MESH_END_DECLS

#endif
