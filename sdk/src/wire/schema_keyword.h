/* SPDX-License-Identifier: Apache-2.0 */
/* A keyword for the compiler: a line of the table in schema_keywords.c, and what the functions named there share. */
#ifndef WIRE_SCHEMA_KEYWORD_H
#define WIRE_SCHEMA_KEYWORD_H

#include "wire/schema_check.h"
#include "wire/schema_compile.h"

struct keyword;

/* Reads the value of a keyword and adds its rule to the node. False: the compiler has failed. */
typedef bool keyword_compile_function(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                                      const cJSON *value);

/* One line of the table. Several keywords may share a rule: the first that is met makes it. */
struct keyword {
    const char *name;
    keyword_compile_function *compile;
    rule_check fits;
    unsigned types;      /* TYPE_ of the values that the rule speaks about */
    unsigned vocabulary; /* VOCABULARY_; 0: always */
    int rank;            /* where in the order of asking */
};

/* ---- rules and nodes ---- */

struct rule *keyword_add_rule(struct node *node, const struct keyword *keyword); /* there is room */
struct rule *keyword_find_rule(struct node *node, rule_check fits);              /* NULL: none */
struct node *keyword_add_child(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                               const cJSON *tree, const char *name, size_t index);

/* A pattern that is freed with the schema. */
struct pattern *keyword_add_pattern(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                                    const char *source);

/* ---- shapes of values: each refuses the schema if the value has another ---- */

bool shape_is_string(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value);
bool shape_is_array(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value);
bool shape_is_object(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value);
bool shape_is_boolean(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value);
bool shape_is_number(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value);
bool shape_is_names(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value);

/* A count of things; what is beyond any count is as good as the largest. */
bool shape_is_count(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value,
                    size_t *ret_count);

/* ---- schema_keyword_values.c ---- */

keyword_compile_function compile_array, compile_boolean, compile_const, compile_count, compile_definitions,
    compile_enum, compile_format, compile_limit, compile_multiple_of, compile_pattern, compile_string, compile_type,
    compile_unasked, compile_unique;

/* ---- schema_keyword_schemas.c ---- */

keyword_compile_function compile_additional_properties, compile_condition, compile_contains, compile_contains_limit,
    compile_dependent_required, compile_dependent_schemas, compile_items, compile_list, compile_node,
    compile_pattern_properties, compile_properties, compile_reference, compile_required, compile_unevaluated;

#endif
