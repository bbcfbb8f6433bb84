/* SPDX-License-Identifier: Apache-2.0 */
/* Results on stdout, talk on stderr. Whoever reads a result is never shown half of it as a success. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

#include "base/buf.h"

/* Write and flush. False: it could not be written, which has been said, unless a reader simply went away. */
bool print_result(const char *text, size_t len);

/* A JSON value: on one line, or for people (indented, names sorted). False as above. */
bool print_json(mesh_bytes json, bool pretty);

/* One line of talk. */
void print_talk(const char *format, ...) MESH_PRINTF(1, 2);
void print_talkv(const char *format, va_list args) MESH_PRINTF(1, 0);

/* An error as the protocol's command line shows it (16.1), with its details. */
void print_error(const mesh_error *err);

/* Append foreign text for a terminal: what a terminal would obey becomes blanks, line ends too if it is to be one line.
 */
void print_clean(struct buf *out, const char *text, bool one_line);

#endif
