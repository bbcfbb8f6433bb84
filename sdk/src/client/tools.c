/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts in the forms of other protocols: cards, and tools of language models. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "client/contracts.h"
#include "wire/card.h"
#include "wire/tool.h"

enum { DOCUMENT_MAX = 64 << 20 };

struct mesh_document {
    struct buf text;
};

static mesh_document *new_document(mesh_error *err)
{
    mesh_document *document = calloc(1, sizeof(*document));
    if (document)
        buf_init(&document->text, DOCUMENT_MAX);
    else
        mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a document");
    return document;
}

mesh_bytes mesh_document_text(const mesh_document *document)
{
    return buf_bytes(&document->text);
}

mesh_document *mesh_document_free(mesh_document *document)
{
    if (document) {
        buf_clear(&document->text);
        free(document);
    }
    return NULL;
}

/* The document is given if it was written well, else freed. */
static mesh_status give(mesh_document *document, mesh_status status, mesh_document **ret_document)
{
    if (status == MESH_OK)
        *ret_document = document;
    else
        mesh_document_free(document);
    return status;
}

mesh_status mesh_contract_card(const mesh_contract *contract, const char *url, mesh_document **ret_document,
                               mesh_error *err)
{
    mesh_document *document = new_document(err);
    if (!document)
        return MESH_E_NO_MEMORY;
    return give(document, card_write(&document->text, buf_bytes(&contract->document), url, err), ret_document);
}

mesh_status mesh_contract_tool(const mesh_contract *contract, int32_t form, uint32_t flags,
                               mesh_document **ret_document, mesh_error *err)
{
    mesh_document *document = new_document(err);
    if (!document)
        return MESH_E_NO_MEMORY;
    return give(document, tool_write(&document->text, contract->contract, form, flags, err), ret_document);
}

/* ---- lists ---- */

struct left_out {
    char *agent, *reason;
};

struct mesh_tools {
    struct buf json;
    size_t count;
    struct map agents; /* the agent of each tool, a string of ours */
    struct left_out *left_out;
    size_t left_out_count;
};

mesh_tools *mesh_tools_free(mesh_tools *tools)
{
    if (tools) {
        for (size_t i = 0; i < tools->left_out_count; i++) {
            free(tools->left_out[i].agent);
            free(tools->left_out[i].reason);
        }
        free(tools->left_out);
        map_clear(&tools->agents, free);
        buf_clear(&tools->json);
        free(tools);
    }
    return NULL;
}

static mesh_tools *new_tools(size_t most)
{
    mesh_tools *tools = calloc(1, sizeof(*tools));
    if (!tools)
        return NULL;
    map_init(&tools->agents);
    buf_init(&tools->json, DOCUMENT_MAX);
    tools->left_out = calloc(most + 1, sizeof(*tools->left_out));
    return tools->left_out ? tools : mesh_tools_free(tools);
}

/* Whether it can be one and wishes it; err says why not. */
static mesh_status check_candidate(const struct contract *contract, uint32_t flags, char name[TOOL_NAME_SIZE],
                                   mesh_error *err)
{
    const char *reason = !contract->invocable                                    ? "it cannot be called"
                         : contract->streaming && !(flags & MESH_TOOL_STREAMING) ? "it answers in chunks"
                         : contract->mcp == MESH_NO                              ? "it is not to be exported"
                         : !tool_takes_object(contract)                          ? "its input is no object"
                                                                                 : NULL;
    if (reason)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s' is no tool: %s", contract->name, reason);
    return tool_name(name, contract->name, err);
}

/* Whose a name is: of all candidates', the first in the order of bytes, whatever the order of the list. */
static bool claim(mesh_tools *tools, const char *name, const char *agent)
{
    char *owner = map_get(&tools->agents, name);
    if (owner && strcmp(owner, agent) <= 0)
        return true;
    char *copy = strdup(agent);
    if (copy && map_put(&tools->agents, name, copy)) {
        free(owner);
        return true;
    }
    free(copy);
    return false;
}

static bool claim_names(mesh_tools *tools, const mesh_contracts *contracts, uint32_t flags)
{
    char name[TOOL_NAME_SIZE];
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract *contract = contracts->contracts[i]->contract;
        if (check_candidate(contract, flags, name, NULL) == MESH_OK && !claim(tools, name, contract->name))
            return false;
    }
    return true;
}

static mesh_status check_owner(const mesh_tools *tools, const char *name, const char *agent, mesh_error *err)
{
    const char *owner = map_get(&tools->agents, name);
    if (strcmp(owner, agent) == 0)
        return MESH_OK;
    return mesh_error_set(err, MESH_E_EXISTS, "agent '%s' is no tool: its name as a tool, '%s', is that of agent '%s'",
                          agent, name, owner);
}

static bool leave_out(mesh_tools *tools, const char *agent, const char *reason)
{
    struct left_out *left_out = &tools->left_out[tools->left_out_count++];
    *left_out = (struct left_out){ strdup(agent), strdup(reason) };
    return left_out->agent && left_out->reason;
}

static mesh_status add_tool(mesh_tools *tools, const char *name, const struct contract *contract, int32_t form,
                            uint32_t flags, mesh_error *reason)
{
    auto_buf struct buf tool;
    buf_init(&tool, DOCUMENT_MAX);
    mesh_status status = tool_write(&tool, contract, form, flags, reason);
    if (status != MESH_OK) {
        free(map_remove(&tools->agents, name));
        return status;
    }
    buf_puts(&tools->json, tools->count++ > 0 ? "," : "");
    buf_puts(&tools->json, buf_text(&tool));
    return MESH_OK;
}

/* reason says why it is none. */
static mesh_status try_agent(mesh_tools *tools, const struct contract *contract, int32_t form, uint32_t flags,
                             mesh_error *reason)
{
    char name[TOOL_NAME_SIZE];
    mesh_status status = check_candidate(contract, flags, name, reason);
    if (status == MESH_OK)
        status = check_owner(tools, name, contract->name, reason);
    return status == MESH_OK ? add_tool(tools, name, contract, form, flags, reason) : status;
}

static mesh_status add_all(mesh_tools *tools, const mesh_contracts *contracts, int32_t form, uint32_t flags)
{
    mesh_status status = MESH_OK;
    buf_putc(&tools->json, '[');
    for (size_t i = 0; i < contracts->count && status != MESH_E_NO_MEMORY; i++) {
        mesh_error reason = MESH_ERROR_INIT;
        const struct contract *contract = contracts->contracts[i]->contract;
        status = try_agent(tools, contract, form, flags, &reason);
        if (status != MESH_OK && status != MESH_E_NO_MEMORY &&
            !leave_out(tools, contract->name, mesh_error_text(&reason)))
            status = MESH_E_NO_MEMORY;
        mesh_error_clear(&reason);
    }
    buf_putc(&tools->json, ']');
    return status == MESH_E_NO_MEMORY ? status : MESH_OK;
}

mesh_status mesh_tools_make(const mesh_contracts *contracts, int32_t form, uint32_t flags, mesh_tools **ret_tools,
                            mesh_error *err)
{
    mesh_status status = tool_check_form(form, flags, err);
    if (status != MESH_OK)
        return status;
    mesh_tools *tools = new_tools(contracts->count);
    if (!tools || !claim_names(tools, contracts, flags) || add_all(tools, contracts, form, flags) != MESH_OK) {
        mesh_tools_free(tools);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for tools");
    }
    status = buf_error(&tools->json, err);
    if (status == MESH_OK)
        *ret_tools = tools;
    else
        mesh_tools_free(tools);
    return status;
}

size_t mesh_tools_count(const mesh_tools *tools)
{
    return tools->count;
}

mesh_bytes mesh_tools_json(const mesh_tools *tools)
{
    return buf_bytes(&tools->json);
}

const char *mesh_tools_agent(const mesh_tools *tools, const char *tool)
{
    return map_get(&tools->agents, tool);
}

const char *mesh_tools_left_out(const mesh_tools *tools, size_t index, const char **ret_agent)
{
    if (index >= tools->left_out_count)
        return NULL;
    if (ret_agent)
        *ret_agent = tools->left_out[index].agent;
    return tools->left_out[index].reason;
}
