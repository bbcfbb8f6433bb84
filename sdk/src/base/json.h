/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON around cJSON's trees.
 *
 * The reader refuses what cJSON lets pass: bytes that are not UTF-8, raw control characters, escaped NUL, lone
 * surrogates, duplicate names in an object, NaN, trailing bytes, too many levels. Every number keeps its text as it
 * came in valuestring (and the nearest double in valuedouble); the printer writes that text, so numbers pass through
 * exact. Build numbers of one's own with json_new_int() and cJSON_CreateNumber(); both print right.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

#include "base/buf.h"

enum { JSON_MAX_DEPTH = 256, JSON_PART_DEPTH = JSON_MAX_DEPTH - 16 };

static inline void cleanup_json(cJSON **slot)
{
    cJSON_Delete(*slot);
}

#define auto_json __attribute__((cleanup(cleanup_json)))

/* Read exactly one value. MESH_E_INVALID_JSON: the text says what and at which byte. ret_tree: end with cJSON_Delete().
 */
mesh_status json_parse(mesh_bytes text, cJSON **ret_tree, mesh_error *err);

/* The same check without building a tree, for what is only passed on. Duplicate names are not looked for. */
mesh_status json_check(mesh_bytes text, mesh_error *err);

/* json_parse() for a value that is to stand inside another document: leaves that some levels (JSON_PART_DEPTH). */
mesh_status json_parse_part(mesh_bytes text, cJSON **ret_tree, mesh_error *err);

/*
 * The end of the value that begins at a byte of text, or 0 if none does: grammar and UTF-8 only, so that what other
 * programs wrote can be told apart and kept. Escaped NUL, lone surrogates and duplicate names pass.
 */
size_t json_skip(mesh_bytes text, size_t at);

/* The first byte from here on that is no JSON white space, or the end. */
size_t json_skip_space(mesh_bytes text, size_t at);

/*
 * The printers write a tree of any origin. Numbers are written as their text, if they have one; NaN and infinity become
 * null. Levels beyond what a reader takes are cut off one level too late, and raw items (cJSON_Raw) are written as they
 * are, so that json_check() refuses such a text.
 */

/* Print compact, raw UTF-8. */
void json_print(struct buf *out, const cJSON *tree);

/* Print for people: indented by two, names sorted, non-ASCII escaped (protocol 16.1). */
void json_print_pretty(struct buf *out, const cJSON *tree);

/* Print on one line with ", " and ": ", non-ASCII escaped: as Python's json.dumps() does. */
void json_print_ascii(struct buf *out, const cJSON *tree);

/* Append text as a JSON string with its quotes. Bytes that are not UTF-8, and NUL, become U+FFFD. */
void json_quote(struct buf *out, const char *text, size_t len);

/* The same with all that is not ASCII escaped, for headers. */
void json_quote_ascii(struct buf *out, const char *text, size_t len);

/* json_quote() for a C string, with something in front that is written as it is: json_put_string(out, ",\"name\":", name)
 */
void json_put_string(struct buf *out, const char *before, const char *text);

/* Members of an object, by name with case; NULL / the fallback if tree is no object, lacks it, or it has another type.
 */
const cJSON *json_get(const cJSON *tree, const char *name);
const char *json_string(const cJSON *tree, const char *name, const char *fallback);
bool json_bool(const cJSON *tree, const char *name, bool fallback);
int64_t json_int(const cJSON *tree, const char *name, int64_t fallback); /* also of 2.0 and 2e3; exact in 64 bits */

cJSON *json_new_int(int64_t number); /* NULL: no memory */

/* Equal as JSON values: order of names does not matter, numbers by value. */
bool json_equal(const cJSON *a, const cJSON *b);

#endif
