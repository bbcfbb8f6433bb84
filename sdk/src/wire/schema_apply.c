/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that ask other nodes: about the same value, or about the values inside it. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/schema_check.h"
#include "wire/schema_violation.h"

/* ---- references ---- */

static const struct node *find_dynamic(struct check *check, const struct resource *resource, const char *name)
{
    const struct node *node = resource->dynamics;

    while (node && strcmp(node->dynamic_anchor, name) != 0 && check_spend(check, 1))
        node = node->next_dynamic;
    return node;
}

/* The outermost node with a dynamic anchor, among the resources that the check came through. */
static const struct node *outermost(struct check *check, const struct visit *visit, const struct reference_rule *rule)
{
    const struct node *found = rule->node;
    const struct resource *last = NULL;

    for (; visit && check_spend(check, 1); visit = visit->from) {
        const struct resource *resource = visit->node->resource;
        const struct node *node = resource != last ? find_dynamic(check, resource, rule->dynamic) : NULL;
        last = resource;
        found = node ? node : found;
    }
    return found;
}

bool fits_reference(struct check *check, const struct rule *rule, const struct visit *visit)
{
    const struct reference_rule *reference = rule->reference;

    return check_same(check, visit, reference->dynamic ? outermost(check, visit, reference) : reference->node);
}

/* ---- combinations ---- */

bool fits_all_of(struct check *check, const struct rule *rule, const struct visit *visit)
{
    bool fits = true;

    for (size_t i = 0; i < rule->list.count; i++) {
        fits = check_same(check, visit, rule->list.nodes[i]) && fits;
        if (!fits && !check_goes_on(check))
            return false;
    }
    return fits;
}

static bool node_is_null(const struct node *node)
{
    return node->kind == NODE_RULES && node->rule_count == 1 && node->rules[0].fits == fits_type &&
           node->rules[0].mask == TYPE_NULL;
}

/* Why no branch fits: what each has to say, but for "it may also be null", which nobody who gave a value meant. */
static bool tell_branches(struct check *check, const struct rule *rule, const struct visit *visit)
{
    size_t before = check->violation_count;

    for (size_t i = 0; i < rule->list.count && check_goes_on(check); i++)
        if (!node_is_null(rule->list.nodes[i]))
            check_same(check, visit, rule->list.nodes[i]);
    if (check_goes_on(check) && check->violation_count == before && rule->list.count > 0)
        check_same(check, visit, rule->list.nodes[0]);
    return false;
}

bool fits_any_of(struct check *check, const struct rule *rule, const struct visit *visit)
{
    bool fits = false;

    for (size_t i = 0; i < rule->list.count; i++) {
        fits = check_quietly(check, visit, rule->list.nodes[i]) || fits;
        if (check->given_up || (fits && !visit->seen.is_wanted))
            break;
    }
    return fits || (check_goes_on(check) && tell_branches(check, rule, visit));
}

bool fits_one_of(struct check *check, const struct rule *rule, const struct visit *visit)
{
    size_t matching = 0;

    for (size_t i = 0; i < rule->list.count && !check->given_up; i++) {
        matching += check_quietly(check, visit, rule->list.nodes[i]);
        if (matching > 1 && !check->out)
            return false;
    }
    if (matching == 0)
        return check_goes_on(check) && tell_branches(check, rule, visit);
    return matching == 1 || violation_one_of(check, visit, matching);
}

bool fits_not(struct check *check, const struct rule *rule, const struct visit *visit)
{
    struct visit untracked = *visit;

    untracked.seen.is_wanted = false;
    return !check_quietly(check, &untracked, rule->node) || violation_not(check, visit);
}

bool fits_condition(struct check *check, const struct rule *rule, const struct visit *visit)
{
    const struct condition_rule *condition = rule->condition;

    if (!condition->condition)
        return true;
    bool holds = check_quietly(check, visit, condition->condition);
    const struct node *node = holds ? condition->then : condition->otherwise;
    return !node || check->given_up || check_same(check, visit, node);
}

/* ---- objects ---- */

static bool has_required(struct check *check, const struct visit *visit, const cJSON *required, const char *because)
{
    const cJSON *item;
    bool fits = true;

    cJSON_ArrayForEach(item, required)
    {
        if (!check_find(check, visit->item, item->valuestring))
            fits = violation_missing(check, visit, item->valuestring, because);
        if (!fits && !check_goes_on(check))
            return false;
    }
    return fits;
}

bool fits_dependents(struct check *check, const struct rule *rule, const struct visit *visit)
{
    const struct dependents_rule *dependents = rule->dependents;
    bool fits = true;

    for (const cJSON *member = visit->item->child; member; member = member->next) {
        uint32_t at = member->string ? names_find(&dependents->names, member->string) : NAME_UNKNOWN;
        if (at == NAME_UNKNOWN)
            continue;
        if (!has_required(check, visit, dependents->required[at], member->string) ||
            (dependents->nodes[at] && !check_same(check, visit, dependents->nodes[at])))
            fits = false;
        if (!fits && !check_goes_on(check))
            return false;
    }
    return fits;
}

/* patternProperties: every pattern that matches has its say. */
static bool fits_patterns(struct check *check, const struct members_rule *members, const struct visit *visit,
                          const cJSON *member, bool *ret_matches)
{
    bool fits = true;

    for (size_t i = 0; i < members->pattern_nodes.count; i++) {
        if (!check_pattern(check, members->patterns[i], member->string)) {
            if (check->given_up)
                return false;
            continue;
        }
        *ret_matches = true;
        fits = check_member(check, visit, members->pattern_nodes.nodes[i], member) && fits;
    }
    return fits;
}

/* One member; known is its node in "properties", or NULL. */
static bool fits_member(struct check *check, const struct members_rule *members, const struct visit *visit,
                        const struct node *known, const cJSON *member, size_t index)
{
    bool matches = known != NULL;
    bool fits = !known || check_member(check, visit, known, member);

    if (members->pattern_nodes.count > 0 && (fits || check_goes_on(check)))
        fits = fits_patterns(check, members, visit, member, &matches) && fits;
    if (!matches && members->additional && !check->given_up) {
        fits = check_member(check, visit, members->additional, member) && fits;
        matches = true;
    }
    if (matches)
        seen_mark(check, visit, index);
    return fits;
}

/* Once through the object; required members are counted, which is enough for a yes or no. */
static bool all_members_fit(struct check *check, const struct members_rule *members, const struct visit *visit)
{
    size_t index = 0, required = 0;
    uint32_t next = 0;

    for (const cJSON *member = visit->item->child; member; member = member->next, index++) {
        if (!member->string)
            continue;
        uint32_t at = names_find_next(&members->names, member->string, &next);
        const struct node *known = at == NAME_UNKNOWN ? NULL : members->nodes[at];
        required += at != NAME_UNKNOWN && members->required[at];
        if (!fits_member(check, members, visit, known, member, index))
            return false;
    }
    return required >= members->required_count;
}

struct found_member {
    const cJSON *member;
    size_t index;
};

/* The same for people: what the schema names comes first, in its order, then the rest in the instance's. */
static bool tell_members(struct check *check, const struct members_rule *members, const struct visit *visit)
{
    const struct names *names = &members->names;
    auto_free struct found_member *found = calloc(names->count + 1, sizeof(*found));
    size_t index = 0;
    bool fits = true;

    if (!found)
        return check_give_up(check, "there is no memory");
    check_spend(check, names->count / STEP_ITEMS);
    for (const cJSON *member = visit->item->child; member; member = member->next, index++) {
        uint32_t at = member->string ? names_find(names, member->string) : NAME_UNKNOWN;
        if (at != NAME_UNKNOWN)
            found[at] = (struct found_member){ member, index };
    }
    for (size_t at = 0; at < names->count && check_goes_on(check); at++) {
        if (found[at].member)
            fits = fits_member(check, members, visit, members->nodes[at], found[at].member, found[at].index) && fits;
        else if (members->required[at])
            fits = violation_missing(check, visit, names->texts[at], NULL);
    }
    index = 0;
    for (const cJSON *member = visit->item->child; member && check_goes_on(check); member = member->next, index++)
        if (member->string && names_find(names, member->string) == NAME_UNKNOWN)
            fits = fits_member(check, members, visit, NULL, member, index) && fits;
    return fits;
}

bool fits_members(struct check *check, const struct rule *rule, const struct visit *visit)
{
    return check->out ? tell_members(check, rule->members, visit) : all_members_fit(check, rule->members, visit);
}

bool fits_property_names(struct check *check, const struct rule *rule, const struct visit *visit)
{
    bool fits = true;

    for (const cJSON *member = visit->item->child; member; member = member->next) {
        if (!member->string)
            continue;
        cJSON name = { .type = cJSON_String, .valuestring = member->string };
        struct visit key = {
            .node = rule->node, .item = &name, .from = visit, .name = member->string, .index = NO_INDEX, .is_key = true
        };
        fits = check_visit(check, &key) && fits;
        if (!fits && !check_goes_on(check))
            return false;
    }
    return fits;
}

bool fits_unevaluated_members(struct check *check, const struct rule *rule, const struct visit *visit)
{
    bool fits = true;
    size_t index = 0;

    for (const cJSON *member = visit->item->child; member; member = member->next, index++) {
        if (seen_has(check, visit, index) || !member->string)
            continue;
        fits = check_member(check, visit, rule->node, member) && fits;
        seen_mark(check, visit, index);
        if (!fits && !check_goes_on(check))
            return false;
    }
    return fits;
}

/* ---- arrays ---- */

bool fits_items(struct check *check, const struct rule *rule, const struct visit *visit)
{
    const struct items_rule *items = rule->items;
    size_t index = 0;
    bool fits = true;

    for (const cJSON *item = visit->item->child; item; item = item->next, index++) {
        const struct node *node = index < items->prefix.count ? items->prefix.nodes[index] : items->rest;
        if (!node)
            break;
        fits = check_item(check, visit, node, item, index) && fits;
        seen_mark(check, visit, index);
        if (!fits && !check_goes_on(check))
            return false;
    }
    return fits;
}

static bool item_fits_quietly(struct check *check, const struct visit *visit, const struct node *node,
                              const cJSON *item, size_t index)
{
    struct buf *out = check->out;

    check->out = NULL;
    bool fits = check_item(check, visit, node, item, index);
    check->out = out;
    return fits;
}

bool fits_contains(struct check *check, const struct rule *rule, const struct visit *visit)
{
    const struct contains_rule *contains = rule->contains;
    size_t index = 0, count = 0;

    if (!contains->node)
        return true;
    for (const cJSON *item = visit->item->child; item && !check->given_up; item = item->next, index++) {
        if (!item_fits_quietly(check, visit, contains->node, item, index))
            continue;
        count++;
        seen_mark(check, visit, index);
        if (count >= contains->min && contains->max == SIZE_MAX && !visit->seen.is_wanted)
            return true;
    }
    if (count < contains->min)
        return violation_contains(check, visit, "contains_too_few", "min_contains", "at least", contains->min, count);
    return count <= contains->max ||
           violation_contains(check, visit, "contains_too_many", "max_contains", "at most", contains->max, count);
}

bool fits_unevaluated_items(struct check *check, const struct rule *rule, const struct visit *visit)
{
    bool fits = true;
    size_t index = 0;

    for (const cJSON *item = visit->item->child; item; item = item->next, index++) {
        if (seen_has(check, visit, index))
            continue;
        fits = check_item(check, visit, rule->node, item, index) && fits;
        seen_mark(check, visit, index);
        if (!fits && !check_goes_on(check))
            return false;
    }
    return fits;
}
