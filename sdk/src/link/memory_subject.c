/* SPDX-License-Identifier: Apache-2.0 */
#include "link/memory_subject.h"

#include <stddef.h>
#include <string.h>

static bool is_token(const char *token, size_t len, char what)
{
    return len == 1 && *token == what;
}

bool memory_subject_matches(const char *pattern, const char *subject)
{
    for (;;) {
        size_t wanted = strcspn(pattern, "."), len = strcspn(subject, ".");
        if (len == 0)
            return false;
        if (is_token(pattern, wanted, '>') && !pattern[1])
            return true;
        if (!is_token(pattern, wanted, '*') && (wanted != len || memcmp(pattern, subject, len) != 0))
            return false;
        pattern += wanted;
        subject += len;
        if (!*pattern || !*subject)
            return *pattern == *subject;
        pattern++;
        subject++;
    }
}

bool memory_subject_is_pattern(const char *subject)
{
    for (const char *token = subject;; token++) {
        size_t len = strcspn(token, ".");
        if (is_token(token, len, '*') || (is_token(token, len, '>') && !token[1]))
            return true;
        token += len;
        if (!*token)
            return false;
    }
}
