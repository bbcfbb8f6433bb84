/* SPDX-License-Identifier: Apache-2.0 */
/* What the keywords share: their rules, and the shapes that their values may have. */
#include "wire/schema_keyword.h"

#include "base/number.h"

struct rule *keyword_add_rule(struct node *node, const struct keyword *keyword)
{
    struct rule *rule = &node->rules[node->rule_count++];

    rule->fits = keyword->fits;
    rule->types = keyword->types;
    rule->rank = keyword->rank;
    return rule;
}

struct rule *keyword_find_rule(struct node *node, rule_check fits)
{
    for (size_t i = 0; i < node->rule_count; i++)
        if (node->rules[i].fits == fits)
            return &node->rules[i];
    return NULL;
}

struct node *keyword_add_child(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                               const cJSON *tree, const char *name, size_t index)
{
    return compiler_add(compiler, tree, node->resource, node, keyword->name, name, index);
}

/* ---- shapes of values ---- */

bool shape_is_string(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return cJSON_IsString(value) || compiler_refuse(compiler, node, keyword->name, "must be a string");
}

bool shape_is_array(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return cJSON_IsArray(value) || compiler_refuse(compiler, node, keyword->name, "must be an array");
}

bool shape_is_object(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return cJSON_IsObject(value) || compiler_refuse(compiler, node, keyword->name, "must be an object");
}

bool shape_is_boolean(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return cJSON_IsBool(value) || compiler_refuse(compiler, node, keyword->name, "must be a boolean");
}

bool shape_is_number(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return cJSON_IsNumber(value) || compiler_refuse(compiler, node, keyword->name, "must be a number");
}

bool shape_is_count(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value,
                    size_t *ret_count)
{
    if (!cJSON_IsNumber(value) || value->valuedouble < 0 || !number_is_integral(value->valuestring))
        return compiler_refuse(compiler, node, keyword->name, "must be a whole number, 0 or more");
    *ret_count = value->valuedouble < 0x1p53 ? (size_t)value->valuedouble : SIZE_MAX;
    return true;
}

/* An array of strings, none twice. */
bool shape_is_names(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct names names;
    const cJSON *item;
    size_t count = 0;
    int total = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 0;

    if (!names_init(&names, &compiler->schema->arena, (size_t)total))
        return compiler_no_memory(compiler);
    if (!cJSON_IsArray(value))
        return compiler_refuse(compiler, node, keyword->name, "must be an array of strings");
    cJSON_ArrayForEach(item, value)
    {
        if (!cJSON_IsString(item))
            return compiler_refuse(compiler, node, keyword->name, "must be an array of strings");
        if (names_add(&names, item->valuestring) != count++)
            return compiler_refuse(compiler, node, keyword->name, "has '%s' twice", item->valuestring);
    }
    return true;
}
