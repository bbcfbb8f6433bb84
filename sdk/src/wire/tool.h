/* SPDX-License-Identifier: Apache-2.0 */
/* A contract as a tool of a language model (protocol 14.2, 14.3). */
#ifndef WIRE_TOOL_H
#define WIRE_TOOL_H

#include <agentmesh/discover.h>

#include "base/buf.h"
#include "wire/contract.h"

enum { TOOL_NAME_SIZE = 65 };

/* The name of an agent's tool: dots become underscores. MESH_E_INVALID_ARGUMENT: longer than a tool's may be. */
mesh_status tool_name(char name[TOOL_NAME_SIZE], const char *agent, mesh_error *err);

/* Whether the input of an agent can be given as the arguments of a tool, which are an object. */
bool tool_takes_object(const struct contract *contract);

/* form and flags as mesh_contract_tool() has them, and so the errors; checked by tool_check_form(). */
mesh_status tool_check_form(int32_t form, uint32_t flags, mesh_error *err);
mesh_status tool_write(struct buf *out, const struct contract *contract, int32_t form, uint32_t flags, mesh_error *err);

#endif
