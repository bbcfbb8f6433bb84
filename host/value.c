/* SPDX-License-Identifier: Apache-2.0 */
/* Values of mesh.ini: read, checked, compared, freed. */
#include "value.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/guess.h"
#include "text.h"

enum {
    NUMBER_DIGITS = 9,    /* what surely fits 32 bits */
    GROUP_BUFFER = 65536, /* for the members of a group */
    PORT_LAST = 65535
};

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
}

static void *field_of(const struct key *key, const void *target)
{
    return (char *)target + key->offset;
}

/* ---- messages ---- */

/* Refuse a value: what was found in quotes, then what is wrong with it and what is allowed. */
__attribute__((format(printf, 3, 4))) static mesh_status refuse(mesh_error *err, const char *found, const char *format,
                                                                ...)
{
    auto_free char *quoted = text_quoted(found);
    va_list args;

    va_start(args, format);
    auto_free char *words = text_formatv(format, args);
    va_end(args);
    if (!quoted || !words)
        return no_memory(err);
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "%s %s", quoted, words);
}

/* ---- numbers ---- */

/* Read digits; returns what follows them, NULL if there are none. Too many make a number that is out of any range. */
static const char *read_number(const char *text, uint64_t *ret_number)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0)
        return NULL;
    *ret_number = digits > NUMBER_DIGITS ? UINT64_MAX : strtoull(text, NULL, 10);
    return text + digits;
}

static const struct {
    const char *name;
    uint32_t ms;
} units[] = { { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };

enum { UNIT_COUNT = sizeof(units) / sizeof(units[0]) };

const char *value_duration(char text[VALUE_DURATION_SIZE], uint32_t ms)
{
    size_t i = 0;

    while (ms == 0 ? units[i].ms != 1000 : ms % units[i].ms != 0)
        i++;
    snprintf(text, VALUE_DURATION_SIZE, "%u%s", ms / units[i].ms, units[i].name);
    return text;
}

static mesh_status set_duration(const struct key *key, uint32_t *field, const char *text, mesh_error *err)
{
    char low[VALUE_DURATION_SIZE], high[VALUE_DURATION_SIZE];
    uint64_t number = 0;
    size_t unit = 0;
    const char *after = read_number(text, &number);

    while (after && unit < UNIT_COUNT && strcmp(after, units[unit].name) != 0)
        unit++;
    if (after && *after == '\0')
        return refuse(err, text, "has no unit; write %ss for seconds or %sms for milliseconds", text, text);
    if (!after || unit == UNIT_COUNT)
        return refuse(err, text, "is no time; expected a whole number with its unit (ms, s, m, h), as in 30s");
    if (number > key->max / units[unit].ms || number * units[unit].ms < key->min)
        return refuse(err, text, "is out of range; allowed is %s to %s", value_duration(low, key->min),
                      value_duration(high, key->max));
    *field = (uint32_t)number * units[unit].ms;
    return MESH_OK;
}

static mesh_status set_count(const struct key *key, uint32_t *field, const char *text, mesh_error *err)
{
    uint64_t number = 0;
    const char *after = read_number(text, &number);

    if (!after || *after != '\0')
        return refuse(err, text, "is no whole number; allowed is %u to %u", key->min, key->max);
    if (number < key->min || number > key->max)
        return refuse(err, text, "is out of range; allowed is %u to %u", key->min, key->max);
    *field = (uint32_t)number;
    return MESH_OK;
}

/* ---- words ---- */

static const struct key_choice switch_words[] = {
    { "yes", 1 }, { "no", 0 }, { "true", 1 }, { "false", 0 }, { "on", 1 }, { "off", 0 }, { NULL, 0 },
};

static mesh_status set_choice(const struct key_choice *choices, uint32_t *field, const char *text, mesh_error *err)
{
    struct guess guess = guess_start(text);
    struct buf allowed;

    buf_init(&allowed, SIZE_MAX - 1);
    for (const struct key_choice *choice = choices; choice->word; choice++) {
        if (strcmp(choice->word, text) == 0) {
            *field = choice->number;
            buf_clear(&allowed);
            return MESH_OK;
        }
        guess_try(&guess, choice->word);
        buf_printf(&allowed, "%s%s", choice == choices ? "" : ", ", choice->word);
    }
    auto_free char *words = buf_take(&allowed);
    buf_clear(&allowed);
    if (!words)
        return no_memory(err);
    if (guess.best)
        return refuse(err, text, "is not one of %s; did you mean \"%s\"?", words, guess.best);
    return refuse(err, text, "is not one of %s", words);
}

static mesh_status set_switch(bool *field, const char *text, mesh_error *err)
{
    uint32_t number = 0;
    mesh_status status = set_choice(switch_words, &number, text, err);

    if (status == MESH_OK)
        *field = number != 0;
    return status;
}

/* ---- strings ---- */

/* text is taken. */
static mesh_status set_string(char **field, char *text, mesh_error *err)
{
    if (!text)
        return no_memory(err);
    free(*field);
    *field = text;
    return MESH_OK;
}

static mesh_status set_group(gid_t *field, const char *text, mesh_error *err)
{
    auto_free char *buffer = malloc(GROUP_BUFFER);
    struct group group, *found = NULL;

    if (!buffer)
        return no_memory(err);
    if (getgrnam_r(text, &group, buffer, GROUP_BUFFER, &found) != 0 || !found)
        return refuse(err, text, "is no group of this machine");
    *field = group.gr_gid;
    return MESH_OK;
}

static mesh_status set_path(char **field, const char *folder, const char *text, mesh_error *err)
{
    if (strchr(text, '\n'))
        return refuse(err, text, "goes on in a second line; expected one path");
    return set_string(field, text_path(folder, text), err);
}

/* The next element between commas and newlines, trimmed, not empty; given in ret_item, NULL there without memory. */
static bool next_item(const char **at, char **ret_item)
{
    while (**at) {
        const char *start = *at + strspn(*at, " \t");
        size_t len = strcspn(start, ",\n");
        *at = start[len] ? start + len + 1 : start + len;
        while (len > 0 && (start[len - 1] == ' ' || start[len - 1] == '\t'))
            len--;
        if (len > 0) {
            *ret_item = strndup(start, len);
            return true;
        }
    }
    return false;
}

static mesh_status set_paths(struct config_list *field, const char *folder, const char *text, mesh_error *err)
{
    struct config_list list;
    const char *at = text;
    char *item = NULL;
    bool fits = list_init(&list);

    while (fits && next_item(&at, &item)) {
        fits = item && list_take(&list, text_path(folder, item));
        free(take(&item));
    }
    if (!fits || list.count == 0) {
        list_clear(&list);
        return fits ? refuse(err, text, "names no folder; expected paths separated by commas") : no_memory(err);
    }
    list_clear(field);
    *field = list;
    return MESH_OK;
}

/* ---- servers ---- */

static bool port_is_valid(const char *text, size_t len)
{
    uint64_t port = 0;
    const char *after = len > 0 ? read_number(text, &port) : NULL;

    return after == text + len && port > 0 && port <= PORT_LAST;
}

/* What is wrong with a server's URL, or NULL. */
static const char *url_problem(const char *url)
{
    const char *scheme_end = strstr(url, "://");
    const char *host = scheme_end ? scheme_end + 3 : url;
    size_t scheme_len = (size_t)(host - url);
    bool scheme_is_known = scheme_len == 0 || (scheme_len == 7 && strncmp(url, "nats://", 7) == 0) ||
                           (scheme_len == 6 && strncmp(url, "tls://", 6) == 0);

    if (strpbrk(url, " \t"))
        return "has blanks inside; servers are separated by commas";
    if (!scheme_is_known)
        return "is no server of a mesh; expected nats://HOST:PORT or tls://HOST:PORT";
    const char *user_end = strrchr(host, '@');
    host = user_end ? user_end + 1 : host;
    size_t host_len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    if (host_len > strlen(host) || host_len == 0)
        return "has no host; expected nats://HOST:PORT";
    const char *after = host + host_len;
    if (*after == ':' && !port_is_valid(after + 1, strcspn(after + 1, "/")))
        return "has a port that is none; allowed is 1 to 65535";
    if (*after == ':')
        after += strcspn(after, "/");
    if (*after != '\0' && strcmp(after, "/") != 0)
        return "has text after host and port; expected nats://HOST:PORT";
    return NULL;
}

/* One of several servers; found is what a message calls it. */
static mesh_status url_check(const char *url, const char *found, bool alone, mesh_error *err)
{
    const char *problem = url_problem(url);

    if (strcmp(url, "local") == 0)
        return alone ? MESH_OK : refuse(err, url, "must stand alone; it cannot be one of several servers");
    return problem ? refuse(err, found, "%s", problem) : MESH_OK;
}

/* The servers as the library reads them: separated by single commas. */
static mesh_status set_url(char **field, const char *text, mesh_error *err)
{
    /* A password may stand before an "@", and a message must not repeat it. */
    bool has_secret = strchr(text, '@') != NULL;
    mesh_status status = MESH_OK;
    const char *at = text;
    char *item = NULL;
    struct buf joined;

    buf_init(&joined, SIZE_MAX - 1);
    while (status == MESH_OK && next_item(&at, &item)) {
        bool alone = joined.len == 0 && at[strspn(at, ", \t\n")] == '\0';
        status = item ? url_check(item, has_secret ? "..." : item, alone, err) : no_memory(err);
        if (status == MESH_OK)
            buf_printf(&joined, "%s%s", joined.len > 0 ? "," : "", item);
        free(take(&item));
    }
    if (status == MESH_OK && joined.len == 0 && !buf_failed(&joined))
        status = refuse(err, text, "names no server; expected nats://HOST:PORT, or local");
    if (status == MESH_OK)
        status = set_string(field, buf_take(&joined), err);
    buf_clear(&joined);
    return status;
}

/* ---- by type ---- */

/* Whether the rest is a name that the mesh takes is known when an agent is registered. */
static mesh_status set_gate(char **field, const char *text, mesh_error *err)
{
    size_t kind = strcspn(text, ":");
    bool is_known =
        (kind == 3 && strncmp(text, "key", kind) == 0) || (kind == 7 && strncmp(text, "subject", kind) == 0);

    if (!is_known || !text[kind] || !text[kind + 1])
        return refuse(err, text, "is no gate; expected key:NAME or subject:NAME");
    return set_string(field, strdup(text), err);
}

mesh_status value_set(const struct key *key, void *target, const char *folder, const char *text, mesh_error *err)
{
    void *field = field_of(key, target);

    if (*text == '\0')
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "is empty; remove the line for the default");
    switch (key->type) {
    case KEY_URL:
        return set_url(field, text, err);
    case KEY_PATH:
        return set_path(field, folder, text, err);
    case KEY_PATHS:
        return set_paths(field, folder, text, err);
    case KEY_GATE:
        return set_gate(field, text, err);
    case KEY_GROUP:
        return set_group(field, text, err);
    case KEY_DURATION:
        return set_duration(key, field, text, err);
    case KEY_COUNT:
        return set_count(key, field, text, err);
    case KEY_CHOICE:
        return set_choice(key->choices, field, text, err);
    case KEY_SWITCH:
        return set_switch(field, text, err);
    }
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "has a type that is none");
}

static bool string_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool value_equal(const struct key *key, const void *a, const void *b)
{
    const void *left = field_of(key, a), *right = field_of(key, b);

    switch (key->type) {
    case KEY_URL:
    case KEY_PATH:
    case KEY_GATE:
        return string_equal(*(char *const *)left, *(char *const *)right);
    case KEY_PATHS:
        return list_equal(left, right);
    case KEY_GROUP:
        return *(const gid_t *)left == *(const gid_t *)right;
    case KEY_DURATION:
    case KEY_COUNT:
    case KEY_CHOICE:
        return *(const uint32_t *)left == *(const uint32_t *)right;
    case KEY_SWITCH:
        return *(const bool *)left == *(const bool *)right;
    }
    return false;
}

void value_free(const struct key *key, void *target)
{
    void *field = field_of(key, target);

    switch (key->type) {
    case KEY_URL:
    case KEY_PATH:
    case KEY_GATE:
        free(take((char **)field));
        break;
    case KEY_PATHS:
        list_clear(field);
        break;
    case KEY_GROUP:
    case KEY_DURATION:
    case KEY_COUNT:
    case KEY_CHOICE:
    case KEY_SWITCH:
        break;
    }
}
