/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog document: a JSON array with one object per agent (protocol 4.4). What is not understood is kept. */
#ifndef WIRE_CATALOG_H
#define WIRE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include <agentmesh/error.h>

#include "base/buf.h"
#include "wire/contract.h"

struct catalog; /* the parsed document, foreign elements and unknown fields included */

/* An empty body is an empty catalog. MESH_E_DATA if it is not a JSON array: report it, never overwrite it. */
mesh_status catalog_parse(mesh_bytes document, struct catalog **ret_catalog, mesh_error *err);
struct catalog *catalog_free(struct catalog *catalog);

/*
 * Put an agent's entry, six fields, at the end, dropping every other entry of its name. Returns whether the document
 * changed: an equal entry that is already there, once, stays where it is. *ok becomes false without memory.
 */
bool catalog_put(struct catalog *catalog, const struct contract *contract, bool *ok);
bool catalog_remove(struct catalog *catalog, const char *name); /* whether one was there */

void catalog_write(struct buf *out, const struct catalog *catalog);

/* An entry as a reader understands it. Lent from the catalog until it changes. */
struct catalog_item {
    const char *name, *description, *version;
    bool invocable, streaming;
};

/* The last entry of a name (later duplicates win); false if there is none, or it cannot be understood. */
bool catalog_find(const struct catalog *catalog, const char *name, struct catalog_item *ret_item);

/* Walk the document: how many elements, and each as a reader understands it. Missing fields have the defaults of the
 * protocol (version 0.1.0, invocable, not streaming); false for an element without a valid name or with wrong types. */
size_t catalog_count(const struct catalog *catalog);
bool catalog_at(const struct catalog *catalog, size_t index, struct catalog_item *ret_item);
bool catalog_item_has_tag(const struct catalog *catalog, size_t index, const char *tag);

/* Give the first max tags; returns how many there are. */
size_t catalog_item_tags(const struct catalog *catalog, size_t index, const char **ret_tags, size_t max);

void catalog_write_item(struct buf *out, const struct catalog *catalog, size_t index);

static inline void cleanup_catalog(struct catalog **slot)
{
    catalog_free(*slot);
}

#define auto_catalog __attribute__((cleanup(cleanup_catalog)))

#endif
