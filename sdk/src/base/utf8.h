/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool utf8_is_tail(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the character at text, 1 to 4; 0 if there is none within len. ret_point may be NULL. */
static inline size_t utf8_read(const char *text, size_t len, uint32_t *ret_point)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *bytes = (const unsigned char *)text;

    if (len == 0)
        return 0;
    size_t count = bytes[0] < 0x80 ? 1 : bytes[0] < 0xc0 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (count == 0 || count > len || bytes[0] > 0xf4)
        return 0;

    uint32_t point = count == 1 ? bytes[0] : bytes[0] & (0x7fU >> count);
    for (size_t i = 1; i < count; i++) {
        if (!utf8_is_tail(bytes[i]))
            return 0;
        point = point << 6 | (bytes[i] & 0x3fU);
    }
    if (point < smallest[count] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    if (ret_point)
        *ret_point = point;
    return count;
}

static inline bool utf8_is_valid(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t count = utf8_read(text + at, len - at, NULL);
        if (count == 0)
            return false;
        at += count;
    }
    return true;
}

/* Write a character; returns its bytes, 1 to 4. */
static inline size_t utf8_write(char out[4], uint32_t point)
{
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    for (size_t i = count - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(lead[count] | point);
    return count;
}

#endif
