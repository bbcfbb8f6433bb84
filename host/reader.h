/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of ini files: text to sections, keys and values.
 *
 * A line that begins with ";" or "#" is a comment; nothing else is. An indented line goes on with the value above it,
 * joined by a newline; empty lines between two such lines are part of the value. Blanks around keys and values are left
 * out. inih tells keys from values and one entry from the next.
 */
#ifndef HOST_READER_H
#define HOST_READER_H

#include <stddef.h>

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

enum {
    READER_LINE_MAX = 64 * 1024, /* bytes of one line */
    READER_KEY_MAX = 64          /* bytes of a key */
};

/* Where the parts of a file go, in its order. What is handed over is lent. */
struct reader_sink {
    void *data;
    void (*section)(void *data, size_t line, const char *heading); /* what stands between the brackets, or NULL */
    void (*entry)(void *data, size_t line, const char *key, const char *value);
    void (*mistake)(void *data, size_t line, const char *text); /* a line that is left out, and why */
};

/* MESH_E_NO_MEMORY, or MESH_E_INCOMPATIBLE: an inih built without what is needed. Mistakes are no failure. */
mesh_status reader_run(mesh_bytes text, const struct reader_sink *sink, mesh_error *err);

#endif
