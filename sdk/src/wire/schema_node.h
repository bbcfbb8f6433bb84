/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a schema becomes: nodes, one for each subschema, and in each the rules that its keywords make. The compiler
 * writes it, the check reads it, and nobody changes it after that.
 */
#ifndef WIRE_SCHEMA_NODE_H
#define WIRE_SCHEMA_NODE_H

#include <stdint.h>

#include "wire/format.h"
#include "wire/pattern.h"
#include "wire/schema.h"
#include "wire/schema_arena.h"
#include "wire/schema_names.h"

/* What a value is. Every number is a TYPE_NUMBER; TYPE_INTEGER only stands in what "type" allows. */
enum {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_NUMBER = 4,
    TYPE_STRING = 8,
    TYPE_ARRAY = 16,
    TYPE_OBJECT = 32,
    TYPE_INTEGER = 64,
    TYPE_ANY = 63
};

enum { VOCABULARY_APPLICATOR = 1, VOCABULARY_UNEVALUATED = 2, VOCABULARY_VALIDATION = 4, VOCABULARY_FORMAT = 8 };

struct node;
struct check;
struct visit;

/* A schema with an id of its own, or a whole document: what relative references and dynamic anchors belong to. */
struct resource {
    const char *uri;       /* "" if it has none */
    struct node *dynamics; /* nodes with a $dynamicAnchor, by next_dynamic */
    unsigned vocabularies; /* VOCABULARY_ of its metaschema */
    bool asserts_format;
};

struct node_list {
    struct node **nodes;
    size_t count;
};

/* properties, patternProperties, additionalProperties and required, which one walk over an object answers. */
struct members_rule {
    struct names names;
    struct node **nodes; /* beside names; NULL where a name is only required */
    bool *required;      /* beside names */
    size_t required_count;
    struct pattern **patterns;
    struct node_list pattern_nodes; /* beside patterns */
    struct node *additional;        /* NULL: anything */
};

/* dependentRequired and dependentSchemas: what the presence of a name asks for. */
struct dependents_rule {
    struct names names;
    struct node **nodes;    /* beside names; NULL: none */
    const cJSON **required; /* beside names; arrays of strings; NULL: none */
};

/* prefixItems and items. */
struct items_rule {
    struct node_list prefix;
    struct node *rest; /* NULL: anything */
};

struct contains_rule {
    struct node *node; /* NULL: minContains and maxContains stand alone and mean nothing */
    size_t min, max;
};

struct condition_rule {
    struct node *condition, *then, *otherwise; /* each may be NULL */
};

struct enum_rule {
    const cJSON *values;  /* an array; for "const" NULL */
    const cJSON *only;    /* for "const" */
    struct names strings; /* the strings among values */
    bool only_strings;
};

struct reference_rule {
    struct node *node;
    const char *dynamic; /* the name of a $dynamicAnchor to look for in the dynamic scope; NULL: none */
};

struct limit_rule {
    const char *text;
    double number;
};

struct rule;
typedef bool (*rule_check)(struct check *check, const struct rule *rule, const struct visit *visit);

struct rule {
    rule_check fits;
    unsigned types; /* TYPE_ of the values it speaks about */
    int rank;       /* rules are asked in this order */
    union {
        unsigned mask; /* TYPE_ */
        size_t count;
        struct limit_rule limit;
        struct node *node;
        struct node_list list;
        struct reference_rule *reference;
        struct {
            const struct pattern *pattern;
            const char *source;
        } pattern;
        struct {
            format_check check;
            const char *name;
        } format;
        struct enum_rule *choice;
        struct members_rule *members;
        struct dependents_rule *dependents;
        struct items_rule *items;
        struct contains_rule *contains;
        struct condition_rule *condition;
    };
};

enum node_kind { NODE_RULES, NODE_TRUE, NODE_FALSE };

struct node {
    enum node_kind kind;
    unsigned tracks; /* TYPE_OBJECT, TYPE_ARRAY: it has unevaluatedProperties, unevaluatedItems */
    struct rule *rules;
    size_t rule_count;
    struct resource *resource;
    const char *dynamic_anchor; /* NULL: none */
    struct node *next_dynamic;
    const cJSON *tree;
    /* Where it stands: below up, under a keyword, and there under a name or at an index. */
    const struct node *up;
    const char *keyword, *name;
    size_t index;
    unsigned char colour; /* of the search for loops */
};

#define NO_INDEX SIZE_MAX

/* A compiled pattern, remembered to be freed. */
struct owned_pattern {
    struct pattern *pattern;
    struct owned_pattern *next;
};

/* A parsed document, likewise. */
struct owned_tree {
    cJSON *tree;
    struct owned_tree *next;
};

struct mesh_schema {
    struct arena arena;
    struct owned_tree *trees;
    struct owned_pattern *patterns;
    const struct node *root;
    uint32_t flags;
};

#endif
