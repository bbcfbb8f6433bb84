/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing .oam-url files: the part of TOML that they need. */
#include "wire/oam_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cleanup.h"
#include "base/utf8.h"

/* A line, or the rest of one: from at up to end. */
struct span {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blank(struct span *line)
{
    while (line->at < line->end && is_blank(*line->at))
        line->at++;
}

/* The next line without its newline; false at the end of the text. */
static bool next_line(struct span *text, struct span *line)
{
    if (text->at == text->end)
        return false;
    const char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
    *line = (struct span){ text->at, newline ? newline : text->end };
    text->at = newline ? newline + 1 : text->end;
    skip_blank(line);
    while (line->end > line->at && is_blank(line->end[-1]))
        line->end--;
    return true;
}

static bool is_over(struct span line)
{
    return line.at == line.end || *line.at == '#';
}

/* ---- TOML ---- */

static bool is_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
            return false;
    return utf8_is_valid(text, len);
}

/* The character of \uXXXX or \UXXXXXXXX, digits being next. */
static bool read_unicode(struct span *line, size_t digits, struct buf *out)
{
    uint32_t point = 0;
    char bytes[4];

    if ((size_t)(line->end - line->at) < digits)
        return false;
    for (size_t i = 0; i < digits; i++, line->at++) {
        int digit = ascii_hex(*line->at);
        if (digit < 0)
            return false;
        point = point << 4 | (uint32_t)digit;
    }
    if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return false;
    buf_append(out, bytes, utf8_write(bytes, point));
    return true;
}

static bool read_escape(struct span *line, struct buf *out)
{
    static const char letters[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";

    if (line->at == line->end || !*line->at)
        return false;
    char c = *line->at++;
    if (c == 'u' || c == 'U')
        return read_unicode(line, c == 'u' ? 4 : 8, out);
    const char *letter = strchr(letters, c);
    if (letter)
        buf_putc(out, values[letter - letters]);
    return letter;
}

/* A string in either kind of quotes, its opening quote being next. */
static bool read_string(struct span *line, struct buf *out)
{
    char quote = *line->at++;

    while (line->at < line->end && *line->at != quote) {
        char c = *line->at++;
        if (c != '\\' || quote == '\'')
            buf_putc(out, c);
        else if (!read_escape(line, out))
            return false;
    }
    if (line->at == line->end)
        return false;
    line->at++;
    return true;
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static bool is_key_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("_-.", c);
}

/* A key and its '='. A dotted key is read as one: none that we look for has a dot. */
static bool read_key(struct span *line, struct buf *key)
{
    if (is_quote(*line->at)) {
        if (!read_string(line, key))
            return false;
    } else {
        while (line->at < line->end && is_key_byte(*line->at))
            buf_putc(key, *line->at++);
        if (key->len == 0)
            return false;
    }
    skip_blank(line);
    if (line->at == line->end || *line->at != '=')
        return false;
    line->at++;
    skip_blank(line);
    return true;
}

/* What a file says, while it is being read as TOML. */
struct table {
    struct oam_url found;
    bool has_url, has_creds; /* the key is there, be its value a string or not */
    bool is_other;           /* a header has begun another table */
    bool no_memory;
};

static bool store(struct table *table, bool *has, char **slot, struct buf *value, bool is_string)
{
    if (*has)
        return false;
    *has = true;
    if (!is_string)
        return true;
    *slot = buf_take(value);
    table->no_memory = !*slot;
    return *slot;
}

/* Take a line apart: key = value, where a value that is no string is left unread. False: no TOML, or no memory. */
static bool split_pair(struct span line, struct buf *key, struct buf *value, bool *ret_is_string)
{
    if (!read_key(&line, key) || is_over(line))
        return false;
    *ret_is_string = is_quote(*line.at);
    if (!*ret_is_string)
        return true;
    if (!read_string(&line, value))
        return false;
    skip_blank(&line);
    return is_over(line);
}

static bool read_pair(struct table *table, struct span line)
{
    size_t max = (size_t)(line.end - line.at);
    auto_buf struct buf key = { .max = max }, value = { .max = max };
    bool is_string = false;

    bool ok = split_pair(line, &key, &value, &is_string);
    table->no_memory = buf_failed(&key) || buf_failed(&value);
    if (!ok || table->no_memory)
        return false;
    if (!table->is_other && strcmp(buf_text(&key), "url") == 0)
        return store(table, &table->has_url, &table->found.url, &value, is_string);
    if (!table->is_other && strcmp(buf_text(&key), "creds") == 0)
        return store(table, &table->has_creds, &table->found.creds, &value, is_string);
    return true;
}

static bool read_table(struct table *table, struct span text)
{
    struct span line;

    while (next_line(&text, &line)) {
        if (!is_text(line.at, (size_t)(line.end - line.at)))
            return false;
        if (is_over(line))
            continue;
        if (*line.at == '[')
            table->is_other = true;
        else if (!read_pair(table, line))
            return false;
    }
    return table->has_url || table->has_creds;
}

/* ---- the file ---- */

/* The first line that says something is the URL. */
static bool read_bare(struct oam_url *value, struct span text)
{
    struct span line;

    while (next_line(&text, &line)) {
        if (is_over(line))
            continue;
        size_t len = (size_t)(line.end - line.at);
        if (!is_text(line.at, len))
            return true;
        value->url = strndup(line.at, len);
        return value->url;
    }
    return true;
}

bool oam_url_read(mesh_bytes text, struct oam_url *ret)
{
    struct span whole = { text.data, (const char *)text.data + text.len };
    struct table table = { 0 };

    *ret = (struct oam_url){ 0 };
    if (text.len == 0)
        return true;
    if (read_table(&table, whole)) {
        *ret = table.found;
        return true;
    }
    oam_url_clear(&table.found);
    return !table.no_memory && read_bare(ret, whole);
}

void oam_url_clear(struct oam_url *value)
{
    free(value->url);
    free(value->creds);
    *value = (struct oam_url){ 0 };
}

static void put_pair(struct buf *out, const char *key, const char *value)
{
    buf_puts(out, key);
    buf_puts(out, " = \"");
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_putc(out, '\\');
        if ((unsigned char)*value < 0x20 || *value == 0x7f)
            buf_printf(out, "\\u%04X", (unsigned)*value);
        else
            buf_putc(out, *value);
    }
    buf_puts(out, "\"\n");
}

void oam_url_write(struct buf *out, const char *url, const char *creds)
{
    if (!creds) {
        buf_puts(out, url);
        buf_putc(out, '\n');
        return;
    }
    put_pair(out, "url", url);
    put_pair(out, "creds", creds);
}
