/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON printers. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_internal.h"
#include "base/number.h"
#include "base/utf8.h"

/* ---- printing ---- */

struct printer {
    struct buf *out;
    bool ascii, spaced, indented;
};

/* Bytes from text on that stand for themselves in quotes. */
static size_t plain_run(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len && (unsigned char)text[at] >= 0x20 && (unsigned char)text[at] < 0x7f && text[at] != '"' &&
           text[at] != '\\')
        at++;
    return at;
}

static void print_unit(struct buf *out, uint32_t unit)
{
    buf_printf(out, "\\u%04x", (unsigned)unit);
}

static void print_point(struct buf *out, uint32_t point, bool ascii)
{
    static const char values[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = point > 0 && point < 0x7f ? strchr(values, (int)point) : NULL;
    char bytes[4];

    if (found) {
        buf_putc(out, '\\');
        buf_putc(out, letters[found - values]);
    } else if (point < 0x20 || (ascii && point < 0x10000)) {
        print_unit(out, point);
    } else if (ascii) {
        print_unit(out, 0xd800 + ((point - 0x10000) >> 10));
        print_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
        buf_append(out, bytes, utf8_write(bytes, point));
    }
}

static void print_string(struct buf *out, const char *text, size_t len, bool ascii)
{
    buf_putc(out, '"');
    for (size_t at = 0; at < len && !buf_failed(out);) {
        size_t run = plain_run(text + at, len - at);
        buf_append(out, text + at, run);
        at += run;
        if (at == len)
            break;
        uint32_t point = 0;
        size_t count = utf8_read(text + at, len - at, &point);
        print_point(out, count > 0 && point > 0 ? point : 0xfffd, ascii);
        at += count > 0 ? count : 1;
    }
    buf_putc(out, '"');
}

void json_quote(struct buf *out, const char *text, size_t len)
{
    print_string(out, text, len, false);
}

void json_quote_ascii(struct buf *out, const char *text, size_t len)
{
    print_string(out, text, len, true);
}

void json_put_string(struct buf *out, const char *before, const char *text)
{
    buf_puts(out, before);
    json_quote(out, text, strlen(text));
}

static void print_number(struct buf *out, const cJSON *item)
{
    char text[NUMBER_SIZE];

    if (item->valuestring) {
        buf_puts(out, item->valuestring);
    } else if (isfinite(item->valuedouble)) {
        number_print(text, item->valuedouble);
        buf_puts(out, text);
    } else {
        buf_puts(out, "null");
    }
}

static void print_break(const struct printer *printer, unsigned depth)
{
    if (!printer->indented)
        return;
    buf_putc(printer->out, '\n');
    for (unsigned i = 0; i < depth; i++)
        buf_puts(printer->out, "  ");
}

static void print_value(const struct printer *printer, const cJSON *item, unsigned depth);

static void print_name(const struct printer *printer, const char *name)
{
    print_string(printer->out, name, strlen(name), printer->ascii);
    buf_puts(printer->out, printer->spaced ? ": " : ":");
}

/* One member of a container, and what stands in front of it. */
static void print_member(const struct printer *printer, const cJSON *item, bool named, bool first, unsigned depth)
{
    if (!first)
        buf_puts(printer->out, printer->spaced && !printer->indented ? ", " : ",");
    print_break(printer, depth);
    if (named)
        print_name(printer, item->string);
    print_value(printer, item, depth);
}

static void print_sorted(const struct printer *printer, const cJSON *object, unsigned depth)
{
    size_t count;
    auto_free const cJSON **members = json_sorted_members(object, &count);

    if (!members)
        printer->out->failed = true;
    for (size_t i = 0; i < count; i++)
        print_member(printer, members[i], true, i == 0, depth);
}

static void print_unsorted(const struct printer *printer, const cJSON *container, bool named, unsigned depth)
{
    const cJSON *item;
    bool first = true;

    cJSON_ArrayForEach(item, container)
    {
        if (buf_failed(printer->out))
            return;
        if (named && !item->string)
            continue;
        print_member(printer, item, named, first, depth);
        first = false;
    }
}

static void print_container(const struct printer *printer, const cJSON *item, unsigned depth)
{
    bool named = cJSON_IsObject(item);

    buf_putc(printer->out, named ? '{' : '[');
    if (named && printer->indented)
        print_sorted(printer, item, depth + 1);
    else
        print_unsorted(printer, item, named, depth + 1);
    if (item->child)
        print_break(printer, depth);
    buf_putc(printer->out, named ? '}' : ']');
}

static void print_value(const struct printer *printer, const cJSON *item, unsigned depth)
{
    if (cJSON_IsString(item) && item->valuestring)
        print_string(printer->out, item->valuestring, strlen(item->valuestring), printer->ascii);
    else if (cJSON_IsNumber(item))
        print_number(printer->out, item);
    else if (cJSON_IsBool(item))
        buf_puts(printer->out, cJSON_IsTrue(item) ? "true" : "false");
    else if (cJSON_IsRaw(item) && item->valuestring)
        buf_puts(printer->out, item->valuestring);
    else if ((cJSON_IsArray(item) || cJSON_IsObject(item)) && depth <= JSON_MAX_DEPTH)
        print_container(printer, item, depth);
    else
        buf_puts(printer->out, "null");
}

void json_print(struct buf *out, const cJSON *tree)
{
    print_value(&(struct printer){ .out = out }, tree, 0);
}

void json_print_pretty(struct buf *out, const cJSON *tree)
{
    print_value(&(struct printer){ .out = out, .ascii = true, .spaced = true, .indented = true }, tree, 0);
}

void json_print_ascii(struct buf *out, const cJSON *tree)
{
    print_value(&(struct printer){ .out = out, .ascii = true, .spaced = true }, tree, 0);
}
