/* SPDX-License-Identifier: Apache-2.0 */
/* The check of one value by one schema, under way. */
#ifndef WIRE_SCHEMA_CHECK_H
#define WIRE_SCHEMA_CHECK_H

#include "wire/schema_node.h"
#include "wire/schema_scratch.h"

enum {
    CHECK_DEPTH_MAX = 2000,     /* visits within visits; they take less than 1 MiB of stack */
    CHECK_STEPS = 500000,       /* for every check */
    CHECK_STEPS_EXTRA = 32,     /* and for each value of a large instance, and each STEP_BYTES of its text */
    STEP_ITEMS = 16,            /* items passed in one step, where little is done with each */
    STEP_BYTES = 64,            /* the same for text */
    SEARCH_STEPS = 4,           /* what a pattern takes at least */
    VIOLATIONS_SIZE_MAX = 65536 /* bytes; no more are collected beyond */
};

struct check {
    struct scratch *scratch;
    struct buf *out; /* where violations go; NULL: only yes or no is asked for */
    size_t violation_count;
    size_t out_end; /* length of out from which on no more are collected */
    const cJSON *root;
    unsigned depth;
    long long steps;      /* left */
    bool has_extra_steps; /* those of a large instance were given */
    const char *given_up; /* why the check ended early; NULL: it did not */
};

/* Which members or items have been evaluated, one byte each, in the scratch memory. */
struct seen {
    size_t at, count;
    bool is_wanted;
};

/* A node meets a value. Each knows the one that led to it: the chain is the way through the instance and the dynamic
 * scope at once. */
struct visit {
    const struct node *node;
    const cJSON *item;
    const struct visit *from; /* NULL: the first */
    const char *name;         /* how the value was reached in from's: by name, */
    size_t index;             /* by index, or NO_INDEX and NULL: it is the same value */
    bool is_key;              /* the value is the name itself */
    struct seen seen;
};

unsigned type_of(const cJSON *item); /* one of TYPE_, 0 for what is no JSON */

/* Whether the value of a visit fits its node. */
bool check_visit(struct check *check, struct visit *visit);

/* The same for another node and the same value; what it evaluates counts for this visit. */
bool check_same(struct check *check, const struct visit *visit, const struct node *node);

/* The same, but violations are not collected, and what it evaluates counts only if it fits. */
bool check_quietly(struct check *check, const struct visit *visit, const struct node *node);

/* A value inside this one. */
bool check_member(struct check *check, const struct visit *visit, const struct node *node, const cJSON *member);
bool check_item(struct check *check, const struct visit *visit, const struct node *node, const cJSON *item,
                size_t index);

/* Take steps from the budget; false when it is used up, and the check gives up. */
bool check_spend(struct check *check, size_t steps);
bool check_give_up(struct check *check, const char *why);

/* The steps of a walk through all of a value; begin with depth 0. */
size_t check_steps_within(const cJSON *item, unsigned depth);

/* The member of an object; NULL too when the check gives up. */
const cJSON *check_find(struct check *check, const cJSON *object, const char *name);

/* Whether to go on after something did not fit: only to collect more. */
static inline bool check_goes_on(const struct check *check)
{
    return check->out && !check->given_up && check->violation_count < VIOLATIONS_MAX &&
           check->out->len < check->out_end;
}

/* What has been evaluated. */
void seen_mark(struct check *check, const struct visit *visit, size_t index);
bool seen_has(const struct check *check, const struct visit *visit, size_t index);

/* A pattern against a text; gives up when it takes too long. */
bool check_pattern(struct check *check, const struct pattern *pattern, const char *text);

/* ---- the rules: schema_assert.c, schema_apply.c ---- */

bool fits_type(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_enum(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_minimum(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_maximum(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_exclusive_minimum(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_exclusive_maximum(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_multiple_of(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_min_length(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_max_length(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_pattern(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_format(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_min_items(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_max_items(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_unique_items(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_min_properties(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_max_properties(struct check *check, const struct rule *rule, const struct visit *visit);

bool fits_reference(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_all_of(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_any_of(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_one_of(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_not(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_condition(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_dependents(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_members(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_property_names(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_items(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_contains(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_unevaluated_members(struct check *check, const struct rule *rule, const struct visit *visit);
bool fits_unevaluated_items(struct check *check, const struct rule *rule, const struct visit *visit);

#endif
