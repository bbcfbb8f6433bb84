/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers of resources: RFC 3986, and RFC 3987 beyond ASCII. */
#include <stdint.h>

#include "base/utf8.h"
#include "wire/format_internal.h"

/* Which characters may stand in a part of it. */
struct part_rule {
    const char *extra; /* beside letters, digits, "-._~", "!$&'()*+,;=" and "%20" */
    bool is_iri;       /* those beyond ASCII */
    bool is_private;   /* and those for private use */
};

static bool point_is_plain(uint32_t point)
{
    if (point < 0xa0)
        return false;
    if (point < 0x10000)
        return point <= 0xd7ff || (point >= 0xf900 && point <= 0xfdcf) || (point >= 0xfdf0 && point <= 0xffef);
    return point <= 0xefffd && (point & 0xffff) <= 0xfffd && !(point >= 0xe0000 && point < 0xe1000);
}

static bool point_is_private(uint32_t point)
{
    return (point >= 0xe000 && point <= 0xf8ff) || (point >= 0xf0000 && (point & 0xffff) <= 0xfffd);
}

static bool read_wide(struct scan *scan, const struct part_rule *rule)
{
    uint32_t point = 0;
    size_t count = utf8_read(scan->at, scan_left(scan), &point);

    if (count < 2 || !rule->is_iri || !(point_is_plain(point) || (rule->is_private && point_is_private(point))))
        return false;
    scan->at += count;
    return true;
}

static bool read_char(struct scan *scan, const struct part_rule *rule)
{
    char c = *scan->at;

    if (ascii_is_alnum(c) || (c && (strchr("-._~!$&'()*+,;=", c) || strchr(rule->extra, c)))) {
        scan->at++;
        return true;
    }
    return scan_percent(scan) || read_wide(scan, rule);
}

static bool part_fits(struct scan part, const struct part_rule *rule)
{
    while (!scan_is_done(&part))
        if (!read_char(&part, rule))
            return false;
    return true;
}

/* "v1.fe80::a+en1": for addresses of times to come. */
static bool is_future_address(struct scan address)
{
    const char *first;

    if (!scan_accept(&address, 'v') && !scan_accept(&address, 'V'))
        return false;
    first = address.at;
    while (ascii_hex(scan_peek(&address)) >= 0)
        address.at++;
    if (address.at == first || !scan_accept(&address, '.') || scan_is_done(&address))
        return false;
    return !memchr(address.at, '%', scan_left(&address)) && part_fits(address, &(struct part_rule){ .extra = ":" });
}

static bool is_port(struct scan port)
{
    while (ascii_is_digit(scan_peek(&port)))
        port.at++;
    return scan_is_done(&port);
}

static bool host_fits(struct scan host, bool is_iri)
{
    if (scan_accept(&host, '[')) {
        struct scan address = scan_until(&host, ']');
        if (host.at[-1] != ']')
            return false;
        if (!format_ipv6(address.at, scan_left(&address)) && !is_future_address(address))
            return false;
        return scan_is_done(&host) || (scan_accept(&host, ':') && is_port(host));
    }
    struct scan name = scan_until(&host, ':');
    return part_fits(name, &(struct part_rule){ .extra = "", .is_iri = is_iri }) && is_port(host);
}

/* "user@host:8080" */
static bool authority_fits(struct scan authority, bool is_iri)
{
    struct scan rest = authority;

    if (memchr(authority.at, '@', scan_left(&authority))) {
        struct scan user = scan_until(&rest, '@');
        if (!part_fits(user, &(struct part_rule){ .extra = ":", .is_iri = is_iri }))
            return false;
    }
    return host_fits(rest, is_iri);
}

static bool hierarchy_fits(struct scan path, bool is_iri)
{
    if (scan_left(&path) >= 2 && path.at[0] == '/' && path.at[1] == '/') {
        struct scan authority = scan_of(path.at + 2, scan_left(&path) - 2);
        const char *slash = memchr(authority.at, '/', scan_left(&authority));
        path.at = authority.end = slash ? slash : authority.end;
        if (!authority_fits(authority, is_iri))
            return false;
    }
    return part_fits(path, &(struct part_rule){ .extra = ":@/", .is_iri = is_iri });
}

/* "https:" */
static bool read_scheme(struct scan *scan)
{
    struct scan ahead = *scan;

    if (!ascii_is_letter(scan_peek(&ahead)))
        return false;
    while (ascii_is_alnum(scan_peek(&ahead)) || (scan_peek(&ahead) && strchr("+-.", scan_peek(&ahead))))
        ahead.at++;
    if (!scan_accept(&ahead, ':'))
        return false;
    *scan = ahead;
    return true;
}

/* A colon in the first step of a path would make a scheme of it. */
static bool path_has_scheme(struct scan path)
{
    struct scan first = scan_until(&path, '/');

    return memchr(first.at, ':', scan_left(&first)) != NULL;
}

static bool fits(const char *text, size_t len, bool is_iri, bool is_reference)
{
    struct scan fragment = scan_of(text, len), query = scan_until(&fragment, '#'), path = scan_until(&query, '?');

    if (!read_scheme(&path) && (!is_reference || path_has_scheme(path)))
        return false;
    return hierarchy_fits(path, is_iri) &&
           part_fits(query, &(struct part_rule){ .extra = ":@/?", .is_iri = is_iri, .is_private = true }) &&
           part_fits(fragment, &(struct part_rule){ .extra = ":@/?", .is_iri = is_iri });
}

bool format_uri(const char *text, size_t len)
{
    return fits(text, len, false, false);
}

bool format_uri_reference(const char *text, size_t len)
{
    return fits(text, len, false, true);
}

bool format_iri(const char *text, size_t len)
{
    return fits(text, len, true, false);
}

bool format_iri_reference(const char *text, size_t len)
{
    return fits(text, len, true, true);
}
