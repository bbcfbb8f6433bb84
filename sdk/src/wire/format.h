/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of JSON Schema 2020-12: date-time, email, uri and the rest, as pure functions on UTF-8 text. */
#ifndef WIRE_FORMAT_H
#define WIRE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

typedef bool (*format_check)(const char *text, size_t len);

/* The check of a format by its name; NULL where the draft knows no such format, which then allows everything. */
format_check format_find(const char *name);

#endif
