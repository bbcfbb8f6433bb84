/* SPDX-License-Identifier: Apache-2.0 */
#include "print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

enum { PRINT_MAX = 1 << 30, TALK_MAX = 1 << 20 };

bool print_result(const char *text, size_t len)
{
    errno = 0;
    if (fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0)
        return true;
    if (errno != EPIPE)
        print_talk("cannot write to the standard output: %s", strerror(errno));
    return false;
}

bool print_json(mesh_bytes json, bool pretty)
{
    auto_json cJSON *tree = NULL;
    auto_buf struct buf line;
    buf_init(&line, PRINT_MAX);
    /* An agent of another kind may send what our reader refuses, a name twice: it is shown as it came. */
    if (json_parse(json, &tree, NULL) != MESH_OK)
        buf_append(&line, json.data, json.len);
    else if (pretty)
        json_print_pretty(&line, tree);
    else
        json_print_ascii(&line, tree);
    buf_putc(&line, '\n');
    if (buf_failed(&line)) {
        print_talk("no memory to print %zu bytes", json.len);
        return false;
    }
    return print_result(buf_text(&line), line.len);
}

void print_talkv(const char *format, va_list args)
{
    auto_buf struct buf line;
    buf_init(&line, TALK_MAX);
    buf_vprintf(&line, format, args);
    buf_putc(&line, '\n');
    fputs(buf_text(&line), stderr);
}

void print_talk(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_talkv(format, args);
    va_end(args);
}

/* ---- foreign text ---- */

/* The length of a control character at text, as UTF-8: those of ASCII, and U+0080 to U+009F. */
static size_t control_len(const unsigned char *text)
{
    if (text[0] < 0x20 || text[0] == 0x7f)
        return 1;
    return text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f ? 2 : 0;
}

void print_clean(struct buf *out, const char *text, bool one_line)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t len = *at == '\n' && !one_line ? 0 : control_len(at);
        buf_putc(out, len > 0 ? ' ' : (char)*at);
        at += len > 0 ? len : 1;
    }
}

/* ---- errors ---- */

static bool is_empty_object(const char *json)
{
    return strcmp(json, "{}") == 0 || !*json;
}

static void print_details(const char *details)
{
    auto_json cJSON *tree = NULL;
    auto_buf struct buf text;
    buf_init(&text, TALK_MAX);
    if (is_empty_object(details) || json_parse(mesh_text(details), &tree, NULL) != MESH_OK)
        return;
    json_print_pretty(&text, tree);
    if (!buf_failed(&text))
        print_talk("%s", buf_text(&text));
}

void print_error(const mesh_error *err)
{
    /* What has no code on the mesh is of this side, and its whole text is needed to understand it. */
    bool is_local = err->status >= MESH_E_NO_MEMORY;
    auto_buf struct buf text;
    buf_init(&text, TALK_MAX);
    print_clean(&text, is_local ? mesh_error_text(err) : mesh_error_message(err), false);
    if (is_local)
        print_talk("Error: %s", buf_text(&text));
    else
        print_talk("Error [%s] %s", mesh_error_code(err), buf_text(&text));
    print_details(mesh_error_details(err));
}
