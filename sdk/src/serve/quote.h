/* SPDX-License-Identifier: Apache-2.0 */
/* Texts as JSON strings, lent out until all are dropped: what mesh_quote() and mesh_emit_quote() stand on. */
#ifndef SERVE_QUOTE_H
#define SERVE_QUOTE_H

#include <stdarg.h>
#include <stdbool.h>

#include <agentmesh/bytes.h>

#include "base/buf.h"

struct quote;

/* Of one thread at a time; begins as zeroes. */
struct quotes {
    struct quote *first;
    bool failed; /* there was no memory for one of them */
};

/* Each gives "" without memory. */
const char *quotes_add(struct quotes *quotes, mesh_bytes text);
const char *quotes_addv(struct quotes *quotes, const char *format, va_list args) MESH_PRINTF(2, 0);

void quotes_drop(struct quotes *quotes);

/* Print JSON by a format: in other locales 1.5 prints as 1,5, which is two numbers. */
void quote_print(struct buf *out, const char *format, va_list args) MESH_PRINTF(2, 0);

#endif
