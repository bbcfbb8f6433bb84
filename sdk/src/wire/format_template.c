/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of URIs: RFC 6570. */
#include "base/utf8.h"
#include "wire/format_internal.h"

static bool read_literal(struct scan *scan)
{
    char c = *scan->at;

    if (scan_percent(scan))
        return true;
    if ((unsigned char)c <= ' ' || c == 0x7f || strchr("\"%<>\\^`{|}", c))
        return false;
    size_t count = utf8_read(scan->at, scan_left(scan), NULL);
    scan->at += count;
    return count > 0;
}

static bool read_name_char(struct scan *scan)
{
    char c = scan_peek(scan);

    if (!ascii_is_alnum(c) && c != '_')
        return scan_percent(scan);
    scan->at++;
    return true;
}

static bool read_name(struct scan *scan)
{
    do {
        if (!read_name_char(scan))
            return false;
        while (read_name_char(scan))
            ;
    } while (scan_accept(scan, '.'));
    return true;
}

/* ":3" or "*", or nothing. */
static bool read_modifier(struct scan *scan)
{
    if (scan_accept(scan, '*') || !scan_accept(scan, ':'))
        return true;
    const char *first = scan->at;
    while (ascii_is_digit(scan_peek(scan)))
        scan->at++;
    return scan->at > first && scan->at - first <= 4 && *first != '0';
}

/* "{?first,last*}" */
static bool read_expression(struct scan *scan)
{
    if (!scan_accept(scan, '{'))
        return false;
    if (scan_peek(scan) && strchr("+#./;?&=,!@|", scan_peek(scan)))
        scan->at++;
    do {
        if (!read_name(scan) || !read_modifier(scan))
            return false;
    } while (scan_accept(scan, ','));
    return scan_accept(scan, '}');
}

bool format_uri_template(const char *text, size_t len)
{
    struct scan scan = scan_of(text, len);

    while (!scan_is_done(&scan))
        if (!(*scan.at == '{' ? read_expression(&scan) : read_literal(&scan)))
            return false;
    return true;
}
