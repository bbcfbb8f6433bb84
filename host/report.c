/* SPDX-License-Identifier: Apache-2.0 */
/* The list of mistakes. */
#include "report.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { LINE_MAX_LEN = 512 * 1024 }; /* bytes; paths may stand in it twice */

void config_report_clear(struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        free(report->lines[i]);
    free(report->lines);
    config_report_init(report);
}

static char *line_text(const char *file, size_t line, const char *format, va_list args)
{
    struct buf text;

    buf_init(&text, LINE_MAX_LEN);
    if (line > 0)
        buf_printf(&text, "%s:%zu: ", file, line);
    else
        buf_printf(&text, "%s: ", file);
    buf_vprintf(&text, format, args);
    char *taken = buf_take(&text);
    buf_clear(&text);
    return taken;
}

static void push(struct config_report *report, char *line)
{
    char **lines = line ? reallocarray(report->lines, report->count + 1, sizeof(*lines)) : NULL;

    if (!lines) {
        free(line);
        return;
    }
    lines[report->count++] = line;
    report->lines = lines;
}

static void tell_left_out(struct config_report *report, const char *file)
{
    struct buf text;

    buf_init(&text, LINE_MAX_LEN);
    buf_printf(&text, "%s: and %zu more", file, ++report->left_out);
    char *line = buf_take(&text);
    buf_clear(&text);
    if (line && report->count > CONFIG_REPORT_MAX) {
        free(report->lines[CONFIG_REPORT_MAX]);
        report->lines[CONFIG_REPORT_MAX] = line;
    } else {
        push(report, line);
    }
}

void config_report_addv(struct config_report *report, const char *file, size_t line, const char *format, va_list args)
{
    if (report->count >= CONFIG_REPORT_MAX)
        tell_left_out(report, file);
    else
        push(report, line_text(file, line, format, args));
}

void config_report_add(struct config_report *report, const char *file, size_t line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    config_report_addv(report, file, line, format, args);
    va_end(args);
}
