/* SPDX-License-Identifier: Apache-2.0 */
/* Agent names and subjects. */
#include "wire/subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEATH_PREFIX "mesh.death."

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* The first byte that keeps a name from being one, NULL if it is one. */
static const char *find_flaw(const char *name)
{
    const char *at = name;

    for (; *at; at++) {
        bool begins = at == name || at[-1] == '.';
        if (!is_name_byte(*at) && (*at != '.' || begins))
            return at;
    }
    return at == name || at[-1] == '.' ? at : NULL;
}

bool name_is_valid(const char *name)
{
    return name && !find_flaw(name);
}

bool token_is_valid(const char *id)
{
    if (!*id)
        return false;
    for (const unsigned char *at = (const unsigned char *)id; *at; at++)
        if (*at <= ' ' || *at == 0x7f || *at == '.' || *at == '*' || *at == '>')
            return false;
    return true;
}

static bool is_wildcard(const char *token, size_t len)
{
    return len == 1 && (*token == '*' || *token == '>');
}

static bool is_visible(const char *token, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)token[i] <= ' ' || token[i] == 0x7f)
            return false;
    return len > 0;
}

bool subject_is_pattern(const char *subject)
{
    for (const char *token = subject;;) {
        size_t len = strcspn(token, ".");
        bool is_last = !token[len];
        if (!is_visible(token, len) || (len == 1 && *token == '>' && !is_last))
            return false;
        if (is_last)
            return true;
        token += len + 1;
    }
}

bool subject_has_wildcard(const char *subject)
{
    for (const char *token = subject;;) {
        size_t len = strcspn(token, ".");
        if (is_wildcard(token, len))
            return true;
        if (!token[len])
            return false;
        token += len + 1;
    }
}

bool subject_is_plain(const char *subject)
{
    for (const char *at = subject; *at; at++)
        if ((unsigned char)*at >= 0x7f)
            return false;
    return subject_is_pattern(subject) && !subject_has_wildcard(subject);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

mesh_status name_check(const char *name, mesh_error *err)
{
    if (!name || !*name)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent name is missing");
    const char *flaw = find_flaw(name);
    if (flaw && (!*flaw || *flaw == '.'))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent name '%s': a part between dots is empty: the name must not begin or end with "
                              "'.', nor have two together",
                              name);
    if (flaw)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent name '%s': byte %zu is not allowed: use letters, digits, '_' and '-', in parts "
                              "joined by '.'",
                              name, (size_t)(flaw - name));
    if (strlen(name) > OWN_NAME_MAX)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent name '%.32s...' of %zu bytes: at most %d are allowed", name, strlen(name),
                              OWN_NAME_MAX);
    if (strcmp(name, "global") == 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent name 'global' is the key of mesh-wide settings: choose another");
    if (ends_with(name, ".events"))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent name '%s': '.events' at the end is the subject of another agent's events: choose "
                              "another name",
                              name);
    return MESH_OK;
}

static char *join(const char *prefix, const char *tail)
{
    size_t prefix_len = strlen(prefix), tail_size = strlen(tail) + 1;
    char *subject = malloc(prefix_len + tail_size);

    if (!subject)
        return NULL;
    memcpy(subject, prefix, prefix_len);
    memcpy(subject + prefix_len, tail, tail_size);
    return subject;
}

char *subject_for_agent(const char *name)
{
    return join("mesh.agent.", name);
}

char *subject_for_queue_group(const char *name)
{
    return join("q.", name);
}

char *subject_for_stream(const char *id)
{
    return join("mesh.stream.", id);
}

char *subject_for_results(const char *id)
{
    return join("mesh.results.", id);
}

char *subject_for_errors(const char *name)
{
    return join("mesh.errors.", name);
}

char *subject_for_death(const char *name)
{
    return join(DEATH_PREFIX, name);
}

char *subject_for_logs(const char *name)
{
    return join("mesh.logs.", name);
}

static char *join_between(const char *prefix, const char *middle, const char *tail)
{
    char *subject = NULL;

    return asprintf(&subject, "%s%s%s", prefix, middle, tail) < 0 ? NULL : subject;
}

char *subject_for_events(const char *name)
{
    return join_between("mesh.agent.", name, ".events");
}

char *subject_for_channel(const char *channel)
{
    return join_between("mesh.agent.", channel, ".>");
}

const char *subject_death_agent(const char *subject)
{
    size_t len = strlen(DEATH_PREFIX);

    return strncmp(subject, DEATH_PREFIX, len) == 0 && subject[len] ? subject + len : NULL;
}
