/* SPDX-License-Identifier: Apache-2.0 */
/* What reader, printer and comparison of JSON share. */
#ifndef BASE_JSON_INTERNAL_H
#define BASE_JSON_INTERNAL_H

#include <stddef.h>

#include <cjson/cJSON.h>

/* The members of an object that have a name, sorted by it. To free(), the array alone; NULL: no memory. */
const cJSON **json_sorted_members(const cJSON *object, size_t *ret_count);

#endif
