/* SPDX-License-Identifier: Apache-2.0 */
/* Times as RFC 3339 has them. */
#include "wire/format_internal.h"

/* Exactly so many digits. */
static bool read_digits(struct scan *scan, size_t count, int *ret_number)
{
    int number = 0;

    if (scan_left(scan) < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!ascii_is_digit(scan->at[i]))
            return false;
        number = number * 10 + (scan->at[i] - '0');
    }
    scan->at += count;
    *ret_number = number;
    return true;
}

static bool read_two(struct scan *scan, int max, int *ret_number)
{
    return read_digits(scan, 2, ret_number) && *ret_number <= max;
}

static int days_of(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool read_date(struct scan *scan)
{
    int year, month, day;

    return read_digits(scan, 4, &year) && scan_accept(scan, '-') && read_two(scan, 12, &month) && month > 0 &&
           scan_accept(scan, '-') && read_two(scan, days_of(year, month), &day) && day > 0;
}

static bool read_fraction(struct scan *scan)
{
    int digit;

    if (!scan_accept(scan, '.'))
        return true;
    if (!read_digits(scan, 1, &digit))
        return false;
    while (read_digits(scan, 1, &digit))
        ;
    return true;
}

/* The distance from UTC in minutes. */
static bool read_offset(struct scan *scan, int *ret_minutes)
{
    int hours, minutes;
    bool is_west = scan_peek(scan) == '-';

    *ret_minutes = 0;
    if (scan_accept(scan, 'Z') || scan_accept(scan, 'z'))
        return true;
    if (!scan_accept(scan, '+') && !scan_accept(scan, '-'))
        return false;
    if (!read_two(scan, 23, &hours) || !scan_accept(scan, ':') || !read_two(scan, 59, &minutes))
        return false;
    *ret_minutes = (is_west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

static bool read_time(struct scan *scan)
{
    const int day = 24 * 60;
    int hour, minute, second, offset;

    if (!read_two(scan, 23, &hour) || !scan_accept(scan, ':') || !read_two(scan, 59, &minute) ||
        !scan_accept(scan, ':') || !read_two(scan, 60, &second) || !read_fraction(scan) || !read_offset(scan, &offset))
        return false;
    /* Leap seconds end the last minute of a day in UTC. */
    return second < 60 || (hour * 60 + minute - offset + 2 * day) % day == day - 1;
}

bool format_date(const char *text, size_t len)
{
    struct scan scan = scan_of(text, len);

    return read_date(&scan) && scan_is_done(&scan);
}

bool format_time(const char *text, size_t len)
{
    struct scan scan = scan_of(text, len);

    return read_time(&scan) && scan_is_done(&scan);
}

bool format_date_time(const char *text, size_t len)
{
    struct scan scan = scan_of(text, len);

    return read_date(&scan) && (scan_accept(&scan, 'T') || scan_accept(&scan, 't')) && read_time(&scan) &&
           scan_is_done(&scan);
}

/* "4Y", "30M": the unit, which must be one of units, from where the next may go on; NULL if there is none. */
static const char *read_amount(struct scan *scan, const char *units)
{
    struct scan ahead = *scan;
    int digit;

    if (!read_digits(&ahead, 1, &digit))
        return NULL;
    while (read_digits(&ahead, 1, &digit))
        ;
    const char *unit = scan_is_done(&ahead) ? NULL : strchr(units, *ahead.at);
    if (!unit || !*unit)
        return NULL;
    scan->at = ahead.at + 1;
    return unit;
}

/* Units that follow each other without a gap, from any of them on. */
static bool read_amounts(struct scan *scan, const char *units)
{
    const char *unit = read_amount(scan, units);

    if (!unit)
        return false;
    while (unit[1]) {
        char next[] = { unit[1], '\0' };
        if (!read_amount(scan, next))
            break;
        unit++;
    }
    return true;
}

/* RFC 3339, appendix A. */
bool format_duration(const char *text, size_t len)
{
    struct scan scan = scan_of(text, len);

    if (!scan_accept(&scan, 'P'))
        return false;
    if (read_amount(&scan, "W"))
        return scan_is_done(&scan);
    bool has_date = read_amounts(&scan, "YMD");
    if (scan_accept(&scan, 'T'))
        return read_amounts(&scan, "HMS") && scan_is_done(&scan);
    return has_date && scan_is_done(&scan);
}
