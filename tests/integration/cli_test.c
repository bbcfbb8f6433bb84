/* SPDX-License-Identifier: Apache-2.0 */
/* The agentmesh program, driven as a shell drives it, against agents that this program serves. */
#include <agentmesh/agentmesh.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "nats_server.h"
#include "program.h"
#include "suite.h"

enum { SLOW_MS = 30000 };

static struct nats_server *server;
static mesh_client *host;
static char root[64];
static sem_t is_asked; /* posted by agents that then wait until nobody wants their answer */

/* ---- the agents ---- */

#define ANY "{}"

static mesh_status mirror(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_request_input(request), err);
}

static mesh_status answer_fixed(mesh_request *request, void *state, mesh_error *err)
{
    return mesh_request_answer(request, mesh_text(state), err);
}

static mesh_status refuse(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set_code(err, "quota_exceeded", "come back \033[31mtomorrow", "{\"used\": 10, \"limit\": 10}");
}

static mesh_status wait_for_stop(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    sem_post(&is_asked);
    mesh_request_wait(request, SLOW_MS);
    return mesh_error_set(err, MESH_E_STOPPED, "waited for nothing");
}

static mesh_status count(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    mesh_status status = MESH_OK;
    for (int i = 0; i < 3 && status == MESH_OK; i++)
        status = mesh_request_chunkf(request, err, "{\"z\": %d, \"a\": \"\u00e9\"}", i);
    return status;
}

static mesh_status count_and_fail(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    mesh_status status = mesh_request_chunk(request, mesh_text("1"), err);
    return status == MESH_OK ? mesh_error_set_text(err, MESH_E_HANDLER_ERROR, "no more numbers") : status;
}

static mesh_status count_and_wait(mesh_request *request, void *state, mesh_error *err)
{
    mesh_status status = mesh_request_chunk(request, mesh_text("1"), err);
    return status == MESH_OK ? wait_for_stop(request, state, err) : status;
}

static void serve_agents(void)
{
    static const char *const tags[] = { "demo", "text", NULL };
    static char fixed[] = "{\"b\": 12345678901234567890, \"a\": [\"\xc3\xa9\"]}";
    static const mesh_agent agents[] = {
        { .size = sizeof(mesh_agent),
          .name = "mirror",
          .description = "Gives back what it gets.",
          .version = "2.0.0",
          .input_schema = "{\"type\": [\"object\", \"array\", \"number\", \"string\"]}",
          .tags = tags,
          .call = mirror,
          .mcp = MESH_YES },
        { .size = sizeof(mesh_agent),
          .name = "fixed.answer",
          .description = "Always says the same.",
          .call = answer_fixed },
        { .size = sizeof(mesh_agent),
          .name = "fixed.refusal",
          .description = "Refuses\nwith \033[31mcolour.",
          .call = refuse },
        { .size = sizeof(mesh_agent),
          .name = "slow",
          .description = "Takes its time.",
          .call = wait_for_stop,
          .concurrency = 4 },
        { .size = sizeof(mesh_agent),
          .name = "count",
          .description = "Counts to three.",
          .input_schema = ANY,
          .stream = count },
        { .size = sizeof(mesh_agent),
          .name = "count.badly",
          .description = "Counts to one.",
          .input_schema = ANY,
          .stream = count_and_fail },
        { .size = sizeof(mesh_agent),
          .name = "count.slowly",
          .description = "Counts to one, and waits.",
          .input_schema = ANY,
          .stream = count_and_wait,
          .concurrency = 4 },
    };
    mesh_error err = MESH_ERROR_INIT;
    for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++)
        if (mesh_register(host, &agents[i], fixed, &err) != MESH_OK) {
            fprintf(stderr, "register: %s\n", mesh_error_text(&err));
            exit(1);
        }
}

/* ---- running it ---- */

#define RUN(outcome, input, ...)                                                                                       \
    run_cli((outcome), (input), (const char *const[]){ getenv("AGENTMESH_CLI"), __VA_ARGS__, NULL })

static void run_cli(struct outcome *outcome, const char *input, const char *const *argv)
{
    program_run(outcome, input, argv);
}

static void expect_outcome(const struct outcome *outcome, int code, const char *out, const char *err)
{
    expect_int(outcome->code, code);
    expect_str(buf_text(&outcome->out), out);
    expect_str(buf_text(&outcome->err), err);
}

#define expect_says(outcome, exit_code, part)                                                                          \
    do {                                                                                                               \
        expect_int((outcome).code, (exit_code));                                                                       \
        expect_str(buf_text(&(outcome).out), "");                                                                      \
        expect_contains(buf_text(&(outcome).err), (part));                                                             \
    } while (0)

static bool says(const struct outcome *outcome, const char *part)
{
    return strstr(buf_text(&outcome->err), part) != NULL;
}

/* ---- the command line itself ---- */

static void without_a_command_it_prints_its_help_as_talk(void)
{
    auto_outcome struct outcome outcome;
    program_run(&outcome, NULL, (const char *const[]){ getenv("AGENTMESH_CLI"), NULL });
    expect_says(outcome, 2, "Usage: agentmesh COMMAND");
}

static void help_is_a_result(void)
{
    static const char *const ways[] = { "help", "--help", "-h" };
    for (size_t i = 0; i < 3; i++) {
        auto_outcome struct outcome outcome;
        RUN(&outcome, NULL, ways[i]);
        expect_int(outcome.code, 0);
        expect_contains(buf_text(&outcome.out), "Usage: agentmesh COMMAND");
        expect_str(buf_text(&outcome.err), "");
    }
}

static void every_command_has_help(void)
{
    static const struct {
        const char *command, *part;
    } cases[] = {
        { "call", "--timeout SECONDS" }, { "stream", "--json" },      { "catalog", "--channel NAME" },
        { "contract", "--text" },        { "up", "-p, --port PORT" }, { "down", "--store FOLDER" },
        { "check-schema", "--format" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_outcome struct outcome whole, one, other;
        RUN(&whole, NULL, "help");
        RUN(&one, NULL, cases[i].command, "--help");
        RUN(&other, NULL, "help", cases[i].command);
        expect_contains(buf_text(&whole.out), cases[i].command);
        expect_contains(buf_text(&one.out), cases[i].part);
        expect_str(buf_text(&other.out), buf_text(&one.out));
        expect_int(one.code, 0);
        expect_int(other.code, 0);
    }
}

static void the_version_is_the_library_s(void)
{
    static const char *const ways[] = { "version", "--version", "-V" };
    char expected[64];
    snprintf(expected, sizeof(expected), "agentmesh %s\n", mesh_version());
    for (size_t i = 0; i < 3; i++) {
        auto_outcome struct outcome outcome;
        RUN(&outcome, NULL, ways[i]);
        expect_outcome(&outcome, 0, expected, "");
    }
}

static void a_wrong_command_line_is_refused_with_the_reason(void)
{
    static const struct {
        const char *words[4], *part;
    } cases[] = {
        { { "cal" }, "there is no command 'cal': did you mean 'call'?" },
        { { "xyzzy" }, "there is no command 'xyzzy'\n" },
        { { "--url", "nats://x" }, "unknown option '--url': options of a command follow its name" },
        { { "help", "cotract" }, "did you mean 'contract'?" },
        { { "call" }, "'agentmesh call' needs NAME [PAYLOAD]" },
        { { "contract" }, "'agentmesh contract' needs NAME" },
        { { "call", "a", "{}", "b" }, "'b' is one argument too many for 'agentmesh call': a payload with blanks must" },
        { { "new", "a", "b" }, "'b' is one argument too many for 'agentmesh new'\n" },
        { { "run", "a.so", "--log-level=loud" }, "Unknown level 'loud'. Choose from: debug, info, warn, error." },
        { { "catalog", "a" }, "'a' is one argument too many" },
        { { "call", "a", "--jsno" }, "'call' has no option '--jsno': did you mean '--json'?" },
        { { "call", "a", "--xyzzy" }, "'call' has no option '--xyzzy'\n" },
        { { "call", "a", "-x" }, "'call' has no option '-x'" },
        { { "call", "a", "--timeout" }, "--timeout needs a value: --timeout SECONDS" },
        { { "call", "a", "--timeout=soon" }, "--timeout 'soon' is not a number of seconds" },
        { { "call", "a", "--timeout=0" }, "--timeout '0' is not a number of seconds above 0" },
        { { "call", "a", "--timeout=-1" }, "--timeout '-1' is not a number of seconds above 0" },
        { { "call", "a", "--timeout=nan" }, "--timeout 'nan' is not" },
        { { "call", "a", "--timeout=1e9" }, "--timeout '1e9' is not" },
        { { "call", "a", "--json=yes" }, "--json takes no value" },
        { { "call", "a", "--url=" }, "--url needs a value" },
        { { "up", "-p", "0" }, "--port '0' is not a port" },
        { { "up", "-p65536" }, "--port '65536' is not a port" },
        { { "up", "-fp", "4x" }, "--port '4x' is not a port" },
        { { "check-schema" }, "'agentmesh check-schema' needs FILE [INSTANCE]" },
        { { "check-schema", "--url", "x", "y" }, "'check-schema' has no option '--url'" },
        { { "check-schema", "-", "-" }, "FILE and INSTANCE cannot both be '-'" },
        { { "contract", "a", "--json", "--text" }, "--json and --text exclude each other" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const *words = cases[i].words;
        auto_outcome struct outcome outcome;
        RUN(&outcome, NULL, words[0], words[1], words[2], words[3]);
        expect_says(outcome, 2, cases[i].part);
    }
}

/* ---- call ---- */

static void an_answer_is_one_line_of_ascii(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "call", "fixed.answer");
    expect_outcome(&outcome, 0, "{\"b\": 12345678901234567890, \"a\": [\"\\u00e9\"]}\n", "");
}

static void json_is_indented_and_sorted(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "call", "--json", "fixed.answer");
    expect_outcome(&outcome, 0, "{\n  \"a\": [\n    \"\\u00e9\"\n  ],\n  \"b\": 12345678901234567890\n}\n", "");
}

static void the_payload_is_the_argument_else_the_input(void)
{
    auto_outcome struct outcome argument, input, number, after_dashes;
    RUN(&argument, "[2]", "call", "mirror", "[1]", "--timeout", "20.5");
    expect_outcome(&argument, 0, "[1]\n", "");
    RUN(&input, " [2]\n\n", "call", "mirror");
    expect_outcome(&input, 0, "[2]\n", "");
    RUN(&number, NULL, "call", "mirror", "-5");
    expect_outcome(&number, 0, "-5\n", "");
    RUN(&after_dashes, NULL, "call", "--", "mirror", "\"--json\"");
    expect_outcome(&after_dashes, 0, "\"--json\"\n", "");
}

static void a_blank_payload_is_none(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, " \n\t", "call", "fixed.answer");
    expect_int(outcome.code, 0);
}

static void a_payload_that_is_not_json_is_refused_before_anything_is_sent(void)
{
    auto_outcome struct outcome argument, input;
    RUN(&argument, NULL, "call", "mirror", "{half", "--url", "nats://127.0.0.1:1");
    expect_says(argument, 2, "Invalid JSON payload: ");
    RUN(&input, "[1] [2]", "stream", "count", "--url", "nats://127.0.0.1:1");
    expect_says(input, 2, "Invalid JSON payload: ");
}

static void a_large_payload_passes(void)
{
    enum { LEN = 300000 };
    auto_free char *payload = malloc(LEN + 3);
    auto_outcome struct outcome outcome;
    memset(payload, 'x', LEN + 2);
    payload[0] = payload[LEN + 1] = '"';
    payload[LEN + 2] = '\0';
    RUN(&outcome, payload, "call", "mirror");
    expect_int(outcome.code, 0);
    expect_int(outcome.out.len, LEN + 3);
}

static void an_error_shows_code_message_and_details(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "call", "fixed.refusal");
    expect_outcome(&outcome, 1, "",
                   "Error [quota_exceeded] come back  [31mtomorrow\n{\n  \"limit\": 10,\n  \"used\": 10\n}\n");
}

static void an_unknown_agent_is_told(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "call", "nobody", "{}");
    expect_outcome(&outcome, 1, "", "Error [not_found] Agent 'nobody' not found\n");
}

static void the_wrong_verb_gets_a_hint(void)
{
    auto_outcome struct outcome called, streamed;
    RUN(&called, NULL, "call", "count", "{}");
    expect_outcome(&called, 1, "",
                   "Error [invocation_mismatch] Agent 'count' is streaming-only. Use stream() instead\n"
                   "\nTry: agentmesh stream count [payload]\n");
    RUN(&streamed, NULL, "stream", "mirror", "{}");
    expect_outcome(&streamed, 1, "",
                   "Error [invocation_mismatch] Agent 'mirror' does not support streaming. Use call() instead\n"
                   "\nTry: agentmesh call mirror [payload]\n");
}

static void nobody_waits_longer_than_told(void)
{
    auto_outcome struct outcome call, stream;
    RUN(&call, NULL, "call", "slow", "--timeout=0.2");
    expect_says(call, 1, "Error [timeout] ");
    RUN(&stream, NULL, "stream", "count.slowly", "{}", "--timeout=0.5");
    expect_int(stream.code, 1);
    expect_contains(buf_text(&stream.err), "Error [timeout] ");
    expect_str(buf_text(&stream.out), "1\n");
    sem_wait(&is_asked);
    sem_wait(&is_asked);
}

/* ---- stream ---- */

static void each_chunk_is_a_line(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "stream", "count", "{}");
    expect_outcome(&outcome, 0,
                   "{\"z\": 0, \"a\": \"\\u00e9\"}\n{\"z\": 1, \"a\": \"\\u00e9\"}\n{\"z\": 2, \"a\": \"\\u00e9\"}\n",
                   "");
}

static void chunks_before_an_error_are_kept(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "stream", "count.badly", "{}");
    expect_outcome(&outcome, 1, "1\n", "Error [handler_error] no more numbers\n");
}

static void a_chunk_is_shown_when_it_comes_and_ctrl_c_ends_the_wait(void)
{
    struct program program;
    program_start(&program, (const char *const[]){ getenv("AGENTMESH_CLI"), "stream", "count.slowly", "{}", NULL });
    auto_free char *line = program_line(&program);
    expect_str(line, "1");
    expect_int(program_stop(&program, SIGINT), 130);
    sem_wait(&is_asked);
}

static void ctrl_c_ends_a_call(void)
{
    struct program program;
    program_start(&program, (const char *const[]){ getenv("AGENTMESH_CLI"), "call", "slow", NULL });
    sem_wait(&is_asked);
    expect_int(program_stop(&program, SIGINT), 130);
}

/* ---- an output that does not take it ---- */

static int run_into(int out_fd, char *err, size_t size)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        abort();
    int code = program_run_into(out_fd, ends[1],
                                (const char *const[]){ getenv("AGENTMESH_CLI"), "call", "mirror", "1", NULL });
    close(ends[1]);
    ssize_t len = read(ends[0], err, size - 1);
    err[len > 0 ? len : 0] = '\0';
    close(ends[0]);
    return code;
}

static void a_reader_that_went_away_is_no_news(void)
{
    char err[256];
    int ends[2];
    expect_int(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    expect_int(run_into(ends[1], err, sizeof(err)), 1);
    expect_str(err, "");
    close(ends[1]);
}

static void a_full_disk_is_told(void)
{
    char err[256];
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    expect_int(run_into(full, err, sizeof(err)), 1);
    expect_str(err, "cannot write to the standard output: No space left on device\n");
    close(full);
}

static void a_closed_output_is_told_and_never_becomes_a_socket(void)
{
    char err[256];
    expect_int(run_into(-1, err, sizeof(err)), 1);
    expect_contains(err, "cannot write to the standard output: ");
}

/* ---- catalog and contract ---- */

static void the_catalog_is_a_table(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "catalog");
    expect_outcome(&outcome, 0,
                   "NAME           STREAMING  DESCRIPTION\n"
                   "mirror         no         Gives back what it gets.\n"
                   "fixed.answer   no         Always says the same.\n"
                   "fixed.refusal  no         Refuses with  [31mcolour.\n"
                   "slow           no         Takes its time.\n"
                   "count          yes        Counts to three.\n"
                   "count.badly    yes        Counts to one.\n"
                   "count.slowly   yes        Counts to one, and waits.\n",
                   "");
}

static void a_channel_is_a_name_and_what_is_below_it(void)
{
    auto_outcome struct outcome some, none;
    RUN(&some, NULL, "catalog", "--channel", "fixed");
    expect_outcome(&some, 0,
                   "NAME           STREAMING  DESCRIPTION\n"
                   "fixed.answer   no         Always says the same.\n"
                   "fixed.refusal  no         Refuses with  [31mcolour.\n",
                   "");
    RUN(&none, NULL, "catalog", "--channel", "fix");
    expect_outcome(&none, 0, "NAME  STREAMING  DESCRIPTION\n(empty)\n", "");
}

static void the_catalog_as_json_is_an_array_of_entries(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "catalog", "--json", "--channel=mirror");
    expect_outcome(&outcome, 0,
                   "[\n  {\n    \"description\": \"Gives back what it gets.\",\n    \"invocable\": true,\n"
                   "    \"name\": \"mirror\",\n    \"streaming\": false,\n    \"tags\": [\n      \"demo\",\n"
                   "      \"text\"\n    ],\n    \"version\": \"2.0.0\"\n  }\n]\n",
                   "");
}

static void a_contract_is_a_flat_object(void)
{
    static const char *const names[] = { "capabilities", "chunk_schema", "description",   "input_schema",  "invocable",
                                         "mcp",          "name",         "output_schema", "registered_at", "skills",
                                         "streaming",    "subject",      "tags",          "version" };
    auto_outcome struct outcome outcome;
    auto_json cJSON *tree = NULL;
    RUN(&outcome, NULL, "contract", "mirror");
    expect_int(outcome.code, 0);
    expect_int(json_parse(buf_bytes(&outcome.out), &tree, NULL), MESH_OK);
    size_t count = 0;
    for (const cJSON *member = tree ? tree->child : NULL; member && count < 14; member = member->next, count++)
        expect_str(member->string, names[count]);
    expect_int(cJSON_GetArraySize(tree), 14);
    expect_str(json_string(tree, "subject", ""), "mesh.agent.mirror");
    expect_true(json_bool(tree, "mcp", false));
    expect_true(cJSON_IsNull(json_get(tree, "chunk_schema")));
    expect_true(cJSON_IsObject(json_get(tree, "input_schema")));
    expect_int(cJSON_GetArraySize(json_get(tree, "skills")), 1);
    expect_int(json_bool(json_get(tree, "capabilities"), "invocable", false), true);
}

static void a_contract_as_text_is_a_few_lines(void)
{
    auto_outcome struct outcome tagged, plain;
    RUN(&tagged, NULL, "contract", "--text", "mirror");
    expect_outcome(&tagged, 0,
                   "name:        mirror\ndescription: Gives back what it gets.\nversion:     2.0.0\n"
                   "streaming:   no\ninvocable:   yes\ntags:        demo, text\n",
                   "");
    RUN(&plain, NULL, "contract", "--text", "fixed.refusal");
    expect_outcome(&plain, 0,
                   "name:        fixed.refusal\ndescription: Refuses with  [31mcolour.\nversion:     0.1.0\n"
                   "streaming:   no\ninvocable:   yes\n",
                   "");
}

static void a_missing_contract_is_told(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "contract", "nobody");
    expect_says(outcome, 1, "Error [not_found] ");
}

/* ---- check-schema ---- */

#define ORDER                                                                                                          \
    "{\"type\": \"object\", \"required\": [\"id\"], \"properties\": {\"id\": {\"type\": \"string\"}, \"a/b~c\": {"     \
    "\"items\": {\"type\": \"integer\", \"minimum\": 1}}, \"at\": {\"format\": \"date\"}}}"

static void write_file(const char *path, const char *text)
{
    expect_int(file_replace(path, 0600, mesh_text(text), NULL), MESH_OK);
}

static void a_schema_and_what_fits_it_are_ok(void)
{
    auto_outcome struct outcome schema, value, input, json;
    write_file("order.json", ORDER);
    write_file("fits.json", "{\"id\": \"x\", \"a/b~c\": [1, 2.0], \"at\": \"soon\"}\n");
    RUN(&schema, NULL, "check-schema", "order.json");
    expect_outcome(&schema, 0, "ok\n", "");
    RUN(&value, NULL, "check-schema", "order.json", "fits.json");
    expect_outcome(&value, 0, "ok\n", "");
    RUN(&input, "{\"id\": \"\"}", "check-schema", "order.json", "-");
    expect_outcome(&input, 0, "ok\n", "");
    RUN(&json, NULL, "check-schema", "--json", "order.json", "fits.json");
    expect_outcome(&json, 0, "[]\n", "");
}

static void each_violation_is_a_line(void)
{
    auto_outcome struct outcome outcome, format;
    write_file("order.json", ORDER);
    write_file("wrong.json", "{\"a/b~c\": [1, \"\\u001b[31m\", 0]}");
    RUN(&outcome, NULL, "check-schema", "order.json", "wrong.json");
    expect_outcome(&outcome, 1,
                   "wrong.json: /id: Field required (missing)\n"
                   "wrong.json: /a~1b~0c/1: Input should be a valid integer, unable to parse string as an integer "
                   "(int_parsing)\n"
                   "wrong.json: /a~1b~0c/2: Input should be greater than or equal to 1 (greater_than_equal)\n",
                   "");
    RUN(&format, "{\"id\": \"x\", \"at\": \"soon\"}", "check-schema", "--format", "order.json", "-");
    expect_int(format.code, 1);
    expect_contains(buf_text(&format.out), "the standard input: /at: ");
}

static void violations_as_json_are_what_a_caller_gets(void)
{
    auto_outcome struct outcome outcome;
    write_file("order.json", ORDER);
    RUN(&outcome, "[]", "check-schema", "--json", "order.json", "-");
    expect_outcome(&outcome, 1,
                   "[\n  {\n    \"input\": [],\n    \"loc\": [],\n    \"msg\": \"Input should be an object\",\n"
                   "    \"type\": \"dict_type\"\n  }\n]\n",
                   "");
}

static void what_is_no_json_is_a_violation(void)
{
    auto_outcome struct outcome outcome;
    write_file("order.json", ORDER);
    RUN(&outcome, "{half", "check-schema", "order.json", "-");
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.out), "the standard input: Invalid JSON: ");
    expect_contains(buf_text(&outcome.out), " (json_invalid)\n");
}

static void what_is_no_schema_is_told_with_its_place(void)
{
    static const struct {
        const char *schema, *part;
    } cases[] = {
        { "{\"properties\": {\"a\": {\"type\": \"strng\"}}}", "/properties/a" },
        { "{\"$ref\": \"https://example.com/other\"}", "https://example.com/other" },
        { "{\"pattern\": \"(\"}", "pattern" },
        { "[]", "" },
        { "{\"type\": ", "byte " },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_outcome struct outcome outcome;
        RUN(&outcome, cases[i].schema, "check-schema", "-");
        expect_says(outcome, 1, "the standard input: ");
        expect_contains(buf_text(&outcome.err), cases[i].part);
    }
}

static void a_file_that_cannot_be_read_is_told(void)
{
    auto_outcome struct outcome schema, value, folder;
    write_file("order.json", ORDER);
    RUN(&schema, NULL, "check-schema", "missing.json");
    expect_says(schema, 1, "cannot read missing.json: No such file or directory\n");
    RUN(&value, NULL, "check-schema", "order.json", "missing.json");
    expect_says(value, 1, "cannot read missing.json: No such file or directory\n");
    RUN(&folder, NULL, "check-schema", ".");
    expect_says(folder, 1, "cannot read .: Is a directory\n");
}

/* ---- where the mesh is ---- */

#define NOWHERE "nats://127.0.0.1:1"

static void who_named_the_url_is_told_when_nobody_answers(void)
{
    auto_outcome struct outcome option, variable, file;
    RUN(&option, NULL, "catalog", "--url", NOWHERE);
    expect_says(option, 1, "Error [connection_failed] Could not connect to mesh at " NOWHERE ".");
    expect_contains(buf_text(&option.err), "\nThe URL comes from --url.\n");

    setenv("OAM_URL", NOWHERE, 1);
    RUN(&variable, NULL, "catalog");
    expect_says(variable, 1, "\nThe URL comes from OAM_URL.\n");
    unsetenv("OAM_URL");

    expect_int(file_replace(".oam-url", 0600, mesh_text(NOWHERE), NULL), MESH_OK);
    RUN(&file, NULL, "catalog");
    expect_says(file, 1, "\nThe URL comes from /");
    expect_contains(buf_text(&file.err), "/.oam-url.\n");
    unlink(".oam-url");

    setenv("OAM_URL", nats_server_url(server), 1);
}

static void that_the_url_is_the_default_is_told(void)
{
    auto_outcome struct outcome outcome;
    unsetenv("OAM_URL");
    RUN(&outcome, NULL, "catalog");
    setenv("OAM_URL", nats_server_url(server), 1);
    if (outcome.code == 0)
        skip("a mesh runs on port 4222 of this machine");
    else if (says(&outcome, "[connection_"))
        expect_says(outcome, 1,
                    "This URL is the default: no --url, OAM_URL, .oam-url or local server names another.\n");
    else
        skip("a server that cannot serve a mesh runs on port 4222 of this machine");
}

static void missing_credentials_are_told_before_anything_is_tried(void)
{
    auto_outcome struct outcome outcome;
    RUN(&outcome, NULL, "catalog", "--creds", "missing.creds", "--url", "nats://127.0.0.1:1");
    expect_says(outcome, 1, "Error [connection_failed] Credentials file not found: missing.creds\n");
}

/* ---- up and down ---- */

/* Free now, and seldom taken in the moment until it is used. */
static unsigned free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        abort();
    return ntohs(address.sin_port);
}

static void a_mesh_goes_up_once_and_down_once(void)
{
    char store[128], port[16], url[64];
    auto_outcome struct outcome up, found, again, beside, down, none;
    snprintf(store, sizeof(store), "%s/store", root);
    snprintf(port, sizeof(port), "%u", free_port());
    snprintf(url, sizeof(url), "nats://127.0.0.1:%s", port);
    unsetenv("OAM_URL");

    RUN(&up, NULL, "up", "--store", store, "--port", port);
    expect_int(up.code, 0);
    expect_contains(buf_text(&up.out), "NATS listening on nats://127.0.0.1:");
    expect_contains(buf_text(&up.out), port);
    expect_str(buf_text(&up.err), "Wrote .oam-url\n");
    RUN(&found, NULL, "catalog");
    expect_outcome(&found, 0, "NAME  STREAMING  DESCRIPTION\n(empty)\n", "");
    RUN(&again, NULL, "up", "--store", store);
    expect_says(again, 1, "already: process ");
    expect_contains(buf_text(&again.err), url);
    RUN(&beside, NULL, "up", "-f", "--store", store);
    expect_says(beside, 1, "already: process ");

    RUN(&down, NULL, "down", "--store", store);
    expect_int(down.code, 0);
    expect_contains(buf_text(&down.out), "Stopped the local mesh (pid ");
    RUN(&none, NULL, "down", "--store", store);
    expect_says(none, 1, "Error: no local server runs over '");
    expect_int(access(".oam-url", F_OK), -1);
    setenv("OAM_URL", nats_server_url(server), 1);
}

static void a_taken_port_is_told(void)
{
    char store[128], port[16];
    auto_outcome struct outcome outcome;
    snprintf(store, sizeof(store), "%s/store", root);
    snprintf(port, sizeof(port), "%d", nats_server_port(server));
    RUN(&outcome, NULL, "up", "--store", store, "--port", port);
    expect_says(outcome, 1, "is taken: choose another one");
}

/* ---- all of them ---- */

static void set_up(void)
{
    char path[128];
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    if (!getenv("AGENTMESH_CLI")) {
        fprintf(stderr, "AGENTMESH_CLI must name the program to test\n");
        exit(1);
    }
    server = nats_server_start(NULL);
    sem_init(&is_asked, 0, 0);
    snprintf(root, sizeof(root), "/tmp/cli_test.XXXXXX");
    if (!mkdtemp(root) || chdir(root) < 0)
        abort();
    snprintf(path, sizeof(path), "%s/run", root);
    setenv("AGENTMESH_RUNTIME_DIR", path, 1);
    setenv("OAM_URL", nats_server_url(server), 1);
    options.url = nats_server_url(server);
    options.drain_timeout_ms = 2000;
    if (mesh_client_open(&options, &host, &err) != MESH_OK) {
        fprintf(stderr, "open: %s\n", mesh_error_text(&err));
        exit(1);
    }
    serve_agents();
}

static void clean_up(void)
{
    char command[128];
    mesh_client_close(host);
    nats_server_stop(server);
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    if (chdir("/") < 0 || system(command) != 0)
        abort();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        STATEMENT("67", without_a_command_it_prints_its_help_as_talk),
        STATEMENT("67", help_is_a_result),
        TEST(every_command_has_help),
        TEST(the_version_is_the_library_s),
        STATEMENT("67", a_wrong_command_line_is_refused_with_the_reason),
        STATEMENT("67", an_answer_is_one_line_of_ascii),
        STATEMENT("67", json_is_indented_and_sorted),
        STATEMENT("67", the_payload_is_the_argument_else_the_input),
        TEST(a_blank_payload_is_none),
        STATEMENT("67", a_payload_that_is_not_json_is_refused_before_anything_is_sent),
        TEST(a_large_payload_passes),
        STATEMENT("67", an_error_shows_code_message_and_details),
        TEST(an_unknown_agent_is_told),
        TEST(the_wrong_verb_gets_a_hint),
        TEST(nobody_waits_longer_than_told),
        TEST(each_chunk_is_a_line),
        STATEMENT("67", chunks_before_an_error_are_kept),
        TEST(a_chunk_is_shown_when_it_comes_and_ctrl_c_ends_the_wait),
        TEST(ctrl_c_ends_a_call),
        TEST(a_reader_that_went_away_is_no_news),
        TEST(a_full_disk_is_told),
        TEST(a_closed_output_is_told_and_never_becomes_a_socket),
        TEST(the_catalog_is_a_table),
        STATEMENT("57", a_channel_is_a_name_and_what_is_below_it),
        STATEMENT("67", the_catalog_as_json_is_an_array_of_entries),
        TEST(a_contract_is_a_flat_object),
        TEST(a_contract_as_text_is_a_few_lines),
        TEST(a_missing_contract_is_told),
        TEST(a_schema_and_what_fits_it_are_ok),
        TEST(each_violation_is_a_line),
        TEST(violations_as_json_are_what_a_caller_gets),
        TEST(what_is_no_json_is_a_violation),
        TEST(what_is_no_schema_is_told_with_its_place),
        TEST(a_file_that_cannot_be_read_is_told),
        TEST(who_named_the_url_is_told_when_nobody_answers),
        TEST(that_the_url_is_the_default_is_told),
        STATEMENT("7", missing_credentials_are_told_before_anything_is_tried),
        TEST(a_mesh_goes_up_once_and_down_once),
        TEST(a_taken_port_is_told),
    };
    set_up();
    int code = suite_run("cli", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
    clean_up();
    return code;
}
