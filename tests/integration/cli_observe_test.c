/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the agentmesh program that watch: levels, log events; and contracts in the forms of others. */
#include <agentmesh/agentmesh.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "nats_server.h"
#include "program.h"
#include "suite.h"

static mesh_client *host;

static mesh_status answer(mesh_request *request, void *state, mesh_error *err)
{
    return mesh_request_answer(request, mesh_text(state), err);
}

static mesh_status fail(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set(err, MESH_E_HANDLER_ERROR, "it \033[31mwent\nwrong");
}

static const mesh_agent planner = MESH_RESPONDER(
    "trip.planner", "Plans.", answer,
    MESH_JSON({"type": "object", "properties": {"z": {"type": "string", "title": "Z"}, "a": {"type": "integer"}}}),
               MESH_JSON({"type": "object", "properties": {"km": {"type": "number"}}}));

static mesh_status register_failing(mesh_client *client)
{
    static const char *const tags[] = { "test", "fails", NULL };
    mesh_agent failing = MESH_RESPONDER("failing", "Fails.", fail, "{}", NULL);
    failing.tags = tags;
    return mesh_register(client, &failing, NULL, NULL);
}

static void set_up(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    if (host)
        return;
    options.url = nats_server_url(nats_server_start(NULL));
    setenv("OAM_URL", options.url, 1);
    expect_int(mesh_client_open(&options, &host, NULL), MESH_OK);
    expect_int(mesh_register(host, &planner, (void *)"{}", NULL), MESH_OK);
    expect_int(register_failing(host), MESH_OK);
}

#define RUN(outcome, ...) run_cli((outcome), (const char *const[]){ getenv("AGENTMESH_CLI"), __VA_ARGS__, NULL })

static void run_cli(struct outcome *outcome, const char *const *argv)
{
    set_up();
    program_run(outcome, NULL, argv);
}

static void expect_outcome(const struct outcome *outcome, int code, const char *out, const char *err)
{
    expect_int(outcome->code, code);
    expect_str(buf_text(&outcome->out), out);
    expect_str(buf_text(&outcome->err), err);
}

static void a_level_is_shown_set_and_forgotten(void)
{
    static const struct {
        const char *words[3], *out;
    } cases[] = {
        { { NULL }, "global: log_level=info (source: default)\n" },
        { { "trip.planner" }, "trip.planner: log_level=info (source: default)\n" },
        { { "--set", "warn" }, "global: log_level=warn (source: global)\n" },
        { { "trip.planner" }, "trip.planner: log_level=warn (source: global)\n" },
        { { "trip.planner", "--set=off" }, "trip.planner: log_level=off (source: agent)\n" },
        { { "trip.planner", "--json" }, "{\n  \"log_level\": \"off\",\n  \"source\": \"agent\"\n}\n" },
        { { "trip.planner", "--unset" }, "trip.planner: log_level=warn (source: global)\n" },
        { { "--unset" }, "global: log_level=info (source: default)\n" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_outcome struct outcome outcome;
        RUN(&outcome, "level", cases[i].words[0], cases[i].words[1], cases[i].words[2]);
        expect_outcome(&outcome, 0, cases[i].out, "");
    }
}

static void what_is_no_level_form_or_choice_is_misuse(void)
{
    static const struct {
        const char *words[5], *part;
    } cases[] = {
        { { "level", "--set", "loud" }, "Unknown level 'loud'. Choose from: debug, info, warn, error, off.\n" },
        { { "level", "a", "--set=info", "--unset" }, "--set and --unset exclude each other\n" },
        { { "logs", "--level=off" }, "Unknown level 'off'. Choose from: debug, info, warn, error.\n" },
        { { "logs", "a", "b" }, "'b' is one argument too many" },
        { { "contract", "a", "--tool=gpt" }, "--tool is one of neutral, openai-chat, openai-responses, anthropic\n" },
        { { "contract", "a", "--strict" }, "--strict goes with --tool openai-chat or openai-responses\n" },
        { { "contract", "a", "--tool=anthropic", "--strict" }, "--strict goes with --tool openai-chat" },
        { { "contract", "a", "--tool=neutral", "--card" }, "--tool, --card and --text exclude each other\n" },
        { { "contract", "a", "--at", "u" }, "--at goes with --card\n" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const *words = cases[i].words;
        auto_outcome struct outcome outcome;
        RUN(&outcome, words[0], words[1], words[2], words[3], words[4]);
        expect_int(outcome.code, 2);
        expect_str(buf_text(&outcome.out), "");
        expect_contains(buf_text(&outcome.err), cases[i].part);
    }
}

static void what_the_mesh_refuses_is_a_failure(void)
{
    auto_outcome struct outcome level, logs;
    RUN(&level, "level", "a b", "--set=info");
    expect_int(level.code, 1);
    expect_contains(buf_text(&level.err), "'a b' is not an agent name");
    RUN(&logs, "logs", "a.*");
    expect_int(logs.code, 1);
    expect_contains(buf_text(&logs.err), "'a.*' is not an agent name");
}

/* ---- logs ---- */

/* The agent fails until the program that follows tells of it: when that has begun to listen is not known. */
static char *first_line(const struct program *program)
{
    struct pollfd ready = { .fd = program->out_fd, .events = POLLIN };
    for (int tries = 0; tries < 1000 && poll(&ready, 1, 20) == 0; tries++) {
        mesh_reply *reply = NULL;
        expect_int(mesh_call(host, "failing", mesh_text("1"), NULL, &reply, NULL), MESH_E_HANDLER_ERROR);
    }
    return program_line(program);
}

static void events_are_lines_until_ctrl_c(void)
{
    const char *const argv[] = { getenv("AGENTMESH_CLI"), "logs", "failing", "--level", "warn", NULL };
    struct program program;
    set_up();
    program_start(&program, argv);
    auto_free char *line = first_line(&program);
    expect_contains(line, " [warn] failing request_failed request_id=");
    expect_contains(line, " \xe2\x80\x94 it  [31mwent wrong {\"code\":\"handler_error\"}");
    expect_int(program_stop(&program, SIGINT), 0);
}

/* ---- the forms of others ---- */

static void a_contract_is_shown_as_a_tool(void)
{
    auto_outcome struct outcome neutral, strict;
    RUN(&neutral, "contract", "trip.planner", "--tool", "neutral");
    expect_outcome(
        &neutral, 0,
        "{\"name\": \"trip_planner\", \"description\": \"Plans.\\nReturns: km.\", \"input_schema\": {\"type\": "
        "\"object\", \"properties\": {\"z\": {\"type\": \"string\", \"title\": \"Z\"}, \"a\": {\"type\": "
        "\"integer\"}}}}\n",
        "");
    RUN(&strict, "contract", "trip.planner", "--tool=openai-responses", "--strict");
    expect_outcome(
        &strict, 0,
        "{\"type\": \"function\", \"name\": \"trip_planner\", \"description\": \"Plans.\\nReturns: km.\", "
        "\"parameters\": {\"type\": \"object\", \"properties\": {\"z\": {\"type\": [\"string\", \"null\"]}, \"a\": "
        "{\"type\": [\"integer\", \"null\"]}}, \"additionalProperties\": false, \"required\": [\"a\", \"z\"]}, "
        "\"strict\": true}\n",
        "");
}

static void a_contract_is_shown_as_a_card(void)
{
    auto_outcome struct outcome outcome;
    auto_json cJSON *card = NULL;
    RUN(&outcome, "contract", "trip.planner", "--card", "--at", "https://x/planner");
    expect_int(outcome.code, 0);
    expect_int(json_parse(buf_bytes(&outcome.out), &card, NULL), MESH_OK);
    expect_str(json_string(card, "name", ""), "trip.planner");
    expect_str(json_string(card, "url", ""), "https://x/planner");
    expect_true(json_get(card, "x-agentmesh") == NULL);
}

static void only_agents_with_the_tag_are_listed(void)
{
    auto_outcome struct outcome with, without;
    RUN(&with, "catalog", "--tag", "fails");
    expect_outcome(&with, 0, "NAME     STREAMING  DESCRIPTION\nfailing  no         Fails.\n", "");
    RUN(&without, "catalog", "--tag=other");
    expect_outcome(&without, 0, "NAME  STREAMING  DESCRIPTION\n(empty)\n", "");
}

static void all_is_left_in_order(void)
{
    host = mesh_client_close(host);
}

SUITE(integration_cli_observe, TEST(a_level_is_shown_set_and_forgotten),
      TEST(what_is_no_level_form_or_choice_is_misuse), TEST(what_the_mesh_refuses_is_a_failure),
      TEST(events_are_lines_until_ctrl_c), STATEMENT("65", a_contract_is_shown_as_a_tool),
      TEST(a_contract_is_shown_as_a_card), STATEMENT("57", only_agents_with_the_tag_are_listed),
      TEST(all_is_left_in_order))
