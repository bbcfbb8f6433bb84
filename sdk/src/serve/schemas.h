/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent promises to take and to give, compiled: made when it registers, asked at every request. */
#ifndef SERVE_SCHEMAS_H
#define SERVE_SCHEMAS_H

#include <stdbool.h>

#include "wire/contract.h"
#include "wire/schema.h"

/* NULL where there is none, or where it allows everything. */
struct schemas {
    mesh_schema *input;   /* of a request */
    mesh_schema *output;  /* of an answer, a chunk, or an event; NULL too where nobody wants it checked */
    mesh_schema *message; /* of what comes from its sources */
};

/*
 * All of an agent's schemas must compile, also the one that is not kept.
 *
 * message  of what comes from its sources, which its contract does not tell; NULL: none
 * MESH_E_INVALID_ARGUMENT  names agent, field and rule
 */
mesh_status schemas_compile(struct schemas *schemas, const struct contract *contract, const char *message,
                            bool checks_output, mesh_error *err);
void schemas_clear(struct schemas *schemas);

#endif
