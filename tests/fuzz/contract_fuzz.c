/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a registry document, and as the schema of an agent of ours. */
#include "wire/contract.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "fuzz.h"

/* A foreign document may tell a schema that an agent of its shape has none of; that is not written. */
static bool is_written_whole(const struct contract *contract)
{
    return contract->streaming ? !contract->output_schema : !contract->chunk_schema;
}

/* What is written is JSON, and says the same when it is read. */
static void must_read_back(const struct contract *contract)
{
    auto_contract struct contract *again = NULL;
    auto_buf struct buf document = { .max = SIZE_MAX };

    contract_write(&document, contract);
    must(json_check(buf_bytes(&document), NULL) == MESH_OK);
    must(contract_read(buf_bytes(&document), &again, NULL) == MESH_OK);
    must(!is_written_whole(contract) || contract_equal(contract, again));
    must(strcmp(contract->registered_at, again->registered_at) == 0);
}

static mesh_status handler(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set_text(err, MESH_E_HANDLER_ERROR, "never called");
}

static void announce(const char *text)
{
    mesh_agent agent = MESH_RESPONDER("echo", text, handler, text, text);
    mesh_agent named = MESH_STREAMER(text, "Echoes.", handler, "{}", "true");
    auto_contract struct contract *ours = NULL, *streamer = NULL;

    if (contract_from_agent(&agent, &ours, NULL) == MESH_OK)
        must_read_back(ours);
    if (contract_from_agent(&named, &streamer, NULL) == MESH_OK)
        must_read_back(streamer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_contract struct contract *contract = NULL;
    auto_free char *text = strndup((const char *)data, size);

    if (contract_read(mesh_bytes_of(data, size), &contract, NULL) == MESH_OK)
        must_read_back(contract);
    announce(text);
    return 0;
}
