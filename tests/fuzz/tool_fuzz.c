/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a contract that becomes a tool in every form, and a card. */
#include "wire/tool.h"

#include "base/json.h"
#include "fuzz.h"
#include "wire/card.h"

static void make_tool(const struct contract *contract, int32_t form, uint32_t flags)
{
    auto_buf struct buf tool = { .max = SIZE_MAX };
    mesh_status status = tool_write(&tool, contract, form, flags, NULL);

    must(status == MESH_OK || status == MESH_E_INVOCATION_MISMATCH || status == MESH_E_INVALID_ARGUMENT ||
         status == MESH_E_TOO_LARGE);
    must(status != MESH_OK || json_check(buf_bytes(&tool), NULL) == MESH_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_contract struct contract *contract = NULL;
    auto_buf struct buf card = { .max = SIZE_MAX };

    if (card_write(&card, mesh_bytes_of(data, size), "url", NULL) == MESH_OK)
        must(json_check(buf_bytes(&card), NULL) == MESH_OK);
    if (contract_read(mesh_bytes_of(data, size), &contract, NULL) != MESH_OK)
        return 0;
    for (int32_t form = MESH_TOOL_NEUTRAL; form <= MESH_TOOL_ANTHROPIC; form++)
        make_tool(contract, form, 0);
    make_tool(contract, MESH_TOOL_OPENAI_CHAT, MESH_TOOL_STRICT);
    make_tool(contract, MESH_TOOL_OPENAI_RESPONSES, MESH_TOOL_STRICT);
    tool_takes_object(contract);
    return 0;
}
