/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request against what its agent takes (protocol 5.2, 11.4). */
#ifndef SERVE_INPUT_H
#define SERVE_INPUT_H

#include <cjson/cJSON.h>

#include "wire/contract.h"
#include "wire/schema.h"

/*
 * Read a body and check it.
 *
 * schema    of the agent's input; NULL: it takes any JSON
 * ret_tree  given; NULL for an agent without input, whose bodies are not read
 * MESH_E_INVALID_INPUT  with every violation in its details
 */
mesh_status input_read(const struct contract *contract, const mesh_schema *schema, mesh_bytes body, cJSON **ret_tree,
                       mesh_error *err);

#endif
