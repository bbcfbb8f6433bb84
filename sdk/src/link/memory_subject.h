/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a subject is one of those that a pattern means. Keys and their patterns are alike. */
#ifndef LINK_MEMORY_SUBJECT_H
#define LINK_MEMORY_SUBJECT_H

#include <stdbool.h>

/* A token "*" stands for any one token, ">" at the end for one or more; elsewhere both are ordinary characters. */
bool memory_subject_matches(const char *pattern, const char *subject);

/* Whether a pattern means more than one subject. */
bool memory_subject_is_pattern(const char *subject);

#endif
