/* SPDX-License-Identifier: Apache-2.0 */
/* Keywords that judge a value by itself, and those that only describe it. */
#include <string.h>

#include "base/number.h"
#include "wire/schema_keyword.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- annotations ---- */

bool compile_string(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return shape_is_string(compiler, node, keyword, value);
}

bool compile_boolean(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return shape_is_boolean(compiler, node, keyword, value);
}

bool compile_array(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return shape_is_array(compiler, node, keyword, value);
}

/* Subschemas that nothing but references lead to. */
bool compile_definitions(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                         const cJSON *value)
{
    const cJSON *member;

    if (!shape_is_object(compiler, node, keyword, value))
        return false;
    cJSON_ArrayForEach(member, value)
    {
        if (!keyword_add_child(compiler, node, keyword, member, member->string, NO_INDEX))
            return false;
    }
    return true;
}

bool compile_unasked(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    return keyword_add_child(compiler, node, keyword, value, NULL, NO_INDEX);
}

/* ---- assertions ---- */

static unsigned type_named(const char *name)
{
    static const struct {
        const char *name;
        unsigned type;
    } types[] = { { "null", TYPE_NULL },      { "boolean", TYPE_BOOLEAN }, { "number", TYPE_NUMBER },
                  { "string", TYPE_STRING },  { "array", TYPE_ARRAY },     { "object", TYPE_OBJECT },
                  { "integer", TYPE_INTEGER } };

    for (size_t i = 0; i < COUNT(types); i++)
        if (strcmp(name, types[i].name) == 0)
            return types[i].type;
    return 0;
}

static bool add_type(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value,
                     unsigned *mask)
{
    unsigned type = cJSON_IsString(value) ? type_named(value->valuestring) : 0;

    if (type == 0)
        return compiler_refuse(compiler, node, keyword->name,
                               "must be null, boolean, number, integer, string, array or "
                               "object, or an array of these");
    if (*mask & type)
        return compiler_refuse(compiler, node, keyword->name, "has '%s' twice", value->valuestring);
    *mask |= type;
    return true;
}

bool compile_type(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    unsigned mask = 0;
    const cJSON *item;

    if (!cJSON_IsArray(value) && !add_type(compiler, node, keyword, value, &mask))
        return false;
    if (cJSON_IsArray(value)) {
        cJSON_ArrayForEach(item, value)
        {
            if (!add_type(compiler, node, keyword, item, &mask))
                return false;
        }
    }
    if (mask == 0)
        return compiler_refuse(compiler, node, keyword->name, "must name at least one type");
    keyword_add_rule(node, keyword)->mask = mask;
    return true;
}

bool compile_enum(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct enum_rule *choice = compiler_alloc(compiler, sizeof(*choice));
    const cJSON *item;

    if (!choice || !shape_is_array(compiler, node, keyword, value))
        return false;
    if (!names_init(&choice->strings, &compiler->schema->arena, (size_t)cJSON_GetArraySize(value)))
        return compiler_no_memory(compiler);
    choice->values = value;
    choice->only_strings = true;
    cJSON_ArrayForEach(item, value)
    {
        if (cJSON_IsString(item))
            names_add(&choice->strings, item->valuestring);
        else
            choice->only_strings = false;
    }
    keyword_add_rule(node, keyword)->choice = choice;
    return true;
}

bool compile_const(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    struct enum_rule *choice = compiler_alloc(compiler, sizeof(*choice));

    if (!choice)
        return false;
    choice->only = value;
    keyword_add_rule(node, keyword)->choice = choice;
    return true;
}

bool compile_limit(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    if (!shape_is_number(compiler, node, keyword, value))
        return false;
    keyword_add_rule(node, keyword)->limit = (struct limit_rule){ value->valuestring, value->valuedouble };
    return true;
}

bool compile_multiple_of(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                         const cJSON *value)
{
    if (cJSON_IsNumber(value) && number_compare(value->valuestring, "0") <= 0)
        return compiler_refuse(compiler, node, keyword->name, "must be above 0");
    return compile_limit(compiler, node, keyword, value);
}

bool compile_count(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    size_t count;

    if (!shape_is_count(compiler, node, keyword, value, &count))
        return false;
    keyword_add_rule(node, keyword)->count = count;
    return true;
}

bool compile_unique(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    if (!shape_is_boolean(compiler, node, keyword, value))
        return false;
    if (cJSON_IsTrue(value))
        keyword_add_rule(node, keyword);
    return true;
}

struct pattern *keyword_add_pattern(struct compiler *compiler, struct node *node, const struct keyword *keyword,
                                    const char *source)
{
    struct owned_pattern *owned = compiler_alloc(compiler, sizeof(*owned));
    mesh_error reason = MESH_ERROR_INIT;

    if (!owned)
        return NULL;
    mesh_status status = pattern_compile(source, &owned->pattern, &reason);
    if (status == MESH_E_NO_MEMORY)
        compiler_no_memory(compiler);
    else if (status != MESH_OK)
        compiler_refuse(compiler, node, keyword->name, "has the pattern '%.200s': %s", source,
                        mesh_error_message(&reason));
    mesh_error_clear(&reason);
    if (status != MESH_OK)
        return NULL;
    owned->next = compiler->schema->patterns;
    compiler->schema->patterns = owned;
    return owned->pattern;
}

bool compile_pattern(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    if (!shape_is_string(compiler, node, keyword, value))
        return false;
    struct pattern *pattern = keyword_add_pattern(compiler, node, keyword, value->valuestring);
    if (!pattern)
        return false;
    struct rule *rule = keyword_add_rule(node, keyword);
    rule->pattern.pattern = pattern;
    rule->pattern.source = value->valuestring;
    return true;
}

bool compile_format(struct compiler *compiler, struct node *node, const struct keyword *keyword, const cJSON *value)
{
    if (!shape_is_string(compiler, node, keyword, value))
        return false;
    bool asserts = (compiler->schema->flags & MESH_SCHEMA_ASSERT_FORMAT) || node->resource->asserts_format;
    format_check check = asserts ? format_find(value->valuestring) : NULL;
    if (check) {
        struct rule *rule = keyword_add_rule(node, keyword);
        rule->format.check = check;
        rule->format.name = value->valuestring;
    }
    return true;
}
