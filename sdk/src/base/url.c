/* SPDX-License-Identifier: Apache-2.0 */
#include "base/url.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { URL_MAX = 64 << 10 };

/* A user with a password is still shown; who stands alone may be a token. */
static void put_one(struct buf *out, const char *url, size_t len)
{
    const char *scheme = memmem(url, len, "://", 3);
    const char *user = scheme ? scheme + 3 : url, *end = url + len;
    const char *at = memrchr(user, '@', (size_t)(end - user));
    const char *colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
    const char *secret = colon ? colon + 1 : user;
    buf_append(out, url, (size_t)(secret - url));
    buf_puts(out, at ? "***" : "");
    buf_append(out, at ? at : secret, (size_t)(end - (at ? at : secret)));
}

char *url_hide_secrets(const char *url)
{
    struct buf out = { .max = URL_MAX };
    for (size_t len; *url; url += len + (url[len] == ',')) {
        len = strcspn(url, ",");
        put_one(&out, url, len);
        if (url[len])
            buf_putc(&out, ',');
    }
    return buf_take(&out);
}
