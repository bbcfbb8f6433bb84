/* SPDX-License-Identifier: Apache-2.0 */
/* Names and values of message headers, cased exactly as on the wire (protocol 5.1). */
#ifndef WIRE_HEADER_H
#define WIRE_HEADER_H

#include <stddef.h>

#define HEADER_REQUEST_ID "X-Mesh-Request-Id"
#define HEADER_INSTANCE_ID "X-Mesh-Instance-Id"
#define HEADER_STREAM "X-Mesh-Stream"
#define HEADER_REPLY_TO "X-Mesh-Reply-To"
#define HEADER_STATUS "X-Mesh-Status"
#define HEADER_SOURCE "X-Mesh-Source"
#define HEADER_STREAM_SEQ "X-Mesh-Stream-Seq"
#define HEADER_STREAM_END "X-Mesh-Stream-End"
#define HEADER_USAGE "X-Mesh-Usage"
#define HEADER_CONTENT_TYPE "X-Mesh-Content-Type"

#define STATUS_OK "ok"
#define STATUS_ERROR "error"

/* One header to send. Both lent. */
struct header {
    const char *name, *value;
};

/*
 * The value of a header in a block "NATS/1.0...\r\nName: value\r\n...", by its exact name; NULL if it is not there. The
 * block is changed: a NUL ends each value that was found, which may be asked for again. Lent as the block is.
 */
const char *header_find(char *block, size_t len, const char *name);

#endif
