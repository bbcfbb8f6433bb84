/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a file: a line of text for each mistake, in the order in which they were found. */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

#include <stdarg.h>
#include <stddef.h>

#include <agentmesh/version.h>

struct config_report {
    char **lines; /* without newlines */
    size_t count;
    size_t left_out; /* mistakes beyond CONFIG_REPORT_MAX; the last line tells their number */
};

enum { CONFIG_REPORT_MAX = 1000 };

static inline void config_report_init(struct config_report *report)
{
    *report = (struct config_report){ 0 };
}

void config_report_clear(struct config_report *report);

#define auto_config_report __attribute__((cleanup(config_report_clear)))

/* Add "FILE:LINE: " and the text; line 0 is left out. Without memory the line is lost. */
void config_report_add(struct config_report *report, const char *file, size_t line, const char *format, ...)
    MESH_PRINTF(4, 5);
void config_report_addv(struct config_report *report, const char *file, size_t line, const char *format, va_list args)
    MESH_PRINTF(4, 0);

#endif
