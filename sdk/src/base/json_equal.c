/* SPDX-License-Identifier: Apache-2.0 */
/* Equality of JSON values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_internal.h"
#include "base/number.h"

/* Its text, made in place if it has none; NULL if no text stands for it. */
static const char *text_of_number(const cJSON *item, char place[NUMBER_SIZE])
{
    if (item->valuestring)
        return item->valuestring;
    if (!isfinite(item->valuedouble))
        return NULL;
    number_print(place, item->valuedouble);
    return place;
}

static bool numbers_are_equal(const cJSON *a, const cJSON *b)
{
    char places[2][NUMBER_SIZE];

    if (!a->valuestring && !b->valuestring)
        return a->valuedouble == b->valuedouble;
    const char *left = text_of_number(a, places[0]), *right = text_of_number(b, places[1]);
    return left && right && number_equal(left, right);
}

static bool values_are_equal(const cJSON *a, const cJSON *b, unsigned depth);

static bool arrays_are_equal(const cJSON *a, const cJSON *b, unsigned depth)
{
    const cJSON *left = a->child, *right = b->child;

    for (; left && right; left = left->next, right = right->next)
        if (!values_are_equal(left, right, depth))
            return false;
    return !left && !right;
}

static bool objects_are_equal(const cJSON *a, const cJSON *b, unsigned depth)
{
    size_t left_count, right_count;
    auto_free const cJSON **left = json_sorted_members(a, &left_count);
    auto_free const cJSON **right = json_sorted_members(b, &right_count);

    if (!left || !right || left_count != right_count)
        return false;
    for (size_t i = 0; i < left_count; i++)
        if (strcmp(left[i]->string, right[i]->string) != 0 || !values_are_equal(left[i], right[i], depth))
            return false;
    return true;
}

static bool values_are_equal(const cJSON *a, const cJSON *b, unsigned depth)
{
    if (!a || !b || (a->type & 0xff) != (b->type & 0xff) || depth > JSON_MAX_DEPTH)
        return a == b;
    if (cJSON_IsArray(a))
        return arrays_are_equal(a, b, depth + 1);
    if (cJSON_IsObject(a))
        return objects_are_equal(a, b, depth + 1);
    if (cJSON_IsNumber(a))
        return numbers_are_equal(a, b);
    if (cJSON_IsString(a) || cJSON_IsRaw(a))
        return strcmp(a->valuestring, b->valuestring) == 0;
    return true;
}

bool json_equal(const cJSON *a, const cJSON *b)
{
    return values_are_equal(a, b, 0);
}
