/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text in 64 characters, padded with '=': written for names and digests (url), read from JSON (standard). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buf.h"

/* With the terminator. */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* Write bytes in the alphabet that names and URLs bear, with - and _: BASE64_SIZE(bytes.len) characters. */
void base64url_encode(char *out, mesh_bytes bytes);

/* Append what a text of either alphabet stands for. False: it is none. */
bool base64_decode(struct buf *out, const char *text);

#endif
