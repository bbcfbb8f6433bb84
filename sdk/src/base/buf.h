/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer with a ceiling. Failure sticks: append as often as you like and ask once, with buf_failed(). The
 * content is always NUL-terminated beyond len, also when empty or failed.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

struct buf {
    char *data; /* owned; NULL until the first append */
    size_t len, capacity, max;
    bool failed;    /* out of memory, or over max; nothing is appended any more */
    bool too_large; /* failed because of max */
};

#define auto_buf __attribute__((cleanup(buf_clear)))

void buf_init(struct buf *buf, size_t max);
void buf_clear(struct buf *buf); /* frees; the buffer is as after buf_init() */
void buf_reset(struct buf *buf); /* empties, keeps the memory; clears a failure */

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) MESH_PRINTF(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args) MESH_PRINTF(2, 0);

/* Cut back to len, which must not be larger than what is there. */
void buf_truncate(struct buf *buf, size_t len);

bool buf_failed(const struct buf *buf);
const char *buf_text(const struct buf *buf); /* lent until the next change; "" when empty */
mesh_bytes buf_bytes(const struct buf *buf); /* the same with its length */

/* The content, given, NUL-terminated; the buffer is then empty. NULL if failed, which stays to be asked for. */
char *buf_take(struct buf *buf);

mesh_status buf_error(const struct buf *buf, mesh_error *err); /* MESH_OK, MESH_E_NO_MEMORY or MESH_E_TOO_LARGE */

#endif
