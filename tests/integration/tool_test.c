/* SPDX-License-Identifier: Apache-2.0 */
/* Agents as tools of language models and as cards, made of what is on the mesh (protocol 14, 4.3). */
#include <stdlib.h>
#include <string.h>

#include <agentmesh/discover.h>

#include "agents.h"
#include "golden.h"

/* 65 characters. */
#define TOO_LONG "list.a23456789.b23456789.c23456789.d23456789.e23456789.f234567890"

static void serve_agent(mesh_client *host, const char *name, const char *input, uint32_t mcp)
{
    mesh_agent agent = MESH_RESPONDER(name, "For a test.", answer_text, input, NULL);
    agent.mcp = mcp;
    expect_int(mesh_register(host, &agent, (void *)"1", NULL), MESH_OK);
}

static void serve_streamer(mesh_client *host, const char *name)
{
    const mesh_agent agent = MESH_STREAMER(name, "For a test.", answer_text, "{}", NULL);
    expect_int(mesh_register(host, &agent, (void *)"1", NULL), MESH_OK);
}

static mesh_contracts *discover(mesh_client *client, const char *channel)
{
    mesh_contracts *contracts = NULL;
    expect_int(mesh_discover(client, channel, &contracts, NULL), MESH_OK);
    return contracts;
}

/* Why an agent was left out; NULL if it was not. */
static const char *reason_of(const mesh_tools *tools, const char *agent)
{
    const char *reason, *left_out = NULL;
    for (size_t i = 0; (reason = mesh_tools_left_out(tools, i, &left_out)); i++)
        if (strcmp(left_out, agent) == 0)
            return reason;
    return NULL;
}

static void one_contract_becomes_a_tool(void)
{
    mesh_client *host = peer_client(NULL);
    mesh_contract *contract = NULL;
    mesh_document *tool = NULL;
    serve_agent(host, "one.tool", "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\"}}}", 0);
    expect_int(mesh_contract_read(host, "one.tool", &contract, NULL), MESH_OK);
    expect_int(mesh_contract_tool(contract, MESH_TOOL_OPENAI_RESPONSES, MESH_TOOL_STRICT, &tool, NULL), MESH_OK);
    expect_json(mesh_document_text(tool).data,
                "{\"type\": \"function\", \"name\": \"one_tool\", \"description\": \"For a test.\", \"parameters\": "
                "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": [\"string\", \"null\"]}}, "
                "\"additionalProperties\": false, \"required\": [\"a\"]}, \"strict\": true}");
    mesh_document_free(tool);
    expect_int(mesh_contract_tool(contract, MESH_TOOL_NEUTRAL, MESH_TOOL_STRICT, &tool, NULL), MESH_E_INVALID_ARGUMENT);
    expect_true(mesh_document_free(NULL) == NULL);
    mesh_contract_free(contract);
    mesh_client_close(host);
}

static void a_card_has_the_url_of_its_gateway(void)
{
    mesh_client *host = peer_client(NULL);
    mesh_contract *contract = NULL;
    mesh_document *card = NULL;
    serve_agent(host, "card", "{}", 0);
    expect_int(mesh_contract_read(host, "card", &contract, NULL), MESH_OK);
    expect_int(mesh_contract_card(contract, "https://x/card", &card, NULL), MESH_OK);
    expect_json(mesh_document_text(card).data,
                "{\"name\": \"card\", \"description\": \"For a test.\", \"version\": \"0.1.0\", \"capabilities\": "
                "{\"streaming\": false, \"invocable\": true}, \"skills\": [{\"id\": \"card\", \"name\": \"card\", "
                "\"description\": \"For a test.\", \"tags\": []}], \"url\": \"https://x/card\"}");
    mesh_document_free(card);
    mesh_contract_free(contract);
    mesh_client_close(host);
}

static void one_agent_that_cannot_be_a_tool_does_not_spoil_the_rest(void)
{
    mesh_client *host = peer_client(NULL);
    mesh_tools *tools = NULL;
    serve_agent(host, "list.fine", "{\"type\": \"object\"}", 0);
    serve_agent(host, TOO_LONG, "{}", 0);
    serve_agent(host, "list.scalar", "{\"type\": \"string\"}", 0);
    serve_agent(host, "list.secret", "{}", MESH_NO);
    serve_agent(host, "list.wished", "{}", MESH_YES);
    serve_streamer(host, "list.chunks");
    mesh_contracts *contracts = discover(host, "list");
    expect_int(mesh_contracts_count(contracts), 6);
    expect_int(mesh_tools_make(contracts, MESH_TOOL_NEUTRAL, 0, &tools, NULL), MESH_OK);
    expect_int(mesh_tools_count(tools), 2);
    expect_str(mesh_tools_agent(tools, "list_fine"), "list.fine");
    expect_str(mesh_tools_agent(tools, "list_wished"), "list.wished");
    expect_str(mesh_tools_agent(tools, "list_secret"), NULL);
    expect_contains(mesh_tools_json(tools).data, "\"name\":\"list_fine\"");
    expect_contains(mesh_tools_json(tools).data, "\"name\":\"list_wished\"");
    expect_contains(reason_of(tools, TOO_LONG), "has 65 characters, a tool's at most 64");
    expect_contains(reason_of(tools, "list.scalar"), "its input is no object");
    expect_contains(reason_of(tools, "list.secret"), "it is not to be exported");
    expect_contains(reason_of(tools, "list.chunks"), "it answers in chunks");
    mesh_tools_free(tools);
    expect_int(mesh_tools_make(contracts, MESH_TOOL_OPENAI_CHAT, MESH_TOOL_STREAMING | MESH_TOOL_STRICT, &tools, NULL),
               MESH_OK);
    expect_str(mesh_tools_agent(tools, "list_chunks"), "list.chunks");
    expect_int(mesh_tools_count(tools), 3);
    mesh_tools_free(tools);
    mesh_contracts_free(contracts);
    mesh_client_close(host);
}

static void agents_whose_tools_have_one_name_do_not_hide_each_other_silently(void)
{
    static const char *const orders[2][2] = { { "same.a_b", "same.a.b" }, { "same.a.b", "same.a_b" } };
    for (size_t i = 0; i < 2; i++) {
        mesh_client *host = peer_client(NULL);
        mesh_tools *tools = NULL;
        serve_agent(host, orders[i][0], "{}", 0);
        serve_agent(host, orders[i][1], "{}", 0);
        mesh_contracts *contracts = discover(host, "same");
        expect_int(mesh_tools_make(contracts, MESH_TOOL_ANTHROPIC, 0, &tools, NULL), MESH_OK);
        expect_int(mesh_tools_count(tools), 1);
        expect_str(mesh_tools_agent(tools, "same_a_b"), "same.a.b");
        expect_contains(reason_of(tools, "same.a_b"), "'same_a_b', is that of agent 'same.a.b'");
        mesh_tools_free(tools);
        mesh_contracts_free(contracts);
        mesh_client_close(host);
    }
}

static void no_agents_make_an_empty_list(void)
{
    mesh_client *client = peer_client(NULL);
    mesh_contracts *contracts = discover(client, "nobody.there");
    mesh_tools *tools = NULL;
    expect_int(mesh_tools_make(contracts, MESH_TOOL_NEUTRAL, 0, &tools, NULL), MESH_OK);
    expect_int(mesh_tools_count(tools), 0);
    expect_str(mesh_tools_json(tools).data, "[]");
    expect_true(mesh_tools_left_out(tools, 0, NULL) == NULL);
    mesh_tools_free(tools);
    expect_int(mesh_tools_make(contracts, 9, 0, &tools, NULL), MESH_E_INVALID_ARGUMENT);
    expect_true(mesh_tools_free(NULL) == NULL && mesh_contracts_free(NULL) == NULL);
    mesh_contracts_free(contracts);
    mesh_client_close(client);
}

SUITE(integration_tool, STATEMENT("65", one_contract_becomes_a_tool), TEST(a_card_has_the_url_of_its_gateway),
      STATEMENT("66", one_agent_that_cannot_be_a_tool_does_not_spoil_the_rest),
      STATEMENT("66", agents_whose_tools_have_one_name_do_not_hide_each_other_silently),
      TEST(no_agents_make_an_empty_list))
