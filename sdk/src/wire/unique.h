/* SPDX-License-Identifier: Apache-2.0 */
/* Whether all items of an array differ, as JSON values, in linear time. */
#ifndef WIRE_UNIQUE_H
#define WIRE_UNIQUE_H

#include <stddef.h>

#include <cjson/cJSON.h>

/* Memory that is used again from check to check; start with zeroes. */
struct unique_space {
    void *slots;
    size_t size; /* bytes */
};

void unique_space_clear(struct unique_space *space);

enum unique_verdict { UNIQUE_YES, UNIQUE_NO, UNIQUE_GIVES_UP /* no memory */ };

/* ret_first and ret_second: indexes of the first pair that is equal, set for UNIQUE_NO. Hostile values that share a
 * hash do not make it slow: the hash is seeded per process. */
enum unique_verdict unique_items(const cJSON *array, struct unique_space *space, size_t *ret_first, size_t *ret_second);

#endif
