/* SPDX-License-Identifier: Apache-2.0 */
/* Names of machines, in ASCII and beyond. */
#include <pthread.h>
#include <stdint.h>
#include <strings.h>

#include "base/utf8.h"
#include "wire/format_internal.h"
#include "wire/pattern.h"

enum { NAME_MAX_LEN = 253, LABEL_MAX = 63 };

/*
 * A label beyond ASCII by RFC 5891 and 5892, with the rules for characters that depend on their neighbours. Not checked
 * is what needs tables that we lack: whether characters are in their normal form, and joining types (a ZERO WIDTH
 * NON-JOINER may stand between any two Arabic letters).
 */
static const char label_source[] =
    "^(?!\\p{M})(?!-)(?!..--)"
    "(?!.*[\\u0660-\\u0669].*[\\u06f0-\\u06f9])(?!.*[\\u06f0-\\u06f9].*[\\u0660-\\u0669])"
    "(?:(?!.*\\u30fb)|(?=.*[\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Han}]))"
    "(?:[A-Za-z0-9\\u30fb\\u06fd\\u06fe\\u0f0b\\u3007-]"
    "|(?![\\u0640\\u07fa\\u302e\\u302f\\u3031-\\u3035\\u303b\\u05f3\\u05f4])"
    "[\\p{Ll}\\p{Lo}\\p{Lm}\\p{Mn}\\p{Mc}\\p{Nd}]"
    "|(?<=l)\\u00b7(?=l)"
    "|\\u0375(?=\\p{Script=Greek})"
    "|(?<=\\p{Script=Hebrew})[\\u05f3\\u05f4]"
    "|(?<=[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca\\u0e3a\\u0f84\\u1039\\u103a\\u1714"
    "\\u1734\\u17d2\\u1a60\\u1b44\\u1baa\\u1bab\\u1bf2\\u1bf3\\u2d7f\\ua806\\ua8c4\\ua953\\ua9c0\\uaaf6\\uabed])"
    "[\\u200c\\u200d]"
    "|(?<=\\p{Script=Arabic})\\u200c(?=\\p{Script=Arabic})"
    ")+(?<!-)$";

static struct pattern *label_pattern;

static void compile_label_pattern(void)
{
    if (pattern_compile(label_source, &label_pattern, NULL) != MESH_OK)
        label_pattern = NULL;
}

static bool is_wide_label(const char *label, size_t len)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, compile_label_pattern);
    return label_pattern && pattern_search(label_pattern, label, len, NULL) == PATTERN_MATCHES;
}

/* ---- labels as RFC 3492 puts them into ASCII ---- */

static int punycode_digit(char c)
{
    if (ascii_is_digit(c))
        return c - '0' + 26;
    return ascii_is_letter(c) ? (c | 0x20) - 'a' : -1;
}

static uint32_t adapt(uint32_t delta, uint32_t count, bool is_first)
{
    uint32_t k = 0;

    delta = is_first ? delta / 700 : delta / 2;
    delta += delta / count;
    for (; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* A number of variable length; false if it does not end or grows too large. */
static bool read_delta(struct scan *scan, uint32_t bias, uint32_t *ret_delta)
{
    uint64_t delta = 0, weight = 1;

    for (uint32_t k = 36;; k += 36) {
        int digit = punycode_digit(scan_peek(scan));
        uint32_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (digit < 0)
            return false;
        scan->at++;
        delta += (uint64_t)digit * weight;
        if (delta > UINT32_MAX / 2)
            return false;
        if ((uint32_t)digit < threshold)
            break;
        weight *= 36 - threshold;
    }
    *ret_delta = (uint32_t)delta;
    return true;
}

/* The characters; their number, or 0 if it cannot be read. */
static uint32_t decode(struct scan scan, uint32_t points[LABEL_MAX])
{
    const char *hyphen = memrchr(scan.at, '-', scan_left(&scan));
    uint32_t count = 0, point = 128, at = 0, bias = 72, delta;

    for (; hyphen && scan.at < hyphen; scan.at++)
        points[count++] = (unsigned char)*scan.at;
    scan.at += hyphen != NULL;
    for (bool is_first = true; !scan_is_done(&scan); is_first = false) {
        if (count == LABEL_MAX || !read_delta(&scan, bias, &delta))
            return 0;
        bias = adapt(delta, ++count, is_first);
        point += (at + delta) / count;
        at = (at + delta) % count;
        if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return 0;
        memmove(points + at + 1, points + at, (count - 1 - at) * sizeof(*points));
        points[at++] = point;
    }
    return count;
}

/* What follows "xn--". */
static bool is_encoded_label(struct scan scan)
{
    uint32_t points[LABEL_MAX];
    char text[LABEL_MAX * 4];
    uint32_t count = decode(scan, points);
    size_t len = 0;
    bool is_wide = false;

    for (uint32_t i = 0; i < count; i++) {
        is_wide |= points[i] >= 0x80;
        len += utf8_write(text + len, points[i]);
    }
    return is_wide && is_wide_label(text, len);
}

/* ---- names ---- */

static bool is_ascii_label(struct scan label)
{
    size_t len = scan_left(&label);

    if (len == 0 || len > LABEL_MAX || label.at[0] == '-' || label.end[-1] == '-')
        return false;
    for (const char *at = label.at; at < label.end; at++)
        if (!ascii_is_alnum(*at) && *at != '-')
            return false;
    if (len >= 4 && strncasecmp(label.at, "xn--", 4) == 0)
        return is_encoded_label(scan_of(label.at + 4, len - 4));
    return true;
}

static bool is_any_label(struct scan label)
{
    size_t points = 0;
    bool is_ascii = true;

    for (const char *at = label.at; at < label.end; at++) {
        is_ascii &= (unsigned char)*at < 0x80;
        points += !utf8_is_tail((unsigned char)*at);
    }
    if (is_ascii)
        return is_ascii_label(label);
    /* "xn--" and at least one digit for each that is not ASCII. */
    return points <= LABEL_MAX - 4 && is_wide_label(label.at, scan_left(&label));
}

static bool is_name(const char *text, size_t len, bool (*is_label)(struct scan label))
{
    struct scan scan = scan_of(text, len);

    if (len == 0 || text[len - 1] == '.')
        return false;
    while (!scan_is_done(&scan))
        if (!is_label(scan_until(&scan, '.')))
            return false;
    return true;
}

/* RFC 1123. */
bool format_hostname(const char *text, size_t len)
{
    return len <= NAME_MAX_LEN && is_name(text, len, is_ascii_label);
}

/* RFC 5890. */
bool format_idn_hostname(const char *text, size_t len)
{
    return len <= (size_t)NAME_MAX_LEN * 4 && is_name(text, len, is_any_label);
}
