/* SPDX-License-Identifier: Apache-2.0 */
/* References between schemas, resolved as RFC 3986 has it: text only, nothing is fetched. */
#ifndef WIRE_SCHEMA_URI_H
#define WIRE_SCHEMA_URI_H

#include "base/buf.h"

/* Bytes of a reference before its fragment. */
size_t uri_len_without_fragment(const char *reference);

/* Append the URI that a reference stands for beside a base ("" if there is none); its fragment is left out. */
void uri_resolve(struct buf *out, const char *base, const char *reference);

/* Append a text without its percent escapes; false if one is broken, or stands for NUL. */
bool uri_decode(struct buf *out, const char *text);

#endif
