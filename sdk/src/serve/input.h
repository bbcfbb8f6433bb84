/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request against what its agent takes (protocol 5.2, 11.4). */
#ifndef SERVE_INPUT_H
#define SERVE_INPUT_H

#include <cjson/cJSON.h>

#include "wire/contract.h"

/* ret_tree is given, NULL for an agent without input, whose bodies are not read. MESH_E_INVALID_INPUT with details. */
mesh_status input_read(const struct contract *contract, mesh_bytes body, cJSON **ret_tree, mesh_error *err);

#endif
