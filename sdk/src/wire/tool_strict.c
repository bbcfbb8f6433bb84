/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/tool_strict.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

/* What strict mode does not know. */
static const char *const stripped[] = { "format",  "pattern",  "minLength", "maxLength", "minimum",
                                        "maximum", "minItems", "maxItems",  "default",   "title" };

/* Where subschemas stand as members, and as elements. */
static const char *const named[] = { "$defs", "definitions" };
static const char *const listed[] = { "anyOf", "oneOf", "allOf", "prefixItems" };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static cJSON *member(cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* The value is taken in any case. A member that is there keeps its place. False: no memory. */
static bool put(cJSON *object, const char *name, cJSON *value)
{
    if (!value)
        return false;
    bool done = member(object, name) ? cJSON_ReplaceItemInObjectCaseSensitive(object, name, value)
                                     : cJSON_AddItemToObject(object, name, value);
    if (!done)
        cJSON_Delete(value);
    return done && value->string;
}

/* The same for an array. */
static bool append(cJSON *array, cJSON *value)
{
    bool done = array && value && cJSON_AddItemToArray(array, value);
    if (!done)
        cJSON_Delete(value);
    return done;
}

/* ---- what stands in a schema ---- */

static bool is_text(const cJSON *item, const char *text)
{
    return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

static bool lists_text(const cJSON *list, const char *text)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        if (is_text(item, text))
            return true;
    }
    return false;
}

static bool has_type(const cJSON *node, const char *type)
{
    const cJSON *types = json_get(node, "type");

    return is_text(types, type) || lists_text(types, type);
}

/* ---- null beside what a property may be ---- */

static cJSON *new_null_schema(void)
{
    cJSON *schema = cJSON_CreateObject();

    if (schema && !cJSON_AddStringToObject(schema, "type", "null")) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

static bool allows_null(const cJSON *alternatives)
{
    const cJSON *alternative;

    cJSON_ArrayForEach(alternative, alternatives)
    {
        if (has_type(alternative, "null"))
            return true;
    }
    return false;
}

/* The schema becomes {"anyOf": [what it was, {"type": "null"}]}, in its place. */
static bool wrap(cJSON *property)
{
    cJSON *inner = cJSON_CreateObject(), *alternatives = cJSON_CreateArray();

    if (!inner || !alternatives) {
        cJSON_Delete(inner);
        cJSON_Delete(alternatives);
        return false;
    }
    inner->child = property->child;
    property->child = NULL;
    if (!append(alternatives, inner) || !append(alternatives, new_null_schema())) {
        cJSON_Delete(alternatives);
        return false;
    }
    return put(property, "anyOf", alternatives);
}

static bool type_or_null(cJSON *property, const cJSON *type)
{
    cJSON *types = cJSON_CreateArray();

    if (append(types, cJSON_CreateString(type->valuestring)) && append(types, cJSON_CreateString("null")))
        return put(property, "type", types);
    cJSON_Delete(types);
    return false;
}

static bool make_nullable(cJSON *property)
{
    cJSON *type = member(property, "type"), *alternatives = member(property, "anyOf");

    if (cJSON_IsString(type))
        return is_text(type, "null") || !*type->valuestring || type_or_null(property, type);
    if (cJSON_IsArray(type))
        return lists_text(type, "null") || append(type, cJSON_CreateString("null"));
    if (cJSON_IsArray(alternatives))
        return allows_null(alternatives) || append(alternatives, new_null_schema());
    if (json_get(property, "$ref") || json_get(property, "oneOf") || json_get(property, "allOf"))
        return wrap(property);
    return true;
}

/* ---- objects ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names, in the order of code points, which in UTF-8 is that of bytes. NULL: no memory. */
static cJSON *all_names(const cJSON *properties)
{
    size_t count = 0;
    const cJSON *property;
    auto_free const char **names = calloc((size_t)cJSON_GetArraySize(properties) + 1, sizeof(*names));

    if (!names)
        return NULL;
    cJSON_ArrayForEach(property, properties) names[count++] = property->string;
    qsort(names, count, sizeof(*names), by_text);
    return cJSON_CreateStringArray(names, (int)count);
}

static bool clean_object(cJSON *node)
{
    cJSON *properties = member(node, "properties"), *property;
    const cJSON *required = json_get(node, "required");

    if (!put(node, "additionalProperties", cJSON_CreateFalse()))
        return false;
    if (!cJSON_IsObject(properties))
        return put(node, "required", cJSON_CreateArray());
    cJSON_ArrayForEach(property, properties)
    {
        if (!tool_strict(property))
            return false;
        if (cJSON_IsObject(property) && !lists_text(required, property->string) && !make_nullable(property))
            return false;
    }
    return put(node, "required", all_names(properties));
}

/* ---- the rest ---- */

static bool clean_all(cJSON *container)
{
    cJSON *schema;

    cJSON_ArrayForEach(schema, container)
    {
        if (!tool_strict(schema))
            return false;
    }
    return true;
}

static bool clean_below(cJSON *node)
{
    for (size_t i = 0; i < COUNT(named); i++)
        if (cJSON_IsObject(member(node, named[i])) && !clean_all(member(node, named[i])))
            return false;
    for (size_t i = 0; i < COUNT(listed); i++)
        if (cJSON_IsArray(member(node, listed[i])) && !clean_all(member(node, listed[i])))
            return false;
    return !has_type(node, "array") || tool_strict(member(node, "items"));
}

bool tool_strict(cJSON *schema)
{
    if (!cJSON_IsObject(schema)) /* true, false, or not there at all */
        return true;
    for (size_t i = 0; i < COUNT(stripped); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(schema, stripped[i]);
    return (!has_type(schema, "object") || clean_object(schema)) && clean_below(schema);
}
