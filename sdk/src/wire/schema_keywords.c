/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keywords: what each becomes, for which values, and when it is asked. */
#include <string.h>

#include "wire/schema_keyword.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum {
    RANK_VALUE, /* another value or type: nothing else is said about it then */
    RANK_PLAIN,
    RANK_INSIDE,
    RANK_SAME,
    RANK_UNEVALUATED /* after all that evaluates */
};

#define ASSERTS(types) (types), VOCABULARY_VALIDATION, RANK_PLAIN
#define APPLIES(types) (types), VOCABULARY_APPLICATOR, RANK_INSIDE
#define COMBINES TYPE_ANY, VOCABULARY_APPLICATOR, RANK_SAME

/* $id, $schema, $anchor, $dynamicAnchor and $vocabulary are read before (resolve_identity()). */
static const struct keyword keywords[] = {
    { "$ref", compile_reference, fits_reference, TYPE_ANY, 0, RANK_SAME },
    { "$dynamicRef", compile_reference, fits_reference, TYPE_ANY, 0, RANK_SAME },
    { "$defs", compile_definitions, NULL, 0, 0, 0 },
    { "$comment", compile_string, NULL, 0, 0, 0 },

    { "enum", compile_enum, fits_enum, TYPE_ANY, VOCABULARY_VALIDATION, RANK_VALUE },
    { "const", compile_const, fits_enum, TYPE_ANY, VOCABULARY_VALIDATION, RANK_VALUE },
    { "type", compile_type, fits_type, TYPE_ANY, VOCABULARY_VALIDATION, RANK_VALUE },
    { "minimum", compile_limit, fits_minimum, ASSERTS(TYPE_NUMBER) },
    { "maximum", compile_limit, fits_maximum, ASSERTS(TYPE_NUMBER) },
    { "exclusiveMinimum", compile_limit, fits_exclusive_minimum, ASSERTS(TYPE_NUMBER) },
    { "exclusiveMaximum", compile_limit, fits_exclusive_maximum, ASSERTS(TYPE_NUMBER) },
    { "multipleOf", compile_multiple_of, fits_multiple_of, ASSERTS(TYPE_NUMBER) },
    { "minLength", compile_count, fits_min_length, ASSERTS(TYPE_STRING) },
    { "maxLength", compile_count, fits_max_length, ASSERTS(TYPE_STRING) },
    { "pattern", compile_pattern, fits_pattern, ASSERTS(TYPE_STRING) },
    { "minItems", compile_count, fits_min_items, ASSERTS(TYPE_ARRAY) },
    { "maxItems", compile_count, fits_max_items, ASSERTS(TYPE_ARRAY) },
    { "uniqueItems", compile_unique, fits_unique_items, ASSERTS(TYPE_ARRAY) },
    { "minProperties", compile_count, fits_min_properties, ASSERTS(TYPE_OBJECT) },
    { "maxProperties", compile_count, fits_max_properties, ASSERTS(TYPE_OBJECT) },
    { "format", compile_format, fits_format, TYPE_STRING, VOCABULARY_FORMAT, RANK_PLAIN },

    { "properties", compile_properties, fits_members, APPLIES(TYPE_OBJECT) },
    { "required", compile_required, fits_members, TYPE_OBJECT, VOCABULARY_VALIDATION, RANK_INSIDE },
    { "patternProperties", compile_pattern_properties, fits_members, APPLIES(TYPE_OBJECT) },
    { "additionalProperties", compile_additional_properties, fits_members, APPLIES(TYPE_OBJECT) },
    { "propertyNames", compile_node, fits_property_names, APPLIES(TYPE_OBJECT) },
    { "prefixItems", compile_items, fits_items, APPLIES(TYPE_ARRAY) },
    { "items", compile_items, fits_items, APPLIES(TYPE_ARRAY) },
    { "contains", compile_contains, fits_contains, APPLIES(TYPE_ARRAY) },
    { "minContains", compile_contains_limit, fits_contains, TYPE_ARRAY, VOCABULARY_VALIDATION, RANK_INSIDE },
    { "maxContains", compile_contains_limit, fits_contains, TYPE_ARRAY, VOCABULARY_VALIDATION, RANK_INSIDE },

    { "allOf", compile_list, fits_all_of, COMBINES },
    { "anyOf", compile_list, fits_any_of, COMBINES },
    { "oneOf", compile_list, fits_one_of, COMBINES },
    { "not", compile_node, fits_not, COMBINES },
    { "if", compile_condition, fits_condition, COMBINES },
    { "then", compile_condition, fits_condition, COMBINES },
    { "else", compile_condition, fits_condition, COMBINES },
    { "dependentSchemas", compile_dependent_schemas, fits_dependents, TYPE_OBJECT, VOCABULARY_APPLICATOR, RANK_SAME },
    { "dependentRequired", compile_dependent_required, fits_dependents, TYPE_OBJECT, VOCABULARY_VALIDATION, RANK_SAME },

    { "unevaluatedItems", compile_unevaluated, fits_unevaluated_items, TYPE_ARRAY, VOCABULARY_UNEVALUATED,
      RANK_UNEVALUATED },
    { "unevaluatedProperties", compile_unevaluated, fits_unevaluated_members, TYPE_OBJECT, VOCABULARY_UNEVALUATED,
      RANK_UNEVALUATED },

    { "title", compile_string, NULL, 0, 0, 0 },
    { "description", compile_string, NULL, 0, 0, 0 },
    { "deprecated", compile_boolean, NULL, 0, 0, 0 },
    { "readOnly", compile_boolean, NULL, 0, 0, 0 },
    { "writeOnly", compile_boolean, NULL, 0, 0, 0 },
    { "examples", compile_array, NULL, 0, 0, 0 },
    { "contentEncoding", compile_string, NULL, 0, 0, 0 },
    { "contentMediaType", compile_string, NULL, 0, 0, 0 },
    { "contentSchema", compile_unasked, NULL, 0, 0, 0 },
};

static const struct keyword *keyword_find(const char *name)
{
    for (size_t i = 0; i < COUNT(keywords); i++)
        if (strcmp(keywords[i].name, name) == 0)
            return &keywords[i];
    return NULL;
}

/* By rank, and within one in the order of the schema. */
static void sort_rules(struct node *node)
{
    for (size_t i = 1; i < node->rule_count; i++) {
        struct rule rule = node->rules[i];
        size_t at = i;
        for (; at > 0 && node->rules[at - 1].rank > rule.rank; at--)
            node->rules[at] = node->rules[at - 1];
        node->rules[at] = rule;
    }
}

bool keywords_compile(struct compiler *compiler, struct node *node)
{
    const cJSON *member;
    size_t known = 0;

    cJSON_ArrayForEach(member, node->tree) known += keyword_find(member->string) != NULL;
    node->rules = compiler_alloc(compiler, known * sizeof(*node->rules));
    if (!node->rules)
        return false;
    cJSON_ArrayForEach(member, node->tree)
    {
        const struct keyword *keyword = keyword_find(member->string);
        bool applies = keyword && (keyword->vocabulary == 0 || (keyword->vocabulary & node->resource->vocabularies));
        if (applies && !keyword->compile(compiler, node, keyword, member))
            return false;
    }
    sort_rules(node);
    return true;
}
