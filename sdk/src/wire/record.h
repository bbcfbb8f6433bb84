/* SPDX-License-Identifier: Apache-2.0 */
/* The small documents of presence: instance record (protocol 4.5), death notice (4.7). */
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/map.h"

/* {"agents": [...]}; names are written in the order given: sort them first. */
void instance_write(struct buf *out, const char *const *names, size_t count);

/* Put every agent of a record into a set (map of name to the address of the map). A record that cannot be read adds
 * nothing; false only without memory. */
bool instance_read_into(struct map *set, mesh_bytes document);

/* A death notice, its time being now. */
void death_write(struct buf *out, const char *agent, const char *reason, const char *instance_id);

/* What a notice says; "" for what it does not. Accepts anything. Strings are given: free() both. False: no memory. */
bool death_read(mesh_bytes body, char **ret_reason, char **ret_instance_id);

/* The notice as details of an error: the object itself if the body is one, else "{}". */
void death_details(struct buf *out, mesh_bytes body);

#endif
