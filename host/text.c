/* SPDX-License-Identifier: Apache-2.0 */
/* Making short texts. */
#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/utf8.h"

enum { QUOTED_MAX = 60 }; /* bytes of a text that a message repeats */

char *text_format(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = text_formatv(format, args);
    va_end(args);
    return text;
}

char *text_formatv(const char *format, va_list args)
{
    char *text = NULL;
    return vasprintf(&text, format, args) < 0 ? NULL : text;
}

char *text_path(const char *folder, const char *path)
{
    return *path == '/' ? strdup(path) : path_join(folder, path);
}

static void put_quoted(struct buf *out, const char *text, size_t len)
{
    size_t at = 0;

    buf_putc(out, '"');
    while (at < len && at < QUOTED_MAX) {
        uint32_t point = 0;
        size_t count = utf8_read(text + at, len - at, &point);
        if (count == 0 || point < ' ' || (point >= 0x7f && point < 0xa0)) {
            buf_printf(out, "\\x%02x", (unsigned char)text[at++]);
            continue;
        }
        buf_append(out, text + at, count);
        at += count;
    }
    buf_puts(out, at < len ? "...\"" : "\"");
}

char *text_quoted(const char *text)
{
    struct buf out;

    buf_init(&out, SIZE_MAX - 1);
    put_quoted(&out, text, strlen(text));
    char *quoted = buf_take(&out);
    buf_clear(&out);
    return quoted;
}
