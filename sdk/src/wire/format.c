/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats, and those that are no family. */
#include "wire/format.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "wire/format_internal.h"
#include "wire/pattern.h"

/* RFC 4122, in any case. */
static bool format_uuid(const char *text, size_t len)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (len != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < len; i++)
        if (shape[i] == '-' ? text[i] != '-' : ascii_hex(text[i]) < 0)
            return false;
    return true;
}

/* RFC 6901: "~" only as "~0" and "~1". */
static bool format_json_pointer(const char *text, size_t len)
{
    if (len > 0 && text[0] != '/')
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] == '~' && (i + 1 == len || (text[i + 1] != '0' && text[i + 1] != '1')))
            return false;
    return true;
}

static bool read_whole_number(struct scan *scan)
{
    const char *first = scan->at;

    while (ascii_is_digit(scan_peek(scan)))
        scan->at++;
    return scan->at > first && (*first != '0' || scan->at == first + 1);
}

/* Levels up, then perhaps a step between neighbours, then a pointer or "#" for the name of the place. */
static bool format_relative_json_pointer(const char *text, size_t len)
{
    struct scan scan = scan_of(text, len);

    if (!read_whole_number(&scan))
        return false;
    if ((scan_accept(&scan, '+') || scan_accept(&scan, '-')) && !read_whole_number(&scan))
        return false;
    if (scan_accept(&scan, '#'))
        return scan_is_done(&scan);
    return format_json_pointer(scan.at, scan_left(&scan));
}

static bool format_regex(const char *text, size_t len)
{
    auto_free char *source = strndup(text, len);

    return source && pattern_is_valid(source);
}

static const struct {
    const char *name;
    format_check check;
} formats[] = {
    { "date", format_date },
    { "date-time", format_date_time },
    { "duration", format_duration },
    { "email", format_email },
    { "hostname", format_hostname },
    { "idn-email", format_idn_email },
    { "idn-hostname", format_idn_hostname },
    { "ipv4", format_ipv4 },
    { "ipv6", format_ipv6 },
    { "iri", format_iri },
    { "iri-reference", format_iri_reference },
    { "json-pointer", format_json_pointer },
    { "regex", format_regex },
    { "relative-json-pointer", format_relative_json_pointer },
    { "time", format_time },
    { "uri", format_uri },
    { "uri-reference", format_uri_reference },
    { "uri-template", format_uri_template },
    { "uuid", format_uuid },
};

format_check format_find(const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(formats[i].name, name) == 0)
            return formats[i].check;
    return NULL;
}
