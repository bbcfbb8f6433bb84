/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh contract: what one agent takes and gives. */
#include <agentmesh/discover.h>

#include <string.h>

#include "base/json.h"
#include "command.h"
#include "print.h"
#include "session.h"

enum { TEXT_MAX = 64 << 20 };

/* ---- as JSON: one flat object (protocol 16.3) ---- */

static cJSON *tags_of(const mesh_contract *contract)
{
    cJSON *tags = cJSON_CreateArray();
    bool ok = tags;
    for (const char *const *tag = mesh_contract_tags(contract); ok && *tag; tag++)
        ok = cJSON_AddItemToArray(tags, cJSON_CreateString(*tag));
    if (!ok)
        cJSON_Delete(tags);
    return ok ? tags : NULL;
}

/* A part of the stored document, as it stands there; NULL: no memory. */
static cJSON *part_of(const cJSON *document, const char *name, cJSON *(*otherwise)(void))
{
    const cJSON *part = json_get(document, name);
    return part && !cJSON_IsNull(part) ? cJSON_Duplicate(part, true) : otherwise();
}

static cJSON *schema_of(const char *text)
{
    cJSON *schema = NULL;
    if (!text || json_parse(mesh_text(text), &schema, NULL) != MESH_OK)
        return cJSON_CreateNull();
    return schema;
}

static cJSON *mcp_of(const mesh_contract *contract)
{
    uint32_t mcp = mesh_contract_mcp(contract);
    return mcp == 0 ? cJSON_CreateNull() : cJSON_CreateBool(mcp == MESH_YES);
}

static cJSON *time_of(const mesh_contract *contract)
{
    const char *moment = mesh_contract_registered_at(contract);
    return *moment ? cJSON_CreateString(moment) : cJSON_CreateNull();
}

static cJSON *flatten(const mesh_contract *contract)
{
    auto_json cJSON *document = NULL;
    if (json_parse(mesh_contract_json(contract), &document, NULL) != MESH_OK)
        return NULL;
    const struct {
        const char *name;
        cJSON *value;
    } members[] = {
        { "name", cJSON_CreateString(mesh_contract_name(contract)) },
        { "description", cJSON_CreateString(mesh_contract_description(contract)) },
        { "version", cJSON_CreateString(mesh_contract_version(contract)) },
        { "capabilities", part_of(document, "capabilities", cJSON_CreateObject) },
        { "skills", part_of(document, "skills", cJSON_CreateArray) },
        { "subject", part_of(json_get(document, "x-agentmesh"), "subject", cJSON_CreateNull) },
        { "tags", tags_of(contract) },
        { "invocable", cJSON_CreateBool(mesh_contract_is_invocable(contract)) },
        { "streaming", cJSON_CreateBool(mesh_contract_is_streaming(contract)) },
        { "input_schema", schema_of(mesh_contract_input_schema(contract)) },
        { "output_schema", schema_of(mesh_contract_output_schema(contract)) },
        { "chunk_schema", schema_of(mesh_contract_chunk_schema(contract)) },
        { "mcp", mcp_of(contract) },
        { "registered_at", time_of(contract) },
    };
    cJSON *flat = cJSON_CreateObject();
    bool ok = flat;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (!ok || !cJSON_AddItemToObject(flat, members[i].name, members[i].value)) {
            cJSON_Delete(members[i].value);
            ok = false;
        }
    if (!ok)
        cJSON_Delete(flat);
    return ok ? flat : NULL;
}

static void write_json(struct buf *out, const mesh_contract *contract)
{
    auto_json cJSON *flat = flatten(contract);
    if (!flat) {
        out->failed = true;
        return;
    }
    json_print_pretty(out, flat);
    buf_putc(out, '\n');
}

/* ---- as text ---- */

static void write_line(struct buf *out, const char *title, const char *value)
{
    buf_printf(out, "%-13s", title);
    print_clean(out, value, true);
    buf_putc(out, '\n');
}

static void write_tags(struct buf *out, const char *const *tags)
{
    if (!*tags)
        return;
    buf_printf(out, "%-13s", "tags:");
    for (const char *const *tag = tags; *tag; tag++) {
        buf_puts(out, tag == tags ? "" : ", ");
        print_clean(out, *tag, true);
    }
    buf_putc(out, '\n');
}

static void write_text(struct buf *out, const mesh_contract *contract)
{
    write_line(out, "name:", mesh_contract_name(contract));
    write_line(out, "description:", mesh_contract_description(contract));
    write_line(out, "version:", mesh_contract_version(contract));
    write_line(out, "streaming:", mesh_contract_is_streaming(contract) ? "yes" : "no");
    write_line(out, "invocable:", mesh_contract_is_invocable(contract) ? "yes" : "no");
    write_tags(out, mesh_contract_tags(contract));
}

/* ---- in the forms of others ---- */

static const struct {
    const char *name;
    int32_t form;
} forms[] = {
    { "neutral", MESH_TOOL_NEUTRAL },
    { "openai-chat", MESH_TOOL_OPENAI_CHAT },
    { "openai-responses", MESH_TOOL_OPENAI_RESPONSES },
    { "anthropic", MESH_TOOL_ANTHROPIC },
};

/* 0: there is no such form. */
static int32_t form_of(const char *name)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(forms[i].name, name) == 0)
            return forms[i].form;
    return 0;
}

/* On one line, so that names keep their order; indented and sorted only if that is asked for. */
static int show_document(const mesh_contract *contract, const struct arguments *arguments)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_document *document = NULL;
    mesh_status status = arguments->card
                             ? mesh_contract_card(contract, arguments->card_url, &document, &err)
                             : mesh_contract_tool(contract, form_of(arguments->tool),
                                                  arguments->strict ? MESH_TOOL_STRICT : 0, &document, &err);
    if (status != MESH_OK)
        return session_failed(&err, NULL);
    bool printed = print_json(mesh_document_text(document), arguments->json);
    mesh_document_free(document);
    return printed ? EXIT_DONE : EXIT_FAILED;
}

/* ---- the command ---- */

static int show_contract(const mesh_contract *contract, const struct arguments *arguments)
{
    auto_buf struct buf out;
    buf_init(&out, TEXT_MAX);
    if (arguments->text)
        write_text(&out, contract);
    else
        write_json(&out, contract);
    if (buf_failed(&out)) {
        print_talk("no memory to print the contract");
        return EXIT_FAILED;
    }
    return print_result(buf_text(&out), out.len) ? EXIT_DONE : EXIT_FAILED;
}

static int show(mesh_client *client, const struct arguments *arguments, const struct buf *payload)
{
    (void)payload;
    mesh_error err = MESH_ERROR_INIT;
    mesh_contract *contract = NULL;
    if (mesh_contract_read(client, arguments->operands[0], &contract, &err) != MESH_OK)
        return session_failed(&err, NULL);
    int code =
        arguments->tool || arguments->card ? show_document(contract, arguments) : show_contract(contract, arguments);
    mesh_contract_free(contract);
    return code;
}

static int misused(const char *text)
{
    print_talk("%s", text);
    print_talk("Try: agentmesh contract --help");
    return EXIT_MISUSED;
}

static int run(const struct arguments *arguments)
{
    int32_t form = arguments->tool ? form_of(arguments->tool) : 0;
    if (arguments->json && arguments->text) {
        print_talk("--json and --text exclude each other");
        return EXIT_MISUSED;
    }
    if ((arguments->tool != NULL) + arguments->card + arguments->text > 1)
        return misused("--tool, --card and --text exclude each other");
    if (arguments->tool && form == 0)
        return misused("--tool is one of neutral, openai-chat, openai-responses, anthropic");
    if (arguments->strict && form != MESH_TOOL_OPENAI_CHAT && form != MESH_TOOL_OPENAI_RESPONSES)
        return misused("--strict goes with --tool openai-chat or openai-responses");
    if (arguments->card_url && !arguments->card)
        return misused("--at goes with --card");
    return session_run(arguments, NULL, show);
}

static const struct option options[] = {
    OPTION_URL,
    OPTION_CREDS,
    { "--json", 0, OPTION_FLAG, NULL, "print everything as one JSON object; the default", OPTION_AT(json) },
    { "--text", 0, OPTION_FLAG, NULL, "print a few lines for people", OPTION_AT(text) },
    { "--tool", 0, OPTION_TEXT, "FORM",
      "print it as a tool for a language model: neutral, openai-chat,\n"
      "                       openai-responses, anthropic",
      OPTION_AT(tool) },
    { "--strict", 0, OPTION_FLAG, NULL, "with --tool openai-...: as its strict mode wants it", OPTION_AT(strict) },
    { "--card", 0, OPTION_FLAG, NULL, "print it as an agent card", OPTION_AT(card) },
    { "--at", 0, OPTION_TEXT, "URL", "with --card: where a gateway offers the agent", OPTION_AT(card_url) },
    OPTION_END,
};

const struct command command_contract = {
    .name = "contract",
    .operands = "NAME",
    .summary = "Show what one agent takes and gives",
    .about = "",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
