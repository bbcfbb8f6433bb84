/* SPDX-License-Identifier: Apache-2.0 */
/* What the families of formats share: a reader of text from left to right. Its functions move on only if they succeed.
 */
#ifndef WIRE_FORMAT_INTERNAL_H
#define WIRE_FORMAT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/ascii.h"

struct scan {
    const char *at, *end;
};

static inline struct scan scan_of(const char *text, size_t len)
{
    return (struct scan){ text, text + len };
}

static inline size_t scan_left(const struct scan *scan)
{
    return (size_t)(scan->end - scan->at);
}

static inline bool scan_is_done(const struct scan *scan)
{
    return scan->at == scan->end;
}

/* The next character, or NUL at the end. */
static inline char scan_peek(const struct scan *scan)
{
    return scan_is_done(scan) ? '\0' : *scan->at;
}

static inline bool scan_accept(struct scan *scan, char c)
{
    if (scan_is_done(scan) || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* What stands before a character, which is read too; all that is left if there is no such character. */
static inline struct scan scan_until(struct scan *scan, char c)
{
    const char *found = scan_is_done(scan) ? NULL : memchr(scan->at, c, scan_left(scan));
    struct scan part = { scan->at, found ? found : scan->end };

    scan->at = found ? found + 1 : scan->end;
    return part;
}

/* "%20" */
static inline bool scan_percent(struct scan *scan)
{
    if (scan_left(scan) < 3 || scan->at[0] != '%' || ascii_hex(scan->at[1]) < 0 || ascii_hex(scan->at[2]) < 0)
        return false;
    scan->at += 3;
    return true;
}

/* The formats themselves. */
bool format_date(const char *text, size_t len);
bool format_time(const char *text, size_t len);
bool format_date_time(const char *text, size_t len);
bool format_duration(const char *text, size_t len);
bool format_ipv4(const char *text, size_t len);
bool format_ipv6(const char *text, size_t len);
bool format_hostname(const char *text, size_t len);
bool format_idn_hostname(const char *text, size_t len);
bool format_email(const char *text, size_t len);
bool format_idn_email(const char *text, size_t len);
bool format_uri(const char *text, size_t len);
bool format_uri_reference(const char *text, size_t len);
bool format_iri(const char *text, size_t len);
bool format_iri_reference(const char *text, size_t len);
bool format_uri_template(const char *text, size_t len);

#endif
