/* SPDX-License-Identifier: Apache-2.0 */
/* The log in the words of somebody who writes a plugin. */
#include "author/wording.h"

#include <stdio.h>
#include <string.h>

/* Words: {key} is the field's value; what stands in [] is left out where a field in it is missing or empty. Without
 * words an event is not told: it is about the host, not about the plugin. */
static const struct {
    const char *text; /* one that ends with a blank is the beginning of the event's */
    const char *words;
} table[] = {
    { "plugin serves", "loaded: version {version}" },
    { "plugin replaced", "reloaded: version {version}, generation {generation}" },
    { "plugin refused", "refused: {reason}[; {kept} stays]" },
    { "plugin failed, trying again later", "cannot start, trying again later: {reason}[; {kept} stays]" },
    { "plugin will stay in memory when it is replaced", "every build of it will stay in memory: {reason}" },
    { "pinned in memory", "an old build stays in memory: {reason}" },
    { "a plugin ended the last host", "it crashed ({what})[, in a handler of agent '{agent}']; {now}" },
    { "agentmeshd begins", NULL },
    { "joining the mesh", NULL },
    { "connected to ", NULL },
    { "ready", NULL },
    { "unloaded", NULL },
    { "plugin leaves", NULL },
    { "ending: finishing what is in hand", NULL },
    { "ended", NULL },
};

static const char *value_of(const char *const *fields, const char *key, size_t len)
{
    for (; *fields; fields += 2) {
        if (strlen(fields[0]) == len && strncmp(fields[0], key, len) == 0)
            return fields[1];
    }
    return "";
}

/* Whether every field between [ and ] has a value. */
static bool is_whole(const char *part, const char *const *fields)
{
    size_t end = strcspn(part, "]");
    for (const char *at = part; (at = memchr(at, '{', end - (size_t)(at - part))); at++) {
        if (!*value_of(fields, at + 1, strcspn(at + 1, "}")))
            return false;
    }
    return true;
}

static void expand(const char *words, const char *const *fields, FILE *out)
{
    for (; *words; words++) {
        if (*words == '[' && !is_whole(words, fields)) {
            words += strcspn(words, "]");
        } else if (*words == '{') {
            size_t len = strcspn(words + 1, "}");
            fputs(value_of(fields, words + 1, len), out);
            words += len + 1;
        } else if (*words != '[' && *words != ']') {
            fputc(*words, out);
        }
    }
}

static bool is_about(const char *text, const char *known)
{
    size_t len = strlen(known);
    return known[len - 1] == ' ' ? strncmp(text, known, len) == 0 : strcmp(text, known) == 0;
}

bool wording_for_authors(const char *text, const char *const *fields, char *words, size_t size)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (!is_about(text, table[i].text))
            continue;
        FILE *out = table[i].words ? fmemopen(words, size - 1, "w") : NULL;
        if (!out)
            return table[i].words; /* no memory: as it is */
        expand(table[i].words, fields, out);
        fclose(out);
        words[size - 1] = '\0'; /* what was cut has no end of its own */
        return true;
    }
    return true;
}
