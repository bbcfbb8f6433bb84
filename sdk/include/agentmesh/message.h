/* SPDX-License-Identifier: Apache-2.0 */
/* mesh_message: something that arrived without being asked for: an event, what a subject carries, a key that changed. */
#ifndef AGENTMESH_MESSAGE_H
#define AGENTMESH_MESSAGE_H

#include <stdint.h>

#include <agentmesh/bytes.h>
#include <agentmesh/client.h>

MESH_BEGIN_DECLS

/* A message. Opaque, lent; everything of it is lent as long as it is. One thread at a time. */
typedef struct mesh_message mesh_message;

/* What happened to a key. */
enum {
    MESH_ENTRY_PUT = 1,    /* it has this value now */
    MESH_ENTRY_DELETE = 2, /* it is gone; no value */
    MESH_ENTRY_CURRENT = 3 /* no entry: everything that was there at the start has been told (watches only) */
};

/** What it carries; empty if nothing. NUL-terminated. */
MESH_API mesh_bytes mesh_message_body(const mesh_message *message);

/** The client to which it came: for calls, settings and logging. */
MESH_API mesh_client *mesh_message_client(const mesh_message *message);

/** The subject on which it came; "" for a key. */
MESH_API const char *mesh_message_subject(const mesh_message *message);

/** A header by its exact name; NULL if it is not there. */
MESH_API const char *mesh_message_header(const mesh_message *message, const char *name);

/** Of a key: its name, its revision, and MESH_ENTRY_PUT or MESH_ENTRY_DELETE. Of a subject: "", 0 and 0. */
MESH_API const char *mesh_message_key(const mesh_message *message);
MESH_API uint64_t mesh_message_revision(const mesh_message *message);
MESH_API int32_t mesh_message_operation(const mesh_message *message);

MESH_END_DECLS

#endif
