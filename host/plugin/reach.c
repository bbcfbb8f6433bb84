/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/reach.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECE = 4096 };

/* How much of it can be copied; the kernel stops at the first byte that cannot. */
static size_t copy(char *to, const void *data, size_t len)
{
    struct iovec local = { .iov_base = to, .iov_len = len };
    struct iovec remote = { .iov_base = (void *)data, .iov_len = len };
    ssize_t copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    if (copied >= 0)
        return (size_t)copied;
    if (errno == EFAULT)
        return 0;
    memcpy(to, data, len); /* not told here */
    return len;
}

/* Up to the end of its page, so that a text that ends before an unmapped one is read whole. */
static size_t piece_at(const char *data)
{
    return PIECE - (uintptr_t)data % PIECE;
}

bool reach_bytes(const void *data, size_t len)
{
    char piece[PIECE];
    for (const char *at = data; len > 0;) {
        size_t part = piece_at(at) < len ? piece_at(at) : len;
        if (copy(piece, at, part) < part)
            return false;
        at += part;
        len -= part;
    }
    return true;
}

bool reach_text(const char *text, size_t max, size_t *ret_len)
{
    char piece[PIECE];
    *ret_len = 0;
    while (text && *ret_len <= max) {
        size_t part = piece_at(text + *ret_len);
        if (copy(piece, text + *ret_len, part) < part)
            return false;
        size_t len = strnlen(piece, part);
        *ret_len += len;
        if (len < part)
            break;
    }
    return *ret_len <= max;
}
