/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a value, made into what its key is. */
#ifndef HOST_VALUE_H
#define HOST_VALUE_H

#include <stdbool.h>

#include <agentmesh/error.h>

#include "config.h"
#include "keys.h"

/*
 * Fill the key's field in target. What the field held before is freed. Relative paths start at folder.
 * MESH_E_INVALID_ARGUMENT  the text says what was found and what is allowed
 */
mesh_status value_set(const struct key *key, void *target, const char *folder, const char *text, mesh_error *err);

bool value_equal(const struct key *key, const void *a, const void *b);

void value_free(const struct key *key, void *target);

/* Milliseconds in the largest unit that fits: "30s". */
enum { VALUE_DURATION_SIZE = 16 };
const char *value_duration(char text[VALUE_DURATION_SIZE], uint32_t ms);

#endif
