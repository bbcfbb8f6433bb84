/* SPDX-License-Identifier: Apache-2.0 */
/* Short texts: made of parts, and quoted for messages. */
#ifndef HOST_TEXT_H
#define HOST_TEXT_H

#include <stdarg.h>

#include <agentmesh/version.h>

/* As printf() writes it. Given; NULL without memory. */
char *text_format(const char *format, ...) MESH_PRINTF(1, 2);
char *text_formatv(const char *format, va_list args) MESH_PRINTF(1, 0);

/* A path as seen from folder: itself where it is absolute. Given; NULL without memory. */
char *text_path(const char *folder, const char *path);

/* Text as it may stand in a message: in quotes, cut when long, control characters as \xNN. Given; NULL without memory.
 */
char *text_quoted(const char *text);

#endif
