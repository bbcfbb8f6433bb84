/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/schemas.h"

static mesh_status compile(const struct contract *contract, const char *field, const char *text,
                           mesh_schema **ret_schema, mesh_error *err)
{
    if (!text)
        return MESH_OK;
    mesh_status status = mesh_schema_compile(mesh_text(text), NULL, ret_schema, err);
    if (status == MESH_OK || status == MESH_E_NO_MEMORY)
        return status;
    return mesh_error_prefix(err, MESH_E_INVALID_ARGUMENT, "agent '%s': %s", contract->name, field);
}

mesh_status schemas_compile(struct schemas *schemas, const struct contract *contract, const char *message,
                            bool checks_output, mesh_error *err)
{
    const char *output = contract->streaming ? contract->chunk_schema : contract->output_schema;

    mesh_status status = compile(contract, "input_schema", contract->input_schema, &schemas->input, err);
    if (status == MESH_OK)
        status = compile(contract, "output_schema", output, &schemas->output, err);
    if (status == MESH_OK)
        status = compile(contract, "message_schema", message, &schemas->message, err);
    if (status == MESH_OK && !checks_output)
        schemas->output = mesh_schema_free(schemas->output);
    return status;
}

void schemas_clear(struct schemas *schemas)
{
    schemas->input = mesh_schema_free(schemas->input);
    schemas->output = mesh_schema_free(schemas->output);
    schemas->message = mesh_schema_free(schemas->message);
}
