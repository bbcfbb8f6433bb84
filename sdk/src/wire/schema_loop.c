/* SPDX-License-Identifier: Apache-2.0 */
/* Loops: references that come back to where they began while they speak of the same value would never end. */
#include "wire/schema_check.h"
#include "wire/schema_compile.h"

enum { COLOUR_NEW, COLOUR_OPEN, COLOUR_DONE };

static bool visit_node(struct compiler *compiler, struct node *node, unsigned depth);

static bool visit_list(struct compiler *compiler, const struct node_list *list, unsigned depth)
{
    for (size_t i = 0; i < list->count; i++)
        if (!visit_node(compiler, list->nodes[i], depth))
            return false;
    return true;
}

static bool visit_dependents(struct compiler *compiler, const struct dependents_rule *dependents, unsigned depth)
{
    const struct node_list list = { dependents->nodes, dependents->names.count };

    return visit_list(compiler, &list, depth);
}

/* The nodes that a rule asks about the same value. */
static bool visit_rule(struct compiler *compiler, const struct rule *rule, unsigned depth)
{
    if (rule->fits == fits_reference)
        return visit_node(compiler, rule->reference->node, depth);
    if (rule->fits == fits_not)
        return visit_node(compiler, rule->node, depth);
    if (rule->fits == fits_all_of || rule->fits == fits_any_of || rule->fits == fits_one_of)
        return visit_list(compiler, &rule->list, depth);
    if (rule->fits == fits_dependents)
        return visit_dependents(compiler, rule->dependents, depth);
    if (rule->fits == fits_condition)
        return visit_node(compiler, rule->condition->condition, depth) &&
               visit_node(compiler, rule->condition->then, depth) &&
               visit_node(compiler, rule->condition->otherwise, depth);
    return true;
}

static bool visit_node(struct compiler *compiler, struct node *node, unsigned depth)
{
    if (!node || node->colour == COLOUR_DONE)
        return true;
    if (node->colour == COLOUR_OPEN)
        return compiler_refuse(compiler, node, NULL,
                               "it leads back to itself without going into the value, so that "
                               "checking would never end");
    if (depth == SCHEMA_CHAIN_MAX)
        return compiler_refuse(compiler, node, NULL, "more than %d subschemas about one value within each other",
                               SCHEMA_CHAIN_MAX);
    node->colour = COLOUR_OPEN;
    for (size_t i = 0; i < node->rule_count; i++)
        if (!visit_rule(compiler, &node->rules[i], depth + 1))
            return false;
    node->colour = COLOUR_DONE;
    return true;
}

bool loops_refuse(struct compiler *compiler)
{
    for (size_t i = 0; i < compiler->node_count; i++)
        if (!visit_node(compiler, compiler->nodes[i], 0))
            return false;
    return true;
}
