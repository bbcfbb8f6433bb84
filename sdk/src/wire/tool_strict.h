/* SPDX-License-Identifier: Apache-2.0 */
/* A schema as the strict mode of OpenAI wants it: every property required, nothing else allowed (protocol 14.3). */
#ifndef WIRE_TOOL_STRICT_H
#define WIRE_TOOL_STRICT_H

#include <stdbool.h>

#include <cjson/cJSON.h>

/*
 * Change a schema in place. Plain objects and arrays come out as the other implementations make them. Beyond these: the
 * subschemas of $defs, definitions, anyOf, oneOf, allOf and prefixItems are made strict as well, and an optional
 * property may be null also where it has several types, or a $ref or such combinators in their place. False: no memory.
 */
bool tool_strict(cJSON *schema);

#endif
