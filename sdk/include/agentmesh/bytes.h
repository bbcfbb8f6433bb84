/* SPDX-License-Identifier: Apache-2.0 */
/* mesh_bytes: a borrowed view of memory. It owns nothing and never grows a field. */
#ifndef AGENTMESH_BYTES_H
#define AGENTMESH_BYTES_H

#include <stddef.h>
#include <string.h>

#include <agentmesh/version.h>

MESH_BEGIN_DECLS

typedef struct mesh_bytes {
    const char *data; /* NULL only when len is 0; what the library gives is NUL-terminated */
    size_t len;       /* bytes, no terminator counted */
} mesh_bytes;

/** The view of len bytes at data; lent for as long as they are. [any-thread] */
static inline mesh_bytes mesh_bytes_of(const void *data, size_t len)
{
    mesh_bytes bytes;
    bytes.data = (const char *)data;
    bytes.len = len;
    return bytes;
}

/** The view of a C string without its terminator; NULL gives the empty view. [any-thread] */
static inline mesh_bytes mesh_text(const char *text)
{
    return mesh_bytes_of(text, text ? strlen(text) : 0);
}

MESH_END_DECLS

#endif
