/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of machines on the internet. */
#include "wire/format_internal.h"

/* RFC 2673: four decimal numbers, none with a zero in front, which some read as octal. */
bool format_ipv4(const char *text, size_t len)
{
    struct scan scan = scan_of(text, len);

    for (int part = 0; part < 4; part++) {
        int number = 0;
        const char *first = scan.at + (part > 0);
        if (part > 0 && !scan_accept(&scan, '.'))
            return false;
        while (ascii_is_digit(scan_peek(&scan)) && scan.at - first < 3)
            number = number * 10 + (*scan.at++ - '0');
        if (scan.at == first || number > 255 || (*first == '0' && scan.at > first + 1))
            return false;
    }
    return scan_is_done(&scan);
}

/* Up to four hex digits. */
static bool read_group(struct scan *scan)
{
    const char *first = scan->at;

    while (ascii_hex(scan_peek(scan)) >= 0 && scan->at - first < 4)
        scan->at++;
    return scan->at > first;
}

/* Groups with colons between them, the last two perhaps as an IPv4 address; how many, or -1. */
static int count_groups(struct scan *scan)
{
    int count = 0;

    if (scan_is_done(scan))
        return 0;
    do {
        const char *first = scan->at;
        if (!read_group(scan))
            return -1;
        if (scan_peek(scan) == '.') {
            bool is_address = format_ipv4(first, (size_t)(scan->end - first));
            scan->at = scan->end;
            return is_address ? count + 2 : -1;
        }
        count++;
    } while (scan_accept(scan, ':'));
    return scan_is_done(scan) ? count : -1;
}

/* RFC 4291, section 2.2. */
bool format_ipv6(const char *text, size_t len)
{
    const char *gap = memmem(text, len, "::", 2);

    if (!gap) {
        struct scan all = scan_of(text, len);
        return count_groups(&all) == 8;
    }
    struct scan before = { text, gap }, after = { gap + 2, text + len };
    /* An IPv4 address stands at the end only. */
    if (memchr(text, '.', (size_t)(gap - text)))
        return false;
    int left = count_groups(&before), right = count_groups(&after);
    return left >= 0 && right >= 0 && left + right < 8;
}
