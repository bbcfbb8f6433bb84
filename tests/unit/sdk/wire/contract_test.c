/* SPDX-License-Identifier: Apache-2.0 */
/* The contract: from an agent, to the registry and back. */
#include "wire/contract.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static mesh_status handler(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set_text(err, MESH_E_HANDLER_ERROR, "never called");
}

static struct contract *contract_of(const mesh_agent *agent)
{
    mesh_error err = MESH_ERROR_INIT;
    struct contract *contract = NULL;

    if (!expect_int(contract_from_agent(agent, &contract, &err), MESH_OK))
        expect_str(mesh_error_text(&err), "");
    mesh_error_clear(&err);
    return contract;
}

static struct contract *contract_in(const char *document)
{
    struct contract *contract = NULL;

    expect_int(contract_read(mesh_text(document), &contract, NULL), MESH_OK);
    return contract;
}

static char *written(const struct contract *contract)
{
    struct buf out = { .max = 1 << 20 };

    contract_write(&out, contract);
    expect_int(json_check(buf_bytes(&out), NULL), MESH_OK);
    return buf_take(&out);
}

static void recorded_contracts_are_read_and_written_again(void)
{
    static const char *const files[] = { "contract/rec.echo.json",       "contract/rec.counter.json",
                                         "contract/rec.now.json",        "contract/rec.ticker.json",
                                         "contract/rec.background.json", "contract/rec.plain.json",
                                         "contract/rec.rich.json",       "contract/rec.on-subject.json" };
    for (size_t i = 0; i < COUNT(files); i++) {
        auto_free char *document = golden(files[i]);
        auto_contract struct contract *contract = contract_in(document);
        auto_free char *text = written(contract);
        expect_json(text, document);
        auto_contract struct contract *again = contract_in(text);
        expect_true(contract_equal(contract, again));
    }
}

static void replace_stamp(struct contract *contract, const char *stamp)
{
    free(contract->registered_at);
    contract->registered_at = strdup(stamp);
}

static void our_agents_are_announced_as_recorded_ones(void)
{
    static const char *const tags[] = { "demo", "text", NULL };
    static const char note[] = "{\"type\":\"object\",\"title\":\"Note\",\"required\":[\"text\"],\"properties\":"
                               "{\"times\":{\"type\":\"integer\",\"default\":1,\"title\":\"Times\"},"
                               "\"text\":{\"type\":\"string\",\"title\":\"Text\"}}}";
    static const char echoed[] = "{\"type\":\"object\",\"title\":\"Echoed\",\"required\":[\"text\",\"length\"],"
                                 "\"properties\":{\"text\":{\"type\":\"string\",\"title\":\"Text\"},"
                                 "\"length\":{\"type\":\"integer\",\"title\":\"Length\"}}}";
    mesh_agent echo = MESH_RESPONDER("rec.echo", "Echoes a note", handler, note, echoed);
    echo.version = "1.2.3";
    echo.tags = tags;
    auto_free char *document = golden("contract/rec.echo.json");
    auto_contract struct contract *recorded = contract_in(document);
    auto_contract struct contract *ours = contract_of(&echo);
    expect_true(contract_equal(ours, recorded));
    replace_stamp(ours, recorded->registered_at);
    auto_free char *text = written(ours);
    expect_str(ours->input_schema, note);
    expect_contains(text, note);
    expect_contains(text, echoed);
    expect_json(text, document);
}

static mesh_status emits(mesh_emitter *emitter, void *state, mesh_error *err)
{
    (void)emitter;
    (void)state;
    (void)err;
    return MESH_OK;
}

static mesh_status listens(const mesh_message *message, void *state, mesh_error *err)
{
    (void)message;
    (void)state;
    (void)err;
    return MESH_OK;
}

static void every_shape_is_announced_as_recorded(void)
{
    static const char tick[] = MESH_JSON({"properties": {"n": {"title": "N", "type": "integer"}}, "required": ["n"],
                                          "title": "Tick", "type": "object"});
    static const mesh_source source = MESH_SUBJECT_SOURCE("rec.in", NULL);
    static const mesh_source *const sources[] = { &source, NULL };
    mesh_agent task = MESH_TASK("rec.background", "A background task: no input, no output", emits);
    task.mcp = MESH_NO;
    const struct {
        const char *file;
        mesh_agent agent;
    } cases[] = {
        { "contract/rec.ticker.json", MESH_PUBLISHER("rec.ticker", "Emits three events and ends", emits, tick) },
        { "contract/rec.background.json", task },
        { "contract/rec.on-subject.json",
          MESH_LISTENER("rec.on-subject", "Driven by a subject source", listens, sources) },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *document = golden(cases[i].file);
        auto_contract struct contract *recorded = contract_in(document), *ours = contract_of(&cases[i].agent);
        expect_true(contract_equal(ours, recorded));
        replace_stamp(ours, recorded->registered_at);
        auto_free char *text = written(ours);
        expect_json(text, document);
    }
}

static void what_does_not_go_together_is_refused(void)
{
    static const mesh_source source = MESH_SUBJECT_SOURCE("a", NULL);
    static const mesh_source *const sources[] = { &source, NULL }, *const none[] = { NULL };
    static const struct {
        mesh_agent agent;
        const char *told;
    } cases[] = {
#define WRONG(...) { .size = sizeof(mesh_agent), .name = "a", .description = "b", __VA_ARGS__ }
        { WRONG(.publish = emits, .call = handler), "it has both call and publish" },
        { WRONG(.publish = emits, .run = emits), "it has both publish and run" },
        { WRONG(.run = emits, .on_message = listens, .sources = sources), "it has both run and on_message" },
        { WRONG(.publish = emits, .on_message = listens, .sources = sources), "it has both publish and on_message" },
        { WRONG(.on_message = listens), "sources is missing" },
        { WRONG(.on_message = listens, .sources = none), "sources is missing" },
        { WRONG(.call = handler, .sources = sources), "sources is set, but means nothing without on_message" },
        { WRONG(.call = handler, .message_schema = "{}"), "message_schema is set" },
        { WRONG(.publish = emits, .input_schema = "{}"), "input_schema is set" },
        { WRONG(.run = emits, .output_schema = "{}"), "output_schema is set" },
        { WRONG(.publish = emits, .every_ms = 1), "every_ms is set, but means nothing without run" },
        { WRONG(.run = emits, .concurrency = 2), "concurrency is set" },
        { WRONG(.publish = emits, .timeout_ms = 2), "timeout_ms is set" },
        { WRONG(.run = emits, .reserved = 1), "reserved is not 0" },
#undef WRONG
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        struct contract *contract = NULL;
        expect_int(contract_from_agent(&cases[i].agent, &contract, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), "agent 'a': ");
        expect_contains(mesh_error_text(&err), cases[i].told);
        mesh_error_clear(&err);
    }
}

static void the_shape_decides_what_is_told(void)
{
    static const struct {
        mesh_agent agent;
        bool streaming, has_input;
        const char *input, *output, *chunk;
    } cases[] = {
        { MESH_RESPONDER("a", "b", handler, "{\"type\":\"object\"}", "{\"type\":\"null\"}"), false, true,
          "{\"type\":\"object\"}", "{\"type\":\"null\"}", NULL },
        { MESH_RESPONDER("a", "b", handler, "{}", " {\n} "), false, true, NULL, NULL, NULL },
        { MESH_RESPONDER("a", "b", handler, "true", "false"), false, true, NULL, "{\"not\":{}}", NULL },
        { MESH_TRIGGER("a", "b", handler, "{\"type\":\"string\"}"), false, false, NULL, "{\"type\":\"string\"}", NULL },
        { MESH_STREAMER("a", "b", handler, "{}", "{\"type\":\"string\"}"), true, true, NULL, NULL,
          "{\"type\":\"string\"}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_contract struct contract *contract = contract_of(&cases[i].agent);
        expect_true(contract->invocable);
        expect_int(contract->streaming, cases[i].streaming);
        expect_int(contract->has_input, cases[i].has_input);
        expect_str(contract->input_schema, cases[i].input);
        expect_str(contract->output_schema, cases[i].output);
        expect_str(contract->chunk_schema, cases[i].chunk);
        expect_str(contract->version, "0.1.0");
        expect_true(contract->tags[0] == NULL);
        expect_int(strlen(contract->registered_at) >= strlen("2026-11-22T10:57:06+00:00"), true);
    }
}

static void keys_are_written_only_where_they_belong(void)
{
    mesh_agent agent = MESH_STREAMER("a.b", "Streams.", handler, "{}", "{\"type\":\"string\"}");
    auto_contract struct contract *streamer = contract_of(&agent);
    replace_stamp(streamer, "now");
    auto_free char *first = written(streamer);
    expect_str(first, "{\"name\":\"a.b\",\"description\":\"Streams.\",\"version\":\"0.1.0\","
                      "\"capabilities\":{\"streaming\":true,\"invocable\":true},"
                      "\"skills\":[{\"id\":\"a.b\",\"name\":\"a.b\",\"description\":\"Streams.\",\"tags\":[]}],"
                      "\"x-agentmesh\":{\"subject\":\"mesh.agent.a.b\",\"tags\":[],\"registered_at\":\"now\","
                      "\"chunk_schema\":{\"type\":\"string\"}}}");

    mesh_agent other = MESH_TRIGGER("t", "Says \"hi\".", handler, NULL);
    other.mcp = MESH_NO;
    auto_contract struct contract *trigger = contract_of(&other);
    replace_stamp(trigger, "now");
    auto_free char *second = written(trigger);
    expect_str(second, "{\"name\":\"t\",\"description\":\"Says \\\"hi\\\".\",\"version\":\"0.1.0\","
                       "\"capabilities\":{\"streaming\":false,\"invocable\":true},"
                       "\"skills\":[{\"id\":\"t\",\"name\":\"t\",\"description\":\"Says \\\"hi\\\".\",\"tags\":[]}],"
                       "\"x-agentmesh\":{\"subject\":\"mesh.agent.t\",\"tags\":[],\"registered_at\":\"now\","
                       "\"mcp\":false}}");
}

/* An agent in which one thing is wrong. */
static mesh_agent wrong(const char *what)
{
    static const char *const empty_tag[] = { "a", "", NULL };
    static const char *const latin_tag[] = { "caf\xe9", NULL };
    mesh_agent agent = MESH_RESPONDER("echo", "Echoes.", handler, "{}", NULL);

    if (strcmp(what, "name") == 0)
        agent.name = "a b";
    else if (strcmp(what, "no name") == 0)
        agent.name = NULL;
    else if (strcmp(what, "no description") == 0)
        agent.description = NULL;
    else if (strcmp(what, "empty description") == 0)
        agent.description = "";
    else if (strcmp(what, "latin description") == 0)
        agent.description = "caf\xe9";
    else if (strcmp(what, "latin version") == 0)
        agent.version = "\xff";
    else if (strcmp(what, "no handler") == 0)
        agent.call = NULL;
    else if (strcmp(what, "two handlers") == 0)
        agent.stream = handler;
    else if (strcmp(what, "stream without input") == 0)
        agent = (mesh_agent)MESH_STREAMER("echo", "Echoes.", handler, NULL, NULL);
    else if (strcmp(what, "concurrency") == 0)
        agent.concurrency = 5, agent.concurrency_limit = 4;
    else if (strcmp(what, "mcp") == 0)
        agent.mcp = 3;
    else if (strcmp(what, "empty tag") == 0)
        agent.tags = empty_tag;
    else if (strcmp(what, "latin tag") == 0)
        agent.tags = latin_tag;
    else if (strcmp(what, "input not JSON") == 0)
        agent.input_schema = "{\"type\": object}";
    else if (strcmp(what, "input a list") == 0)
        agent.input_schema = "[]";
    else if (strcmp(what, "output twice") == 0)
        agent.output_schema = "{\"type\":1,\"type\":2}";
    return agent;
}

static void contradictions_are_refused_with_agent_field_and_rule(void)
{
    static const struct {
        const char *what, *told;
    } cases[] = {
        { "name", "agent name 'a b': byte 1 is not allowed" },
        { "no name", "agent name is missing" },
        { "no description", "agent 'echo': description is missing" },
        { "empty description", "agent 'echo': description is missing" },
        { "latin description", "agent 'echo': description is not UTF-8" },
        { "latin version", "agent 'echo': version is not UTF-8" },
        { "no handler", "agent 'echo': it does nothing: fill in one of call, stream, publish, run and" },
        { "two handlers", "agent 'echo': it has both call and stream" },
        { "stream without input", "agent 'echo': input_schema is missing" },
        { "concurrency", "agent 'echo': concurrency 5 is above concurrency_limit 4" },
        { "mcp", "agent 'echo': mcp is 3" },
        { "empty tag", "agent 'echo': tags[1] is empty" },
        { "latin tag", "agent 'echo': tags[0] is not UTF-8" },
        { "input not JSON", "agent 'echo': input_schema: invalid JSON at byte 9: a value was expected" },
        { "input a list", "agent 'echo': input_schema is no JSON Schema" },
        { "output twice", "agent 'echo': output_schema: invalid JSON at byte 0" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        struct contract *contract = NULL;
        mesh_agent agent = wrong(cases[i].what);
        expect_int(contract_from_agent(&agent, &contract, &err), MESH_E_INVALID_ARGUMENT);
        expect_int(err.status, MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), cases[i].told);
        expect_true(contract == NULL);
        mesh_error_clear(&err);
    }
}

static void concurrency_has_no_limit_where_none_is_given(void)
{
    mesh_agent agent = MESH_RESPONDER("echo", "Echoes.", handler, "{}", NULL);

    agent.concurrency = 64;
    auto_contract struct contract *contract = contract_of(&agent);
    expect_str(contract->name, "echo");
}

static void a_reader_needs_only_a_name(void)
{
    auto_contract struct contract *contract = contract_in("{\"name\":\"a\"}");

    expect_str(contract->name, "a");
    expect_str(contract->description, "");
    expect_str(contract->version, "0.1.0");
    expect_true(contract->invocable);
    expect_false(contract->streaming);
    expect_true(contract->tags[0] == NULL);
    expect_str(contract->input_schema, NULL);
    expect_str(contract->registered_at, "");
    expect_int(contract->mcp, 0);
}

static void wrong_types_count_as_absent(void)
{
    static const char document[] =
        "{\"name\":\"a\",\"description\":null,\"version\":7,\"capabilities\":null,"
        "\"skills\":[{\"inputSchema\":[],\"outputSchema\":{}},{\"outputSchema\":{\"type\":\"string\"}}],"
        "\"x-agentmesh\":{\"tags\":[\"x\",1,null,\"y\"],\"mcp\":\"yes\",\"chunk_schema\":false,\"registered_at\":5}}";
    auto_contract struct contract *contract = contract_in(document);

    expect_str(contract->description, "");
    expect_str(contract->version, "0.1.0");
    expect_true(contract->invocable);
    expect_str(contract->input_schema, NULL);
    expect_str(contract->output_schema, NULL);
    expect_str(contract->chunk_schema, "false");
    expect_str(contract->tags[0], "x");
    expect_str(contract->tags[1], "y");
    expect_true(contract->tags[2] == NULL);
    expect_int(contract->mcp, 0);
    expect_str(contract->registered_at, "");
}

static void schemas_keep_their_numbers(void)
{
    auto_contract struct contract *contract =
        contract_in("{\"name\":\"a\",\"skills\":[{\"inputSchema\":{\"maximum\": 18446744073709551615}}]}");

    expect_str(contract->input_schema, "{\"maximum\":18446744073709551615}");
}

static void what_is_no_contract_is_refused(void)
{
    static const struct {
        const char *document, *told;
    } cases[] = {
        { "", "contract cannot be read: invalid JSON: the text is empty" },
        { "{\"name\":", "contract cannot be read: invalid JSON at byte 8" },
        { "[]", "contract cannot be read: it has no valid agent name" },
        { "{}", "contract cannot be read: it has no valid agent name" },
        { "{\"name\":7}", "contract cannot be read: it has no valid agent name" },
        { "{\"name\":\"a b\"}", "contract cannot be read: it has no valid agent name" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        struct contract *contract = NULL;
        expect_int(contract_read(mesh_text(cases[i].document), &contract, &err), MESH_E_DATA);
        expect_int(contract_read(mesh_text(cases[i].document), &contract, NULL), MESH_E_DATA);
        expect_contains(mesh_error_text(&err), cases[i].told);
        mesh_error_clear(&err);
    }
}

static void contracts_are_equal_when_they_say_the_same(void)
{
    static const char same[] = "{\"name\":\"a\",\"skills\":[{\"inputSchema\":{\"b\":1.0,\"a\":[2]}}],"
                               "\"x-agentmesh\":{\"tags\":[\"t\"],\"registered_at\":\"now\"}}";
    static const struct {
        const char *head, *schema, *extension; /* {"name":HEAD,"skills":[{SCHEMA}],"x-agentmesh":{EXTENSION}} */
        bool equal;
    } cases[] = {
        { "\"a\"", "\"inputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"t\"],\"registered_at\":\"later\"", true },
        { "\"a\",\"version\":\"0.1.0\"", "\"inputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"t\"]", true },
        { "\"b\"", "\"inputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"t\"]", false },
        { "\"a\",\"version\":\"2\"", "\"inputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"t\"]", false },
        { "\"a\",\"description\":\"d\"", "\"inputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"t\"]", false },
        { "\"a\"", "\"inputSchema\":{\"a\":[2],\"b\":2}", "\"tags\":[\"t\"]", false },
        { "\"a\"", "\"outputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"t\"]", false },
        { "\"a\"", "", "\"tags\":[\"t\"]", false },
        { "\"a\"", "\"inputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"u\"]", false },
        { "\"a\"", "\"inputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"t\",\"u\"]", false },
        { "\"a\"", "\"inputSchema\":{\"a\":[2],\"b\":1}", "\"tags\":[\"t\"],\"mcp\":false", false },
    };
    auto_contract struct contract *contract = contract_in(same);

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_buf struct buf document = { .max = 1000 };
        buf_printf(&document, "{\"name\":%s,\"skills\":[{%s}],\"x-agentmesh\":{%s}}", cases[i].head, cases[i].schema,
                   cases[i].extension);
        auto_contract struct contract *other = contract_in(buf_text(&document));
        expect_int(contract_equal(contract, other), cases[i].equal);
        expect_int(contract_equal(other, contract), cases[i].equal);
    }
}

SUITE(wire_contract, TEST(recorded_contracts_are_read_and_written_again),
      STATEMENT("16", our_agents_are_announced_as_recorded_ones), STATEMENT("16", every_shape_is_announced_as_recorded),
      TEST(what_does_not_go_together_is_refused), TEST(the_shape_decides_what_is_told),
      STATEMENT("17", keys_are_written_only_where_they_belong), TEST(contradictions_are_refused_with_agent_field_and_rule),
      TEST(concurrency_has_no_limit_where_none_is_given), TEST(a_reader_needs_only_a_name),
      TEST(wrong_types_count_as_absent), TEST(schemas_keep_their_numbers), TEST(what_is_no_contract_is_refused),
      TEST(contracts_are_equal_when_they_say_the_same))
