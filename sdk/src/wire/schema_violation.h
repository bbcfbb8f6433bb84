/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a value that does not fit: one JSON object for each violation, in the words of protocol 11.4. */
#ifndef WIRE_SCHEMA_VIOLATION_H
#define WIRE_SCHEMA_VIOLATION_H

#include "wire/schema_check.h"

/* Each returns false, for `return violation_...`, and does nothing where violations are not collected. */

bool violation_type(struct check *check, const struct visit *visit, unsigned allowed);
bool violation_enum(struct check *check, const struct visit *visit, const struct enum_rule *choice);
bool violation_missing(struct check *check, const struct visit *visit, const char *name, const char *because);
bool violation_never(struct check *check, const struct visit *visit);
bool violation_pattern(struct check *check, const struct visit *visit, const char *pattern);
bool violation_format(struct check *check, const struct visit *visit, const char *format);
bool violation_one_of(struct check *check, const struct visit *visit, size_t matching);
bool violation_not(struct check *check, const struct visit *visit);
bool violation_not_unique(struct check *check, const struct visit *visit, size_t first, size_t second);

/* type "greater_than_equal", key "ge", relation "greater than or equal to" */
bool violation_limit(struct check *check, const struct visit *visit, const char *type, const char *key,
                     const char *relation, const char *limit);

/* Strings: type "string_too_short", key "min_length", relation "at least" */
bool violation_length(struct check *check, const struct visit *visit, const char *type, const char *key,
                      const char *relation, size_t limit);

/* Arrays and objects: field "List", type "too_short", key "min_length", relation "at least" */
bool violation_size(struct check *check, const struct visit *visit, const char *field, const char *type,
                    const char *key, const char *relation, size_t limit, size_t actual);

/* An array with too few or too many items that fit "contains". */
bool violation_contains(struct check *check, const struct visit *visit, const char *type, const char *key,
                        const char *relation, size_t limit, size_t actual);

/* The check ended before it was decided; why may be NULL. */
bool violation_undecided(struct check *check, const char *why);

#endif
