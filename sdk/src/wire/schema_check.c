/* SPDX-License-Identifier: Apache-2.0 */
/* The walk of a check: visits, what has been evaluated, and the bounds of it all. */
#include "wire/schema_check.h"

#include <string.h>

#include "wire/schema_violation.h"

unsigned type_of(const cJSON *item)
{
    switch (item->type & 0xff) {
    case cJSON_NULL:
        return TYPE_NULL;
    case cJSON_False:
    case cJSON_True:
        return TYPE_BOOLEAN;
    case cJSON_Number:
        return TYPE_NUMBER;
    case cJSON_String:
        return item->valuestring ? TYPE_STRING : 0;
    case cJSON_Array:
        return TYPE_ARRAY;
    case cJSON_Object:
        return TYPE_OBJECT;
    default:
        return 0;
    }
}

/* ---- bounds ---- */

bool check_give_up(struct check *check, const char *why)
{
    if (!check->given_up)
        check->given_up = why;
    return false;
}

/* A step, and more for a long text or number, which is looked at as a whole. */
static size_t steps_of(const cJSON *item)
{
    return 1 + (item->valuestring ? strlen(item->valuestring) / STEP_BYTES : 0);
}

size_t check_steps_within(const cJSON *item, unsigned depth)
{
    size_t steps = steps_of(item) + (item->string ? strlen(item->string) / STEP_BYTES : 0);
    const cJSON *child;

    if (depth < CHECK_DEPTH_MAX) {
        cJSON_ArrayForEach(child, item) steps += check_steps_within(child, depth + 1);
    }
    return steps;
}

bool check_spend(struct check *check, size_t steps)
{
    check->steps -= (long long)steps;
    if (check->steps >= 0)
        return true;
    /* Counting a large instance is done only for one that needs it. */
    if (!check->has_extra_steps) {
        check->has_extra_steps = true;
        check->steps += CHECK_STEPS_EXTRA * (long long)check_steps_within(check->root, 0);
    }
    return check->steps >= 0 || check_give_up(check, "too many steps");
}

bool check_pattern(struct check *check, const struct pattern *pattern, const char *text)
{
    size_t len = strlen(text), steps = 0;

    if (!check_spend(check, SEARCH_STEPS + len / STEP_BYTES))
        return false;
    enum pattern_verdict verdict = pattern_search(pattern, text, len, &steps);
    if (verdict == PATTERN_GIVES_UP)
        return check_give_up(check, "a pattern takes too long");
    return check_spend(check, steps) && verdict == PATTERN_MATCHES;
}

const cJSON *check_find(struct check *check, const cJSON *object, const char *name)
{
    const cJSON *member = object->child;
    size_t count = 0;

    for (; member && !(member->string && strcmp(member->string, name) == 0); member = member->next)
        count++;
    return check_spend(check, count / STEP_ITEMS) ? member : NULL;
}

/* ---- what has been evaluated ---- */

void seen_mark(struct check *check, const struct visit *visit, size_t index)
{
    if (visit->seen.is_wanted)
        check->scratch->bytes[visit->seen.at + index] = 1;
}

bool seen_has(const struct check *check, const struct visit *visit, size_t index)
{
    return check->scratch->bytes[visit->seen.at + index] != 0;
}

static bool seen_push(struct check *check, size_t count, struct seen *seen)
{
    if (!scratch_push(check->scratch, count, &seen->at))
        return check_give_up(check, "there is no memory");
    seen->count = count;
    seen->is_wanted = true;
    check_spend(check, count / STEP_ITEMS);
    return true;
}

/* What fitted has evaluated its part for the one that asked. */
static void seen_merge(struct check *check, const struct seen *to, const struct seen *from)
{
    for (size_t i = 0; to->is_wanted && i < from->count; i++)
        check->scratch->bytes[to->at + i] |= check->scratch->bytes[from->at + i];
}

static size_t count_children(const cJSON *item)
{
    size_t count = 0;

    for (const cJSON *child = item->child; child; child = child->next)
        count++;
    return count;
}

/* ---- visits ---- */

/* The first failure decides when only yes or no is asked; a wrong type or value silences the rest. */
static bool rules_fit(struct check *check, const struct visit *visit, unsigned type)
{
    const struct rule *rule = visit->node->rules, *end = rule + visit->node->rule_count;
    bool fits = true;

    for (; rule < end; rule++) {
        if (!(rule->types & type) || rule->fits(check, rule, visit))
            continue;
        if (!check_goes_on(check) || rule->rank == 0)
            return false;
        fits = false;
    }
    return fits;
}

/* A node with unevaluated... keeps a count of its own: what others evaluated does not count for it. */
static bool rules_fit_tracked(struct check *check, const struct visit *visit, unsigned type)
{
    struct visit own = *visit;

    if (!seen_push(check, count_children(visit->item), &own.seen))
        return false;
    bool fits = rules_fit(check, &own, type);
    if (fits)
        seen_merge(check, &visit->seen, &own.seen);
    scratch_pop(check->scratch, own.seen.at);
    return fits;
}

bool check_visit(struct check *check, struct visit *visit)
{
    const struct node *node = visit->node;

    if (node->kind == NODE_TRUE)
        return true;
    if (node->kind == NODE_FALSE)
        return violation_never(check, visit);
    if (check->depth == CHECK_DEPTH_MAX)
        return check_give_up(check, "too many levels");
    if (!check_spend(check, steps_of(visit->item)))
        return false;
    check->depth++;
    unsigned type = type_of(visit->item);
    bool fits = node->tracks & type ? rules_fit_tracked(check, visit, type) : rules_fit(check, visit, type);
    check->depth--;
    return fits && !check->given_up;
}

bool check_same(struct check *check, const struct visit *visit, const struct node *node)
{
    struct visit same = { .node = node, .item = visit->item, .from = visit, .index = NO_INDEX, .seen = visit->seen };

    return check_visit(check, &same);
}

bool check_quietly(struct check *check, const struct visit *visit, const struct node *node)
{
    struct visit same = { .node = node, .item = visit->item, .from = visit, .index = NO_INDEX };
    struct buf *out = check->out;
    bool fits = false, is_wanted = visit->seen.is_wanted;

    if (is_wanted && !seen_push(check, visit->seen.count, &same.seen))
        return false;
    check->out = NULL;
    fits = check_visit(check, &same);
    check->out = out;
    if (is_wanted) {
        if (fits)
            seen_merge(check, &visit->seen, &same.seen);
        scratch_pop(check->scratch, same.seen.at);
    }
    return fits;
}

bool check_member(struct check *check, const struct visit *visit, const struct node *node, const cJSON *member)
{
    struct visit inner = { .node = node, .item = member, .from = visit, .name = member->string, .index = NO_INDEX };

    return check_visit(check, &inner);
}

bool check_item(struct check *check, const struct visit *visit, const struct node *node, const cJSON *item,
                size_t index)
{
    struct visit inner = { .node = node, .item = item, .from = visit, .index = index };

    return check_visit(check, &inner);
}

/* ---- the whole ---- */

static bool run(struct check *check, const mesh_schema *schema)
{
    struct visit first = { .node = schema->root, .item = check->root, .index = NO_INDEX };

    check->steps = CHECK_STEPS;
    bool fits = check_visit(check, &first) && !check->given_up;
    scratch_shrink(check->scratch);
    return fits;
}

bool schema_fits(const mesh_schema *schema, const cJSON *tree, struct buf *violations)
{
    struct check check = { .scratch = tree ? scratch_of_thread() : NULL, .root = tree };

    if (check.scratch && run(&check, schema))
        return true;
    if (!violations)
        return false;
    /* Again, with an ear for what is wrong: only a value that does not fit pays for it. */
    struct check again = {
        .scratch = check.scratch, .root = tree, .out = violations, .out_end = violations->len + VIOLATIONS_SIZE_MAX
    };
    if (check.scratch && !check.given_up)
        run(&again, schema);
    if (again.violation_count == 0)
        violation_undecided(&again, check.scratch ? check.given_up : "there is no memory");
    return false;
}
