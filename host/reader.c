/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader around inih.
 *
 * inih cuts lines at a length chosen by whoever built it (200 bytes as packaged), section names and remembered keys at
 * 49, ends values at " ;", and counts the lines it is fed. None of that may show. So it is fed lines that it cannot
 * spoil: section lines are taken here; of an entry everything that inih could take for something else is written as
 * %XX; and what does not fit its line goes on as what it understands, an indented line below.
 */
#include "reader.h"

#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "text.h"

enum {
    ESCAPED_LEN = 3,                                 /* %XX */
    INIH_LINE_MIN = ESCAPED_LEN * READER_KEY_MAX + 8 /* a key, its "=", a byte of the value, the end */
};

/* What an indented line would go on with. */
enum above { ABOVE_NOTHING, ABOVE_ENTRY, ABOVE_MISTAKE };

struct reader {
    const struct reader_sink *sink;
    mesh_bytes text;   /* what is still to be read */
    size_t line_count; /* lines read so far */
    bool no_memory;
    bool inih_is_unfit; /* its lines hold no key */

    /* What inih has still to be fed of the line read last. */
    mesh_bytes rest;
    bool rest_is_key; /* rest begins with a key */

    /* The entry that is being put together. */
    enum above above;
    char *key; /* owned; NULL: there is none */
    size_t key_line;
    struct buf value;
    size_t empty_lines; /* since the value's last line */
};

/* ---- lines ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(uint32_t point)
{
    return (point < ' ' && point != '\t') || (point >= 0x7f && point < 0xa0);
}

static mesh_bytes trimmed(mesh_bytes text)
{
    const char *at = text.data;
    size_t len = text.len;

    while (len > 0 && is_blank(at[len - 1]))
        len--;
    for (; len > 0 && is_blank(*at); len--)
        at++;
    return mesh_bytes_of(at, len);
}

/* The next line without its end, "\n" or "\r\n"; false at the end of the text. */
static bool next_line(struct reader *reader, mesh_bytes *ret_line)
{
    const char *start = reader->text.data;
    if (reader->text.len == 0)
        return false;

    const char *end = memchr(start, '\n', reader->text.len);
    size_t len = end ? (size_t)(end - start) : reader->text.len;
    size_t used = end ? len + 1 : len;
    reader->text = mesh_bytes_of(start + used, reader->text.len - used);
    reader->line_count++;
    if (len > 0 && start[len - 1] == '\r')
        len--;
    *ret_line = mesh_bytes_of(start, len);
    return true;
}

static void entry_end(struct reader *reader)
{
    if (reader->key && buf_failed(&reader->value))
        reader->no_memory = true;
    else if (reader->key)
        reader->sink->entry(reader->sink->data, reader->key_line, reader->key, buf_text(&reader->value));
    free(take(&reader->key));
    buf_reset(&reader->value);
    reader->empty_lines = 0;
    reader->above = ABOVE_NOTHING;
}

static void MESH_PRINTF(2, 3) mistake(struct reader *reader, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    auto_free char *text = text_formatv(format, args);
    va_end(args);
    entry_end(reader);
    reader->above = ABOVE_MISTAKE;
    if (text)
        reader->sink->mistake(reader->sink->data, reader->line_count, text);
    else
        reader->no_memory = true;
}

/* A line that is text and yet not understood. */
static void line_mistake(struct reader *reader, mesh_bytes line, const char *what)
{
    auto_free char *text = strndup(line.data, line.len);
    auto_free char *quoted = text ? text_quoted(text) : NULL;

    if (quoted)
        mistake(reader, "%s %s", quoted, what);
    else
        reader->no_memory = true;
}

/* Whether a line is text that may stand in a file like this. */
static bool line_is_text(struct reader *reader, mesh_bytes line)
{
    const char *bytes = line.data;

    if (line.len > READER_LINE_MAX) {
        mistake(reader, "a line of %zu bytes; allowed are %d, and a value may go on in indented lines", line.len,
                READER_LINE_MAX);
        return false;
    }
    for (size_t at = 0; at < line.len;) {
        uint32_t point = 0;
        size_t count = utf8_read(bytes + at, line.len - at, &point);
        unsigned byte = (unsigned char)bytes[at];
        if (count == 0) {
            mistake(reader, "byte 0x%02x in column %zu is not UTF-8", byte, at + 1);
            return false;
        }
        if (is_control(point)) {
            mistake(reader, "control character U+%04X in column %zu; this is a file of text", (unsigned)point, at + 1);
            return false;
        }
        at += count;
    }
    return true;
}

/* ---- what a line is ---- */

static void section_line(struct reader *reader, mesh_bytes line)
{
    line = trimmed(line);
    const char *start = line.data, *end = memchr(start, ']', line.len);
    auto_free char *heading = NULL;

    entry_end(reader);
    if (!end) {
        line_mistake(reader, line, "has no \"]\"; expected [section] or [section NAME]");
    } else if (end != start + line.len - 1) {
        line_mistake(reader, line, "goes on after its \"]\"; a comment needs a line of its own");
    } else {
        mesh_bytes inside = trimmed(mesh_bytes_of(start + 1, line.len - 2));
        heading = strndup(inside.data, inside.len);
        if (!heading)
            reader->no_memory = true;
    }
    reader->sink->section(reader->sink->data, reader->line_count, heading);
}

/* Whether the bytes before the separator can be a key; len is that of the whole line where it has no separator. */
static bool key_is_usable(struct reader *reader, mesh_bytes line, size_t len)
{
    size_t key_len = trimmed(mesh_bytes_of(line.data, len)).len;

    if (len < line.len && key_len > 0 && key_len <= READER_KEY_MAX)
        return true;
    if (len == line.len)
        line_mistake(reader, line, "is neither [section] nor key = value; a value goes on in indented lines");
    else if (key_len == 0)
        line_mistake(reader, line, "has no key; expected key = value");
    else
        mistake(reader, "a key of %zu bytes; allowed are %d", key_len, READER_KEY_MAX);
    return false;
}

/* Leave the line to inih, as a key with its value. */
static void entry_line(struct reader *reader, mesh_bytes line)
{
    const char *start = line.data;
    size_t len = 0;

    while (len < line.len && start[len] != '=' && start[len] != ':')
        len++;
    if (!key_is_usable(reader, line, len))
        return;
    entry_end(reader);
    reader->rest = trimmed(line);
    reader->rest_is_key = true;
}

/* Leave the line to inih, as the next one of the value above. */
static void indented_line(struct reader *reader, mesh_bytes line)
{
    if (reader->above == ABOVE_NOTHING)
        line_mistake(reader, trimmed(line), "is indented and goes on with no value; a key begins its line");
    if (reader->above != ABOVE_ENTRY)
        return;
    for (; reader->value.len > 0 && reader->empty_lines > 0; reader->empty_lines--)
        buf_putc(&reader->value, '\n');
    if (reader->value.len > 0)
        buf_putc(&reader->value, '\n');
    reader->empty_lines = 0;
    reader->rest = trimmed(line);
}

/* Deal with a line here, or leave it to inih in rest. */
static void line_sort(struct reader *reader, mesh_bytes line)
{
    const char *bytes = line.data;

    if (!line_is_text(reader, line))
        return;
    if (trimmed(line).len == 0)
        reader->empty_lines++;
    else if (*bytes == '[')
        section_line(reader, line);
    else if (is_blank(*bytes))
        indented_line(reader, line);
    else if (*bytes != ';' && *bytes != '#')
        entry_line(reader, line);
}

/* ---- what inih is fed ---- */

static bool is_plain(char c)
{
    return c > ' ' && c < 0x7f && !strchr("%;#[=:", c);
}

/* Write as much of rest as fits, at least one character where there is room for one. */
static char *put_escaped(struct reader *reader, char *out, const char *end)
{
    const char *from = reader->rest.data;
    size_t left = reader->rest.len;

    for (; left > 0 && end - out >= ESCAPED_LEN; left--, from++) {
        if (is_plain(*from)) {
            *out++ = *from;
            continue;
        }
        static const char hex[] = "0123456789abcdef";
        unsigned byte = (unsigned char)*from;
        *out++ = '%';
        *out++ = hex[byte >> 4];
        *out++ = hex[byte & 15];
    }
    reader->rest = mesh_bytes_of(from, left);
    return out;
}

/* The key and its "=", so that the value begins in rest. */
static char *put_key(struct reader *reader, char *out, const char *end)
{
    mesh_bytes line = reader->rest;
    const char *start = line.data;
    size_t key_len = strcspn(start, "=:");

    reader->rest = trimmed(mesh_bytes_of(start, key_len));
    out = put_escaped(reader, out, end);
    *out++ = '=';
    reader->rest = trimmed(mesh_bytes_of(start + key_len + 1, line.len - key_len - 1));
    reader->rest_is_key = false;
    return out;
}

/* inih's fgets(): one line of what is left of the entry, else the next line that is for inih. */
static char *feed_line(char *line, int size, void *data)
{
    struct reader *reader = data;
    char *out = line;
    const char *end = line + size - 2; /* for the newline and the terminator */
    mesh_bytes next;

    if (size < INIH_LINE_MIN) {
        reader->inih_is_unfit = true;
        return NULL;
    }
    while (reader->rest.len == 0) {
        if (reader->no_memory || !next_line(reader, &next))
            return NULL;
        line_sort(reader, next);
    }
    if (reader->rest_is_key)
        out = put_key(reader, out, end - 1);
    else
        *out++ = ' ';
    out = put_escaped(reader, out, end);
    *out++ = '\n';
    *out = '\0';
    return line;
}

/* ---- what inih makes of it ---- */

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void append_unescaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text != '%') {
            buf_putc(out, *text);
            continue;
        }
        buf_putc(out, (char)(nibble(text[1]) << 4 | nibble(text[2])));
        text += 2;
    }
}

static void entry_begin(struct reader *reader, const char *name)
{
    struct buf key;

    buf_init(&key, READER_KEY_MAX);
    append_unescaped(&key, name);
    reader->key = buf_take(&key);
    reader->key_line = reader->line_count;
    reader->above = ABOVE_ENTRY;
    if (!reader->key)
        reader->no_memory = true;
    buf_clear(&key);
}

/* inih's handler: called for the first line of an entry and for each that goes on with it. */
static int take_piece(void *data, const char *section, const char *name, const char *value)
{
    struct reader *reader = data;

    (void)section;
    if (!reader->key)
        entry_begin(reader, name);
    append_unescaped(&reader->value, value);
    return 1;
}

static void skip_byte_order_mark(mesh_bytes *text)
{
    if (text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
        *text = mesh_bytes_of((const char *)text->data + 3, text->len - 3);
}

mesh_status reader_run(mesh_bytes text, const struct reader_sink *sink, mesh_error *err)
{
    struct reader reader = { .sink = sink, .text = text };

    skip_byte_order_mark(&reader.text);
    buf_init(&reader.value, text.len);
    int result = ini_parse_stream(feed_line, &reader, take_piece, &reader);
    entry_end(&reader);
    buf_clear(&reader.value);
    if (reader.no_memory || result == -2)
        return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    if (reader.inih_is_unfit || result != 0)
        return mesh_error_set(err, MESH_E_INCOMPATIBLE,
                              "the system's inih was built with short lines or without values of several lines");
    return MESH_OK;
}
