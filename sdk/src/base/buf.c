/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){ .max = max };
}

void buf_clear(struct buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->max);
}

void buf_truncate(struct buf *buf, size_t len)
{
    buf->len = len;
    if (buf->data)
        buf->data[len] = '\0';
}

void buf_reset(struct buf *buf)
{
    buf_truncate(buf, 0);
    buf->failed = buf->too_large = false;
}

static size_t next_capacity(const struct buf *buf, size_t needed)
{
    size_t doubled = buf->capacity > SIZE_MAX / 2 ? SIZE_MAX : buf->capacity * 2;

    if (doubled < FIRST_CAPACITY)
        doubled = FIRST_CAPACITY;
    return doubled > needed ? doubled : needed;
}

/* Make room for len more bytes and the terminator. */
static bool reserve(struct buf *buf, size_t len)
{
    if (buf->failed)
        return false;
    if (len > buf->max - buf->len || buf->len + len == SIZE_MAX) {
        buf->failed = buf->too_large = true;
        return false;
    }
    size_t needed = buf->len + len + 1;
    if (needed <= buf->capacity)
        return true;

    size_t capacity = next_capacity(buf, needed);
    char *data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
    if (len == 0 || !reserve(buf, len))
        return;
    memcpy(buf->data + buf->len, data, len);
    buf_truncate(buf, buf->len + len);
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
    buf_append(buf, &c, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        buf->failed = true;
    if (len <= 0 || !reserve(buf, (size_t)len))
        return;
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    buf->len += (size_t)len;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

mesh_bytes buf_bytes(const struct buf *buf)
{
    return mesh_bytes_of(buf_text(buf), buf->len);
}

char *buf_take(struct buf *buf)
{
    if (!reserve(buf, 0)) {
        buf_truncate(buf, 0);
        return NULL;
    }
    char *data = buf->data;
    data[buf->len] = '\0';
    buf_init(buf, buf->max);
    return data;
}

mesh_status buf_error(const struct buf *buf, mesh_error *err)
{
    if (buf->too_large)
        return mesh_error_set(err, MESH_E_TOO_LARGE, "larger than %zu bytes", buf->max);
    if (buf->failed)
        return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    return MESH_OK;
}
