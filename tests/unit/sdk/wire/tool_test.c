/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts as tools of language models. */
#include "wire/tool.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"
#include "wire/tool_strict.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct {
    const char *name;
    int32_t form;
    uint32_t flags;
} forms[] = {
    { "neutral", MESH_TOOL_NEUTRAL, 0 },
    { "anthropic", MESH_TOOL_ANTHROPIC, 0 },
    { "openai_chat", MESH_TOOL_OPENAI_CHAT, 0 },
    { "openai_chat.strict", MESH_TOOL_OPENAI_CHAT, MESH_TOOL_STRICT },
    { "openai_responses", MESH_TOOL_OPENAI_RESPONSES, 0 },
    { "openai_responses.strict", MESH_TOOL_OPENAI_RESPONSES, MESH_TOOL_STRICT },
};

/* Printed the same way, so that the order of names counts as well; to free(). */
static char *compact(const char *text)
{
    auto_json cJSON *tree = NULL;
    struct buf out = { .max = 1 << 20 };

    expect_int(json_parse(mesh_text(text), &tree, NULL), MESH_OK);
    json_print(&out, tree);
    return buf_take(&out);
}

static void expect_forms(const char *contract_file, const char *forms_file)
{
    auto_free char *document = golden(contract_file), *all = golden(forms_file);
    auto_contract struct contract *contract = NULL;
    auto_json cJSON *expected = NULL;

    expect_int(contract_read(mesh_text(document), &contract, NULL), MESH_OK);
    expect_int(json_parse(mesh_text(all), &expected, NULL), MESH_OK);
    for (size_t i = 0; i < COUNT(forms); i++) {
        auto_buf struct buf tool = { .max = 1 << 20 }, wanted = { .max = 1 << 20 };
        expect_int(tool_write(&tool, contract, forms[i].form, forms[i].flags, NULL), MESH_OK);
        json_print(&wanted, json_get(expected, forms[i].name));
        auto_free char *got = compact(buf_text(&tool));
        expect_str(got, buf_text(&wanted));
    }
}

static void tools_are_what_the_reference_makes_of_the_same_contracts(void)
{
    expect_forms("tool/nested.contract.json", "tool/nested.json");
    expect_forms("contract/rec.echo.json", "tool/rec.echo.json");
    expect_forms("contract/rec.now.json", "tool/rec.now.json");
    expect_forms("contract/rec.counter.json", "tool/rec.counter.json");
    expect_forms("contract/rec.plain.json", "tool/rec.plain.json");
}

static struct contract *contract_of(const char *text)
{
    struct contract *contract = NULL;

    expect_int(contract_read(mesh_text(text), &contract, NULL), MESH_OK);
    return contract;
}

static void expect_refused(const char *contract_text, int32_t form, uint32_t flags, mesh_status status,
                           const char *reason)
{
    auto_contract struct contract *contract = contract_of(contract_text);
    auto_buf struct buf tool = { .max = 1 << 20 };
    mesh_error err = MESH_ERROR_INIT;

    expect_int(tool_write(&tool, contract, form, flags, &err), status);
    expect_contains(mesh_error_text(&err), reason);
    mesh_error_clear(&err);
}

static void what_cannot_be_a_tool_is_refused_with_the_reason(void)
{
    static const char fine[] = "{\"name\": \"a\"}";
    expect_refused("{\"name\": \"a\", \"capabilities\": {\"invocable\": false}}", MESH_TOOL_NEUTRAL, 0,
                   MESH_E_INVOCATION_MISMATCH, "Agent 'a' is not invocable");
    expect_refused("{\"name\": \"a234567890123456789012345678901234567890123456789012345678901.345\"}",
                   MESH_TOOL_NEUTRAL, 0, MESH_E_INVALID_ARGUMENT, "has 65 characters, a tool's at most 64");
    expect_refused(fine, 0, 0, MESH_E_INVALID_ARGUMENT, "0 is no form of a tool");
    expect_refused(fine, 5, 0, MESH_E_INVALID_ARGUMENT, "5 is no form of a tool");
    expect_refused(fine, MESH_TOOL_NEUTRAL, 8, MESH_E_INVALID_ARGUMENT, "flags");
    expect_refused(fine, MESH_TOOL_ANTHROPIC, MESH_TOOL_STRICT, MESH_E_INVALID_ARGUMENT, "strict");
}

static void a_name_may_have_64_characters_and_dots_become_underscores(void)
{
    char name[TOOL_NAME_SIZE];
    expect_int(tool_name(name, "a.b-c_d.9", NULL), MESH_OK);
    expect_str(name, "a_b-c_d_9");
    expect_int(tool_name(name, "a234567890123456789012345678901234567890123456789012345678901.34", NULL), MESH_OK);
    expect_int(strlen(name), 64);
}

static void a_contract_without_input_takes_an_empty_object(void)
{
    auto_contract struct contract *contract = contract_of("{\"name\": \"a.b\", \"description\": \"d\"}");
    auto_contract struct contract *nothing = contract_of("{\"name\": \"a\", \"skills\": [{\"inputSchema\": false}]}");
    auto_buf struct buf tool = { .max = 1 << 20 };
    expect_int(tool_write(&tool, contract, MESH_TOOL_NEUTRAL, 0, NULL), MESH_OK);
    expect_str(buf_text(&tool), "{\"name\":\"a_b\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\","
                                "\"properties\":{}}}");
    buf_reset(&tool);
    expect_int(tool_write(&tool, nothing, MESH_TOOL_NEUTRAL, 0, NULL), MESH_OK);
    expect_contains(buf_text(&tool), "\"input_schema\":{\"not\":{}}");
    expect_false(tool_takes_object(nothing));
}

static void only_objects_are_arguments_of_a_tool(void)
{
    static const struct {
        const char *schema;
        bool takes;
    } cases[] = {
        { "{\"type\": \"object\"}", true },
        { "{\"title\": \"any\"}", true },
        { "{\"type\": [\"object\", \"null\"]}", true },
        { "{\"type\": \"string\"}", false },
        { "{\"type\": \"array\"}", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *schema = strdup(cases[i].schema);
        const struct contract contract = { .input_schema = schema };
        expect_int(tool_takes_object(&contract), cases[i].takes);
    }
}

/* ---- strict, beyond what the reference does ---- */

static void strict_reaches_every_schema_inside(void)
{
    static const struct {
        const char *schema, *strict;
    } cases[] = {
        { "true", "true" },
        { "{\"type\": \"string\", \"format\": \"x\", \"title\": \"t\", \"minLength\": 1}", "{\"type\":\"string\"}" },
        { "{\"type\":\"object\"}", "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[]}" },
        { "{\"type\":\"object\",\"additionalProperties\":true,\"properties\":{\"b\":{\"$ref\":\"#/$defs/B\",\"title\":"
          "\"t\"},\"a\":{\"type\":[\"integer\",\"string\"]}},\"$defs\":{\"B\":{\"type\":\"object\",\"title\":\"B\"}}}",
          "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"b\":{\"anyOf\":[{\"$ref\":\"#/$defs/"
          "B\"},{\"type\":\"null\"}]},\"a\":{\"type\":[\"integer\",\"string\",\"null\"]}},\"$defs\":{\"B\":{\"type\":"
          "\"object\",\"additionalProperties\":false,\"required\":[]}},\"required\":[\"a\",\"b\"]}" },
        { "{\"type\":\"object\",\"properties\":{\"p\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1},{\"type\":"
          "\"null\"}]},\"q\":{\"anyOf\":[{\"type\":\"integer\"}]},\"r\":{\"oneOf\":[{\"type\":\"string\",\"title\":"
          "\"t\"}]}}}",
          "{\"type\":\"object\",\"properties\":{\"p\":{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"}]},\"q\":{"
          "\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"}]},\"r\":{\"anyOf\":[{\"oneOf\":[{\"type\":\"string\"}]"
          "},{\"type\":\"null\"}]}},\"additionalProperties\":false,\"required\":[\"p\",\"q\",\"r\"]}" },
        { "{\"type\":\"array\",\"items\":{\"type\":\"object\"},\"prefixItems\":[{\"title\":\"t\"},true]}",
          "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"additionalProperties\":false,\"required\":[]},"
          "\"prefixItems\":[{},true]}" },
        { "{\"type\":\"object\",\"properties\":{\"a\":true,\"b\":{\"type\":[\"null\",\"string\"]}},\"required\":7}",
          "{\"type\":\"object\",\"properties\":{\"a\":true,\"b\":{\"type\":[\"null\",\"string\"]}},\"required\":[\"a\","
          "\"b\"],\"additionalProperties\":false}" },
        { "{\"type\":7,\"properties\":[],\"items\":[]}", "{\"type\":7,\"properties\":[],\"items\":[]}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *tree = NULL;
        auto_buf struct buf out = { .max = 1 << 16 };
        expect_int(json_parse(mesh_text(cases[i].schema), &tree, NULL), MESH_OK);
        expect_true(tool_strict(tree));
        json_print(&out, tree);
        expect_str(buf_text(&out), cases[i].strict);
    }
}

SUITE(wire_tool, STATEMENT("65", tools_are_what_the_reference_makes_of_the_same_contracts),
      STATEMENT("66", what_cannot_be_a_tool_is_refused_with_the_reason),
      STATEMENT("65", a_name_may_have_64_characters_and_dots_become_underscores),
      STATEMENT("65", a_contract_without_input_takes_an_empty_object), TEST(only_objects_are_arguments_of_a_tool),
      TEST(strict_reaches_every_schema_inside))
