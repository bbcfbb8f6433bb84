/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of mailboxes: RFC 5321, and RFC 6531 beyond ASCII. */
#include <strings.h>

#include "wire/format_internal.h"

enum { LOCAL_MAX = 64 };

static bool is_atom_char(char c)
{
    return ascii_is_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c)) || (unsigned char)c >= 0x80;
}

/* Atoms with single dots between them. */
static bool read_atoms(struct scan *scan)
{
    do {
        const char *first = scan->at;
        while (is_atom_char(scan_peek(scan)))
            scan->at++;
        if (scan->at == first)
            return false;
    } while (scan_accept(scan, '.'));
    return true;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static bool read_quoted(struct scan *scan)
{
    if (!scan_accept(scan, '"'))
        return false;
    while (!scan_is_done(scan) && *scan->at != '"') {
        scan_accept(scan, '\\');
        if (scan_is_done(scan) || is_control(*scan->at))
            return false;
        scan->at++;
    }
    return scan_accept(scan, '"');
}

/* "127.0.0.1", "IPv6:::1": what stands between brackets. */
static bool is_literal(struct scan literal)
{
    static const char prefix[] = "IPv6:";
    size_t prefix_len = sizeof(prefix) - 1;

    if (scan_left(&literal) > prefix_len && strncasecmp(literal.at, prefix, prefix_len) == 0)
        return format_ipv6(literal.at + prefix_len, scan_left(&literal) - prefix_len);
    return format_ipv4(literal.at, scan_left(&literal));
}

static bool is_mailbox(const char *text, size_t len, bool (*is_host)(const char *, size_t))
{
    struct scan scan = scan_of(text, len);
    bool has_local = scan_peek(&scan) == '"' ? read_quoted(&scan) : read_atoms(&scan);

    if (!has_local || scan.at - text > LOCAL_MAX || !scan_accept(&scan, '@'))
        return false;
    if (scan_left(&scan) > 2 && scan.at[0] == '[' && scan.end[-1] == ']')
        return is_literal((struct scan){ scan.at + 1, scan.end - 1 });
    return is_host(scan.at, scan_left(&scan));
}

bool format_email(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return is_mailbox(text, len, format_hostname);
}

bool format_idn_email(const char *text, size_t len)
{
    return is_mailbox(text, len, format_idn_hostname);
}
