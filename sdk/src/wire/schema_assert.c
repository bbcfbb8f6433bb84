/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that judge one value by itself: types, numbers, strings, sizes. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "wire/schema_check.h"
#include "wire/schema_violation.h"

/* ---- numbers ---- */

/* The text of a number; one that was not read from text gets one in place. */
static const char *number_text(const cJSON *item, char place[NUMBER_SIZE])
{
    if (item->valuestring)
        return item->valuestring;
    if (isnan(item->valuedouble))
        return "0";
    if (isinf(item->valuedouble))
        return item->valuedouble > 0 ? "1e400" : "-1e400";
    number_print(place, item->valuedouble);
    return place;
}

/* Rounding keeps the order, so that only numbers that round to the same double must be looked at digit by digit. */
static int compare_to(const cJSON *item, const struct limit_rule *limit)
{
    char place[NUMBER_SIZE];

    if (item->valuedouble < limit->number)
        return -1;
    if (item->valuedouble > limit->number)
        return 1;
    return number_compare(number_text(item, place), limit->text);
}

static bool is_integral(const cJSON *item)
{
    char place[NUMBER_SIZE];
    const char *text = number_text(item, place), *at = text + (*text == '-');

    while (*at >= '0' && *at <= '9')
        at++;
    return *at == '\0' || number_is_integral(text);
}

bool fits_minimum(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return compare_to(visit->item, &rule->limit) >= 0 ||
           violation_limit(check, visit, "greater_than_equal", "ge", "greater than or equal to", rule->limit.text);
}

bool fits_maximum(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return compare_to(visit->item, &rule->limit) <= 0 ||
           violation_limit(check, visit, "less_than_equal", "le", "less than or equal to", rule->limit.text);
}

bool fits_exclusive_minimum(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return compare_to(visit->item, &rule->limit) > 0 ||
           violation_limit(check, visit, "greater_than", "gt", "greater than", rule->limit.text);
}

bool fits_exclusive_maximum(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return compare_to(visit->item, &rule->limit) < 0 ||
           violation_limit(check, visit, "less_than", "lt", "less than", rule->limit.text);
}

/* Long division: each digit, and each zero that an exponent adds, costs in proportion to the divisor's length. */
static size_t steps_to_divide(size_t len, size_t by_len)
{
    return (len + 4 * by_len) / STEP_BYTES * by_len / 4;
}

bool fits_multiple_of(struct check *check, const struct rule *rule, const struct visit *visit)
{
    char place[NUMBER_SIZE];
    const char *text = number_text(visit->item, place), *of = rule->limit.text;

    if (!check_spend(check, steps_to_divide(strlen(text), strlen(of))))
        return false;
    return number_is_multiple(text, of) ||
           violation_limit(check, visit, "multiple_of", "multiple_of", "a multiple of", rule->limit.text);
}

/* ---- types and values ---- */

bool fits_type(struct check *check, const struct rule *rule, const struct visit *visit)
{
    unsigned type = type_of(visit->item);

    if ((rule->mask & type) || ((rule->mask & TYPE_INTEGER) && type == TYPE_NUMBER && is_integral(visit->item)))
        return true;
    return violation_type(check, visit, rule->mask);
}

static bool are_equal(struct check *check, const cJSON *a, const cJSON *b);

static bool arrays_are_equal(struct check *check, const cJSON *a, const cJSON *b)
{
    for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
        if (!are_equal(check, a, b))
            return false;
    return a == b;
}

/* Names are unique, so that the same number of members, each with its like, is enough. */
static bool objects_are_equal(struct check *check, const cJSON *a, const cJSON *b)
{
    const cJSON *left = a->child, *right = b->child;

    for (; left && right; left = left->next, right = right->next) {
        if (!left->string || !right->string)
            return false;
        const cJSON *like = strcmp(left->string, right->string) == 0 ? right : check_find(check, b, left->string);
        if (!like || !are_equal(check, left, like))
            return false;
    }
    return left == right;
}

static bool numbers_are_equal(const cJSON *a, const cJSON *b)
{
    char places[2][NUMBER_SIZE];

    return a->valuedouble == b->valuedouble && number_equal(number_text(a, places[0]), number_text(b, places[1]));
}

/* json_equal() without its allocations. b is the schema's, and so bounds size and depth. */
static bool are_equal(struct check *check, const cJSON *a, const cJSON *b)
{
    unsigned type = type_of(a);

    if (type != type_of(b) || !check_spend(check, 1))
        return false;
    switch (type) {
    case TYPE_BOOLEAN:
        return cJSON_IsTrue(a) == cJSON_IsTrue(b);
    case TYPE_NUMBER:
        return numbers_are_equal(a, b);
    case TYPE_STRING:
        return strcmp(a->valuestring, b->valuestring) == 0;
    case TYPE_ARRAY:
        return arrays_are_equal(check, a, b);
    case TYPE_OBJECT:
        return objects_are_equal(check, a, b);
    default:
        return type == TYPE_NULL;
    }
}

static bool has_value(struct check *check, const struct enum_rule *choice, const cJSON *item)
{
    const cJSON *value;

    if (choice->only)
        return are_equal(check, item, choice->only);
    if (type_of(item) == TYPE_STRING)
        return names_find(&choice->strings, item->valuestring) != NAME_UNKNOWN;
    if (choice->only_strings)
        return false;
    cJSON_ArrayForEach(value, choice->values)
    {
        if (are_equal(check, item, value))
            return true;
    }
    return false;
}

bool fits_enum(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return has_value(check, rule->choice, visit->item) || violation_enum(check, visit, rule->choice);
}

/* ---- strings ---- */

/* Characters of UTF-8 text, counted no further than limit. */
static size_t count_characters(const char *text, size_t limit)
{
    size_t count = 0;

    for (const char *at = text; *at; at++)
        if (!utf8_is_tail((unsigned char)*at) && ++count > limit)
            break;
    return count;
}

bool fits_min_length(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return rule->count == 0 || count_characters(visit->item->valuestring, rule->count - 1) >= rule->count ||
           violation_length(check, visit, "string_too_short", "min_length", "at least", rule->count);
}

bool fits_max_length(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return count_characters(visit->item->valuestring, rule->count) <= rule->count ||
           violation_length(check, visit, "string_too_long", "max_length", "at most", rule->count);
}

bool fits_pattern(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return check_pattern(check, rule->pattern.pattern, visit->item->valuestring) ||
           violation_pattern(check, visit, rule->pattern.source);
}

bool fits_format(struct check *check, const struct rule *rule, const struct visit *visit)
{
    const char *text = visit->item->valuestring;

    return rule->format.check(text, strlen(text)) || violation_format(check, visit, rule->format.name);
}

/* ---- sizes ---- */

static size_t size_of(struct check *check, const cJSON *item)
{
    size_t count = 0;

    for (const cJSON *child = item->child; child; child = child->next)
        count++;
    check_spend(check, count / STEP_ITEMS);
    return count;
}

static bool is_at_least(struct check *check, const struct rule *rule, const struct visit *visit, const char *field)
{
    size_t size = size_of(check, visit->item);

    return size >= rule->count ||
           violation_size(check, visit, field, "too_short", "min_length", "at least", rule->count, size);
}

static bool is_at_most(struct check *check, const struct rule *rule, const struct visit *visit, const char *field)
{
    size_t size = size_of(check, visit->item);

    return size <= rule->count ||
           violation_size(check, visit, field, "too_long", "max_length", "at most", rule->count, size);
}

bool fits_min_items(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return is_at_least(check, rule, visit, "List");
}

bool fits_max_items(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return is_at_most(check, rule, visit, "List");
}

bool fits_min_properties(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return is_at_least(check, rule, visit, "Dictionary");
}

bool fits_max_properties(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return is_at_most(check, rule, visit, "Dictionary");
}

bool fits_unique_items(struct check *check, const struct rule *rule, const struct visit *visit)
{
    size_t first = 0, second = 0;
    const cJSON *item = visit->item->child;

    (void)rule;
    if (!item || !item->next)
        return true;
    if (!check_spend(check, check_steps_within(visit->item, 0)))
        return false;
    switch (unique_items(visit->item, &check->scratch->unique, &first, &second)) {
    case UNIQUE_YES:
        return true;
    case UNIQUE_NO:
        return violation_not_unique(check, visit, first, second);
    default:
        return check_give_up(check, "there is no memory");
    }
}
