/* SPDX-License-Identifier: Apache-2.0 */
/* The block of headers before a message, as it came. */
#include "wire/header.h"

#include <stdbool.h>
#include <string.h>

/* Cut blanks off both ends of a value, in place; the line's CR at least is behind it. */
static const char *trimmed(char *value, char *end)
{
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr(" \t\r", end[-1])) /* a NUL where an earlier reading has cut counts too */
        end--;
    *end = '\0';
    return value;
}

/* Whether a line, without its LF, is of this header. Its CR has become NUL where its value was read before. */
static bool is_line_of(const char *line, size_t len, const char *name, size_t name_len)
{
    return len > name_len + 1 && line[name_len] == ':' && memcmp(line, name, name_len) == 0 &&
           (line[len - 1] == '\r' || line[len - 1] == '\0');
}

const char *header_find(char *block, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    char *end = block + len;
    char *line_end = memchr(block, '\n', len);

    while (line_end) {
        char *line = line_end + 1;
        line_end = memchr(line, '\n', (size_t)(end - line));
        if (line_end && is_line_of(line, (size_t)(line_end - line), name, name_len))
            return trimmed(line + name_len + 1, line_end);
    }
    return NULL;
}
