/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions of ECMA-262 (Unicode, no other flags) in the words of PCRE2. */
#ifndef WIRE_ECMA_REGEX_H
#define WIRE_ECMA_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct ecma_regex {
    struct buf text;     /* for PCRE2; clear it */
    bool has_references; /* to groups by number */
    size_t longest_run;  /* the most characters that stand between two callouts */
    const char *problem; /* why it is none; NULL if all is well */
    size_t at;           /* the byte of the source where it ended, or where the problem is */
};

/*
 * Translate, no further than until the text is longer than limit: so the place of a byte of the text is found again.
 *
 * What means the same to both languages in all cases is passed on as it is, the rest is spelt out; what only PCRE2 has
 * is refused. The text has callouts where ways part, of which there may be too many to go: at the start, in every
 * group, and after everything that does not repeat a fixed number of times. Those with the number 1 stand before
 * references. At the start of an alternative ".*" is left out: for a search it is nothing.
 */
void ecma_regex_translate(const char *source, size_t limit, struct ecma_regex *ret_regex);

#endif
