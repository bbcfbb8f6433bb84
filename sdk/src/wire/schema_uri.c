/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3986, section 5: a reference and its base become one URI. */
#include "wire/schema_uri.h"

#include <string.h>

#include "base/ascii.h"

/* A run of bytes; text is NULL where the part is absent, which is not the same as empty. */
struct part {
    const char *text;
    size_t len;
};

struct uri {
    struct part scheme, authority, path, query;
};

size_t uri_len_without_fragment(const char *reference)
{
    return strcspn(reference, "#");
}

static size_t scheme_len(const char *text, size_t len)
{
    size_t at = 0;

    if (len == 0 || !ascii_is_letter(text[0]))
        return 0;
    while (at < len && (ascii_is_alnum(text[at]) || text[at] == '+' || text[at] == '-' || text[at] == '.'))
        at++;
    return at < len && text[at] == ':' ? at : 0;
}

static struct part part_until(const char **text, const char *end, const char *stops)
{
    struct part part = { *text, 0 };

    while (*text < end && !strchr(stops, **text))
        (*text)++;
    part.len = (size_t)(*text - part.text);
    return part;
}

static struct uri uri_read(const char *text, size_t len)
{
    struct uri uri = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    const char *end = text + len;
    size_t scheme = scheme_len(text, len);

    if (scheme > 0) {
        uri.scheme = (struct part){ text, scheme };
        text += scheme + 1;
    }
    if (end - text >= 2 && text[0] == '/' && text[1] == '/') {
        text += 2;
        uri.authority = part_until(&text, end, "/?");
    }
    uri.path = part_until(&text, end, "?");
    if (text < end)
        uri.query = (struct part){ text + 1, (size_t)(end - text - 1) };
    return uri;
}

/* Cut the last segment off what was written from start on. */
static void drop_segment(struct buf *out, size_t start)
{
    while (out->len > start && out->data[out->len - 1] != '/')
        buf_truncate(out, out->len - 1);
    if (out->len > start)
        buf_truncate(out, out->len - 1);
}

/* Append a path whose "." and ".." segments are worked out. */
static void put_path(struct buf *out, const char *path, size_t len)
{
    const char *end = path + len;
    size_t start = out->len;

    while (path < end) {
        const char *slash = *path == '/' ? path : NULL;
        const char *segment = slash ? path + 1 : path;
        const char *stop = memchr(segment, '/', (size_t)(end - segment));
        size_t count = (size_t)((stop ? stop : end) - segment);
        bool dot = count == 1 && segment[0] == '.', dots = count == 2 && segment[0] == '.' && segment[1] == '.';

        if (dots)
            drop_segment(out, start);
        if (!dot && !dots)
            buf_append(out, path, (size_t)(segment - path) + count);
        else if (!stop && !buf_failed(out) && slash)
            buf_putc(out, '/');
        path = segment + count;
    }
}

/* The path of a reference that is relative to the base's. */
static void put_merged_path(struct buf *out, const struct uri *base, struct part path)
{
    auto_buf struct buf merged = { .max = out->max };
    size_t folder = base->path.len;

    while (folder > 0 && base->path.text[folder - 1] != '/')
        folder--;
    if (folder == 0 && base->authority.text)
        buf_putc(&merged, '/');
    buf_append(&merged, base->path.text, folder);
    buf_append(&merged, path.text, path.len);
    out->failed = out->failed || buf_failed(&merged);
    put_path(out, buf_text(&merged), merged.len);
}

static void put_after(struct buf *out, const char *before, struct part part, const char *after)
{
    if (!part.text)
        return;
    buf_puts(out, before);
    buf_append(out, part.text, part.len);
    buf_puts(out, after);
}

void uri_resolve(struct buf *out, const char *base_text, const char *reference_text)
{
    struct uri base = uri_read(base_text, strlen(base_text));
    struct uri reference = uri_read(reference_text, uri_len_without_fragment(reference_text));
    bool own_site = reference.scheme.text || reference.authority.text;
    bool own_path = own_site || reference.path.len > 0;

    put_after(out, "", reference.scheme.text ? reference.scheme : base.scheme, ":");
    put_after(out, "//", own_site ? reference.authority : base.authority, "");
    if (!own_path)
        put_path(out, base.path.text, base.path.len);
    else if (own_site || reference.path.text[0] == '/')
        put_path(out, reference.path.text, reference.path.len);
    else
        put_merged_path(out, &base, reference.path);
    put_after(out, "?", own_path || reference.query.text ? reference.query : base.query, "");
}

bool uri_decode(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text != '%') {
            buf_putc(out, *text);
            continue;
        }
        int high = ascii_hex(text[1]), low = high < 0 ? -1 : ascii_hex(text[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        buf_putc(out, (char)(high * 16 + low));
        text += 2;
    }
    return true;
}
