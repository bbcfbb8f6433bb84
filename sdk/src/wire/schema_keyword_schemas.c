/* SPDX-License-Identifier: Apache-2.0 */
/* Keywords whose values are schemas, or speak of those: for the same value, or for the values inside it. */
#include <string.h>

#include "base/json.h"
#include "wire/schema_keyword.h"

/* ---- applicators ---- */

static bool add_list(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value,
                     struct node_list *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(value) || !value->child)
        return compiler_refuse(compiler, node, keyword->name, "must be an array of schemas, at least one");
    list->nodes = compiler_alloc(compiler, (size_t)cJSON_GetArraySize(value) * sizeof(struct node *));
    if (!list->nodes)
        return false;
    cJSON_ArrayForEach(item, value)
    {
        list->nodes[list->count] = keyword_add_child(compiler, node, keyword, item, NULL, list->count);
        if (!list->nodes[list->count++])
            return false;
    }
    return true;
}

bool compile_list(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct node_list list = { NULL, 0 };

    if (!add_list(compiler, node, keyword, value, &list))
        return false;
    keyword_add_rule(node, keyword)->list = list;
    return true;
}

bool compile_node(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct node *child = keyword_add_child(compiler, node, keyword, value, NULL, NO_INDEX);

    if (!child)
        return false;
    keyword_add_rule(node, keyword)->node = child;
    return true;
}

bool compile_unevaluated(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                         const cJSON *value)
{
    node->tracks |= keyword->types;
    return compile_node(compiler, node, keyword, value);
}

bool compile_reference(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct pending *pending = compiler_alloc(compiler, sizeof(*pending));
    struct reference_rule *reference = compiler_alloc(compiler, sizeof(*reference));

    if (!pending || !reference || !shape_is_string(compiler, node, keyword, value))
        return false;
    keyword_add_rule(node, keyword)->reference = reference;
    *pending = (struct pending){ node, keyword->name, value->valuestring, reference, NULL };
    *compiler->pending_end = pending;
    compiler->pending_end = &pending->next;
    return true;
}

/* The part of a rule that several keywords fill, made by the first of them. */
static void *shared_part(struct compiler *compiler, struct node *node, const struct keyword *keyword, size_t size)
{
    struct rule *rule = keyword_find_rule(node, keyword->fits);

    if (rule)
        return rule->members;
    void *part = compiler_alloc(compiler, size);
    if (part)
        keyword_add_rule(node, keyword)->members = part;
    return part;
}

bool compile_condition(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct condition_rule *condition = shared_part(compiler, node, keyword, sizeof(*condition));
    struct node *child = condition ? keyword_add_child(compiler, node, keyword, value, NULL, NO_INDEX) : NULL;

    if (!child)
        return false;
    if (strcmp(keyword->name, "if") == 0)
        condition->condition = child;
    else if (strcmp(keyword->name, "then") == 0)
        condition->then = child;
    else
        condition->otherwise = child;
    return true;
}

bool compile_items(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct items_rule *items = shared_part(compiler, node, keyword, sizeof(*items));

    if (!items)
        return false;
    if (strcmp(keyword->name, "prefixItems") == 0)
        return add_list(compiler, node, keyword, value, &items->prefix);
    if (cJSON_IsArray(value))
        return compiler_refuse(compiler, node, keyword->name,
                               "must be a schema; for an array of schemas use "
                               "'prefixItems'");
    items->rest = keyword_add_child(compiler, node, keyword, value, NULL, NO_INDEX);
    return items->rest;
}

static struct contains_rule *contains_part(struct compiler *compiler, struct node *node, const struct keyword *keyword)
{
    bool is_new = !keyword_find_rule(node, keyword->fits);
    struct contains_rule *contains = shared_part(compiler, node, keyword, sizeof(*contains));

    if (contains && is_new)
        *contains = (struct contains_rule){ .min = 1, .max = SIZE_MAX };
    return contains;
}

bool compile_contains(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct contains_rule *contains = contains_part(compiler, node, keyword);

    if (!contains)
        return false;
    contains->node = keyword_add_child(compiler, node, keyword, value, NULL, NO_INDEX);
    return contains->node;
}

bool compile_contains_limit(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                            const cJSON *value)
{
    struct contains_rule *contains = contains_part(compiler, node, keyword);
    bool is_min = strcmp(keyword->name, "minContains") == 0;

    return contains && shape_is_count(compiler, node, keyword, value, is_min ? &contains->min : &contains->max);
}

/* ---- members of objects ---- */

static size_t size_of(const cJSON *tree)
{
    return tree ? (size_t)cJSON_GetArraySize(tree) : 0;
}

/* The table has room for all names that properties and required may bring; properties come first, in their order, which
 * is the order in which violations are told. */
static struct members_rule *members_part(struct compiler *compiler, struct node *node, const struct keyword *keyword)
{
    bool is_new = !keyword_find_rule(node, keyword->fits);
    struct members_rule *members = shared_part(compiler, node, keyword, sizeof(*members));
    const cJSON *properties = json_get(node->tree, "properties"), *member;
    size_t count = size_of(properties) + size_of(json_get(node->tree, "required"));

    if (!members || !is_new)
        return members;
    if (!names_init(&members->names, &compiler->schema->arena, count)) {
        compiler_no_memory(compiler);
        return NULL;
    }
    members->nodes = compiler_alloc(compiler, count * sizeof(struct node *));
    members->required = compiler_alloc(compiler, count * sizeof(bool));
    if (cJSON_IsObject(properties)) {
        cJSON_ArrayForEach(member, properties) names_add(&members->names, member->string);
    }
    return members->nodes && members->required ? members : NULL;
}

/* A child for each member of an object of schemas, kept under its name. */
static bool add_named(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *schemas,
                      struct names *names, struct node **nodes)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, schemas)
    {
        struct node *child = keyword_add_child(compiler, node, keyword, member, member->string, NO_INDEX);
        if (!child)
            return false;
        nodes[names_add(names, member->string)] = child;
    }
    return true;
}

bool compile_properties(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct members_rule *members = members_part(compiler, node, keyword);

    if (!members || !shape_is_object(compiler, node, keyword, value))
        return false;
    return add_named(compiler, node, keyword, value, &members->names, members->nodes);
}

bool compile_required(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct members_rule *members = members_part(compiler, node, keyword);
    const cJSON *item;

    if (!members || !shape_is_names(compiler, node, keyword, value))
        return false;
    cJSON_ArrayForEach(item, value)
    {
        members->required[names_add(&members->names, item->valuestring)] = true;
        members->required_count++;
    }
    return true;
}

bool compile_pattern_properties(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                                const cJSON *value)
{
    struct members_rule *members = members_part(compiler, node, keyword);
    const cJSON *member;

    if (!members || !shape_is_object(compiler, node, keyword, value))
        return false;
    struct node_list *list = &members->pattern_nodes;
    list->nodes = compiler_alloc(compiler, size_of(value) * sizeof(struct node *));
    members->patterns = compiler_alloc(compiler, size_of(value) * sizeof(struct pattern *));
    if (!list->nodes || !members->patterns)
        return false;
    cJSON_ArrayForEach(member, value)
    {
        members->patterns[list->count] = keyword_add_pattern(compiler, node, keyword, member->string);
        list->nodes[list->count] = members->patterns[list->count]
                                       ? keyword_add_child(compiler, node, keyword, member, member->string, NO_INDEX)
                                       : NULL;
        if (!list->nodes[list->count++])
            return false;
    }
    return true;
}

bool compile_additional_properties(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                                   const cJSON *value)
{
    struct members_rule *members = members_part(compiler, node, keyword);

    if (!members)
        return false;
    members->additional = keyword_add_child(compiler, node, keyword, value, NULL, NO_INDEX);
    return members->additional;
}

static struct dependents_rule *dependents_part(struct compiler *compiler, struct node *node,
                                               const struct keyword *keyword)
{
    bool is_new = !keyword_find_rule(node, keyword->fits);
    struct dependents_rule *dependents = shared_part(compiler, node, keyword, sizeof(*dependents));
    size_t count =
        size_of(json_get(node->tree, "dependentRequired")) + size_of(json_get(node->tree, "dependentSchemas"));

    if (!dependents || !is_new)
        return dependents;
    if (!names_init(&dependents->names, &compiler->schema->arena, count)) {
        compiler_no_memory(compiler);
        return NULL;
    }
    dependents->nodes = compiler_alloc(compiler, count * sizeof(struct node *));
    dependents->required = compiler_alloc(compiler, count * sizeof(cJSON *));
    return dependents->nodes && dependents->required ? dependents : NULL;
}

bool compile_dependent_required(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                                const cJSON *value)
{
    struct dependents_rule *dependents = dependents_part(compiler, node, keyword);
    const cJSON *member;

    if (!dependents || !shape_is_object(compiler, node, keyword, value))
        return false;
    cJSON_ArrayForEach(member, value)
    {
        if (!shape_is_names(compiler, node, keyword, member))
            return false;
        dependents->required[names_add(&dependents->names, member->string)] = member;
    }
    return true;
}

bool compile_dependent_schemas(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                               const cJSON *value)
{
    struct dependents_rule *dependents = dependents_part(compiler, node, keyword);

    if (!dependents || !shape_is_object(compiler, node, keyword, value))
        return false;
    return add_named(compiler, node, keyword, value, &dependents->names, dependents->nodes);
}
