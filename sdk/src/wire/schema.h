/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Schema over trees: what <agentmesh/schema.h> stands on, for those who have parsed already. */
#ifndef WIRE_SCHEMA_H
#define WIRE_SCHEMA_H

#include <agentmesh/schema.h>

#include <cjson/cJSON.h>

#include "base/buf.h"

static inline void cleanup_schema(mesh_schema **slot)
{
    mesh_schema_free(*slot);
}

#define auto_schema __attribute__((cleanup(cleanup_schema)))

/*
 * Check a tree of json_parse(). True if it fits; nothing is allocated then, after the first time on a thread.
 *
 * violations  NULL for a mere yes or no; else, if it does not fit, the violations are appended as JSON objects,
 * separated by ", ", at most VIOLATIONS_MAX of them: the inside of "errors" (protocol 11.4)
 */
enum { VIOLATIONS_MAX = 100 };
bool schema_fits(const mesh_schema *schema, const cJSON *tree, struct buf *violations);

/* The one violation of a text that json_parse() refused, for the reason that it gave. */
void schema_put_not_json(struct buf *violations, mesh_bytes text, const mesh_error *reason);

/* Violations as the details of an error, which are left out where there is no memory for them. agent may be NULL. */
void schema_set_details(mesh_error *err, const char *agent, const struct buf *violations);

#endif
