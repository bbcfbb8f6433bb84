/* SPDX-License-Identifier: Apache-2.0 */
/* What registering writes: contract, catalog entry, instance record, events (protocol 4.1 to 4.5), and what it refuses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents.h"
#include "bus.h"
#include "golden.h"

static char one[] = "1"; /* what agents answer where it does not matter */

/* ---- documents ---- */

/* The text of a member, to free(); NULL where there is none. */
static char *text_of(const cJSON *tree, const char *name)
{
    const cJSON *member = json_get(tree, name);
    struct buf text;
    buf_init(&text, 1 << 20);
    if (!member)
        return NULL;
    json_print(&text, member);
    return buf_take(&text);
}

/* Register an agent that says what a contract of the reference says. */
static void serve_like(mesh_client *client, const cJSON *contract)
{
    const cJSON *skill = cJSON_GetArrayItem(json_get(contract, "skills"), 0), *tag;
    const cJSON *extension = json_get(contract, "x-agentmesh");
    bool streams = json_bool(json_get(contract, "capabilities"), "streaming", false);
    auto_free char *input = text_of(skill, "inputSchema");
    auto_free char *output = streams ? text_of(extension, "chunk_schema") : text_of(skill, "outputSchema");
    const char *tags[8] = { NULL };
    size_t count = 0;
    cJSON_ArrayForEach(tag, json_get(extension, "tags")) tags[count++] = tag->valuestring;
    const mesh_agent agent = { .size = sizeof(agent),
                               .name = json_string(contract, "name", NULL),
                               .description = json_string(contract, "description", NULL),
                               .version = json_string(contract, "version", NULL),
                               .input_schema = input,
                               .output_schema = output,
                               .tags = tags,
                               .call = streams ? NULL : answer_text,
                               .stream = streams ? answer_text : NULL };
    expect_int(mesh_register(client, &agent, one, NULL), MESH_OK);
}

static void contracts_are_those_of_the_reference(void)
{
    static const char *const files[] = { "rec.echo", "rec.counter", "rec.now", "rec.plain", "rec.rich" };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char name[64];
        auto_json cJSON *tree = NULL;
        snprintf(name, sizeof(name), "contract/%s.json", files[i]);
        auto_free char *reference = golden(name);
        json_parse(mesh_text(reference), &tree, NULL);
        serve_like(client, tree);
        auto_free char *stored = stored_contract(peer, files[i]);
        auto_free char *stamp = string_at(stored, "x-agentmesh.registered_at");
        auto_free char *expected = with_string(reference, "x-agentmesh.registered_at", stamp);
        expect_true(is_stamp(stamp));
        expect_json(stored, expected);
    }
    auto_free char *catalog = golden("catalog/one.json");
    auto_free char *entry = stored_entry(peer, "rec.echo");
    catalog[strlen(catalog) - 1] = '\0';
    expect_json(entry, catalog + 1);
    mesh_client_close(client);
    peer_close(peer);
}

static void the_parts_of_a_contract_depend_on_the_shape(void)
{
    static const char object[] = "{\"type\":\"object\"}";
    static const struct {
        const char *name, *input, *output;
        bool streams;
        uint32_t mcp;
        const char *input_stored, *output_stored, *chunk_stored, *mcp_stored;
    } cases[] = {
        { "shape.full", object, object, false, MESH_YES, object, object, NULL, "true" },
        { "shape.any", "{}", "{}", false, MESH_NO, NULL, NULL, NULL, "false" },
        { "shape.true", "true", " { } ", false, 0, NULL, NULL, NULL, NULL },
        { "shape.trigger", NULL, object, false, 0, NULL, object, NULL, NULL },
        { "shape.quiet", object, NULL, false, 0, object, NULL, NULL, NULL },
        { "shape.streamer", object, object, true, 0, object, NULL, object, NULL },
        { "shape.plain-streamer", "{}", NULL, true, 0, NULL, NULL, NULL, NULL },
        { "shape.nothing", "false", NULL, false, 0, "{\"not\":{}}", NULL, NULL, NULL },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mesh_agent agent = { .size = sizeof(agent),
                             .name = cases[i].name,
                             .description = "About.",
                             .input_schema = cases[i].input,
                             .output_schema = cases[i].output,
                             .mcp = cases[i].mcp };
        *(cases[i].streams ? &agent.stream : &agent.call) = answer_text;
        expect_int(mesh_register(client, &agent, one, NULL), MESH_OK);

        auto_json cJSON *tree = NULL;
        auto_free char *stored = stored_contract(peer, cases[i].name);
        json_parse(mesh_text(stored), &tree, NULL);
        const cJSON *skills = json_get(tree, "skills"), *extension = json_get(tree, "x-agentmesh");
        const cJSON *skill = cJSON_GetArrayItem(skills, 0), *capabilities = json_get(tree, "capabilities");
        auto_free char *input = text_of(skill, "inputSchema");
        auto_free char *output = text_of(skill, "outputSchema");
        auto_free char *chunk = text_of(extension, "chunk_schema");
        auto_free char *mcp = text_of(extension, "mcp");
        expect_str(input, cases[i].input_stored);
        expect_str(output, cases[i].output_stored);
        expect_str(chunk, cases[i].chunk_stored);
        expect_str(mcp, cases[i].mcp_stored);
        expect_int(cJSON_GetArraySize(skills), 1);
        expect_str(json_string(tree, "version", NULL), "0.1.0");
        expect_int(json_bool(capabilities, "streaming", !cases[i].streams), cases[i].streams);
        expect_true(json_bool(capabilities, "invocable", false));
        expect_int(cJSON_GetArraySize(capabilities), 2);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static void an_entry_has_six_fields_and_a_record_all_names_in_order(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    auto_free char *none = stored_record(peer, client);
    expect_true(none == NULL);
    expect_int(serve_text(client, "nlp.b", "1"), MESH_OK);
    expect_int(serve_text(client, "Z", "1"), MESH_OK);
    expect_int(serve_text(client, "nlp.a", "1"), MESH_OK);
    auto_free char *record = stored_record(peer, client);
    expect_json(record, "{\"agents\": [\"Z\", \"nlp.a\", \"nlp.b\"]}");
    auto_free char *entry = stored_entry(peer, "nlp.a");
    expect_json(entry, "{\"name\": \"nlp.a\", \"description\": \"For a test.\", \"version\": \"0.1.0\", \"tags\": [], "
                       "\"invocable\": true, \"streaming\": false}");
    expect_int(mesh_unregister(client, "Z", NULL), MESH_OK);
    auto_free char *less = stored_record(peer, client);
    expect_json(less, "{\"agents\": [\"nlp.a\", \"nlp.b\"]}");
    mesh_client_close(client);
    auto_free char *catalog = peer_key(peer, "mesh-catalog", "catalog");
    expect_json(catalog, "[]");
    peer_close(peer);
}

/* ---- order and events ---- */

/* What hosts write and say; not what the server delivers to those who watch. */
static bool is_of_presence(const struct link_message *message)
{
    const char *subject = link_message_subject(message), *reply = link_message_reply(message);
    if (reply && strncmp(reply, "$JS.ACK.", 8) == 0)
        return false;
    return strncmp(subject, "$KV.", 4) == 0 || strncmp(subject, "mesh.", 5) == 0;
}

/* The next message that tells of presence, as "subject" or "subject OPERATION". */
static void expect_told(struct ear *ear, const char *expected)
{
    struct link_message message = ear_next(ear, 5000);
    while (message.handle && !is_of_presence(&message)) {
        link_message_clear(&message);
        message = ear_next(ear, 5000);
    }
    char got[160] = "(nothing)";
    const char *operation = message.handle ? link_message_header(&message, "KV-Operation") : NULL;
    if (message.handle)
        snprintf(got, sizeof(got), "%s%s%s", link_message_subject(&message), operation ? " " : "",
                 operation ? operation : "");
    expect_str(got, expected);
    link_message_clear(&message);
}

static void record_contract_and_entry_are_written_and_removed_in_order(void)
{
    if (!bus_has_server("it listens to how keys travel to a server"))
        return;
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    char record[80], removal[96];
    snprintf(record, sizeof(record), "$KV.mesh-instances.%s", mesh_client_instance_id(client));
    snprintf(removal, sizeof(removal), "%s DEL", record);
    struct ear *all = peer_listen(peer, ">");
    expect_int(serve_text(client, "ordered", "1"), MESH_OK);
    expect_told(all, record);
    expect_told(all, "$KV.mesh-registry.ordered");
    expect_told(all, "$KV.mesh-catalog.catalog");
    expect_told(all, "mesh.logs.ordered");
    mesh_client_close(client);
    expect_told(all, "mesh.logs.ordered");
    expect_told(all, removal);
    expect_told(all, "$KV.mesh-catalog.catalog");
    expect_told(all, "$KV.mesh-registry.ordered DEL");
    expect_told(all, "mesh.death.ordered");
    peer_close(peer);
}

static void expect_event(struct ear *logs, const char *file, const char *agent, const char *message,
                         const char *instance_id)
{
    struct link_message event = ear_next(logs, 5000);
    auto_free char *reference = golden(file);
    auto_free char *stamp = string_at(said(&event), "timestamp");
    auto_free char *timed = with_string(reference, "timestamp", stamp);
    auto_free char *named = with_string(timed, "agent", agent);
    auto_free char *expected = with_string(named, "message", message);
    expect_true(is_stamp(stamp));
    expect_json(said(&event), expected);
    expect_str(said_header(&event, "X-Mesh-Instance-Id"), instance_id);
    link_message_clear(&event);
}

static void joining_and_leaving_are_told_once(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    auto_free char *id = strdup(mesh_client_instance_id(client));
    struct ear *logs = peer_listen(peer, "mesh.logs.told");
    expect_int(serve_text(client, "told", "1"), MESH_OK);
    expect_int(serve_text(client, "other", "1"), MESH_OK);
    expect_event(logs, "log/agent_registered.json", "told", "Agent 'told' registered", id);
    mesh_client_close(client);
    expect_event(logs, "log/agent_deregistered.json", "told", "Agent 'told' deregistered", id);
    struct link_message more = ear_next(logs, 50);
    expect_str(said(&more), "(none)");
    link_message_clear(&more);
    peer_close(peer);
}

/* ---- the catalog of others ---- */

static void foreign_entries_are_kept_as_they_are(void)
{
    static const char foreign[] =
        "{\"name\": \"their.one\", \"description\": \"d\", \"x-n\": [12345678901234567890, 1.50, "
        "-0, 1e400],  \"x\" : null}";
    static const char *const odd[] = { "42", "{\"name\": 7}", "{\"description\": \"nameless\"}", "null" };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    auto_free char *before = NULL;
    expect_true(asprintf(&before, "[%s, %s,%s , %s,%s, {\"name\": \"ours\"}, {\"name\": \"ours\", \"x\": 1}]", odd[0],
                         foreign, odd[1], odd[2], odd[3]) > 0);
    expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text(before), NULL, NULL), MESH_OK);
    expect_int(serve_text(client, "ours", "1"), MESH_OK);
    for (int i = 0; i < 2; i++) {
        auto_free char *during = peer_key(peer, "mesh-catalog", "catalog");
        auto_json cJSON *tree = NULL;
        expect_contains(during, foreign);
        for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++)
            expect_contains(during, odd[k]);
        expect_int(json_parse(mesh_text(during), &tree, NULL), MESH_OK);
        expect_int(cJSON_GetArraySize(tree), i == 0 ? 6 : 5);
        expect_int(mesh_unregister(client, "ours", NULL), i == 0 ? MESH_OK : MESH_E_NOT_FOUND);
    }
    expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text("[]"), NULL, NULL), MESH_OK);
    mesh_client_close(client);
    peer_close(peer);
}

static void an_unparsable_catalog_is_left_as_it_is(void)
{
    static const char *const garbled[] = { "{\"name\": \"no array\"}", "[{\"name\": \"cut", "\"x\"" };
    struct peer *peer = peer_open();
    for (size_t i = 0; i < sizeof(garbled) / sizeof(garbled[0]); i++) {
        mesh_client *client = peer_client(NULL), *caller = peer_client(NULL);
        mesh_error err = MESH_ERROR_INIT;
        const mesh_agent agent = {
            .size = sizeof(agent), .name = "unlucky", .description = "About.", .input_schema = "{}", .call = answer_text
        };
        struct ear *told = peer_listen(peer, "mesh.logs.unlucky"), *deaths = peer_listen(peer, "mesh.death.unlucky");
        expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text(garbled[i]), NULL, NULL),
                   MESH_OK);
        expect_int(mesh_register(client, &agent, one, &err), MESH_E_DATA);
        expect_contains(mesh_error_text(&err), "register agent 'unlucky': the catalog on the mesh is left as it is: ");
        mesh_error_clear(&err);
        auto_free char *stored = peer_key(peer, "mesh-catalog", "catalog");
        expect_str(stored, garbled[i]);
        auto_free char *answer = call(caller, "unlucky");
        expect_contains(answer, "not_found: ");
        auto_free char *contract = stored_contract(peer, "unlucky");
        auto_free char *record = stored_record(peer, client);
        expect_true(contract == NULL);
        expect_true(record == NULL);
        mesh_client_close(client);
        mesh_client_close(caller);
        struct link_message event = ear_next(told, 50), death = ear_next(deaths, 1);
        expect_str(said(&event), "(none)");
        expect_str(said(&death), "(none)");
        link_message_clear(&event);
        link_message_clear(&death);
    }
    expect_int(link_key_put(peer_link(peer), "mesh-catalog", "catalog", mesh_text("[]"), NULL, NULL), MESH_OK);
    peer_close(peer);
}

/* ---- refused ---- */

static void a_name_is_registered_once(void)
{
    mesh_client *client = peer_client(NULL), *child = NULL;
    mesh_error err = MESH_ERROR_INIT;
    const mesh_agent agent = {
        .size = sizeof(agent), .name = "once", .description = "About.", .input_schema = "{}", .call = answer_text
    };
    expect_int(mesh_register(client, &agent, one, NULL), MESH_OK);
    expect_int(mesh_register(client, &agent, one, &err), MESH_E_EXISTS);
    expect_contains(mesh_error_text(&err), "'once'");
    expect_int(mesh_client_child(client, "little one", &child, NULL), MESH_OK);
    expect_int(mesh_register(child, &agent, one, &err), MESH_E_EXISTS);
    expect_str(mesh_error_text(&err), "agent 'once' is served already, by the program itself");
    mesh_error_clear(&err);
    expect_call(client, "once", "1");
    mesh_client_close(child);
    expect_call(client, "once", "1");
    expect_int(mesh_unregister(client, "once", NULL), MESH_OK);
    expect_int(serve_text(client, "once", "2"), MESH_OK);
    expect_call(client, "once", "2");
    mesh_client_close(client);
}

static void wrong_agents_are_refused_by_name_field_and_rule(void)
{
#define AGENT(...)                                                                                                     \
    {                                                                                                                  \
        .size = sizeof(mesh_agent), __VA_ARGS__                                                                        \
    }
#define GOOD .description = "About.", .input_schema = "{}", .call = answer_text
    static const char *const empty_tag[] = { "ok", "", NULL };
    static const struct {
        mesh_agent agent;
        const char *parts[3];
    } cases[] = {
        { { .name = "sizeless", GOOD }, { "size", "sizeof(mesh_agent)" } },
        { AGENT(GOOD), { "name" } },
        { AGENT(.name = "two words", GOOD), { "'two words'", "name" } },
        { AGENT(.name = "dots..two", GOOD), { "'dots..two'", "name" } },
        { AGENT(.name = "line\n", GOOD), { "name" } },
        { AGENT(.name = "mute", .input_schema = "{}", .call = answer_text), { "'mute'", "description" } },
        { AGENT(.name = "none", .description = "About.", .input_schema = "{}"),
          { "'none'", "it does nothing" } },
        { AGENT(.name = "both", GOOD, .stream = answer_text), { "'both'", "both call and stream" } },
        { AGENT(.name = "blind", .description = "About.", .stream = answer_text), { "'blind'", "input_schema" } },
        { AGENT(.name = "in", .description = "About.", .input_schema = "{", .call = answer_text),
          { "'in'", "input_schema" } },
        { AGENT(.name = "out", GOOD, .output_schema = "[]"), { "'out'", "output_schema" } },
        { AGENT(.name = "tag", GOOD, .tags = empty_tag), { "'tag'", "tags[1]" } },
        { AGENT(.name = "many", GOOD, .concurrency = 3, .concurrency_limit = 2), { "'many'", "concurrency" } },
        { AGENT(.name = "wish", GOOD, .mcp = 3), { "'wish'", "mcp" } },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        expect_int(mesh_register(client, &cases[i].agent, NULL, &err), MESH_E_INVALID_ARGUMENT);
        for (const char *const *part = cases[i].parts; *part; part++)
            expect_contains(mesh_error_text(&err), *part);
        mesh_error_clear(&err);
    }
    auto_free char *record = stored_record(peer, client);
    expect_true(record == NULL);
    mesh_client_close(client);
    peer_close(peer);
}

/* One that the server cannot take would keep the others of this process from being announced. */
static void a_contract_that_is_too_large_harms_nobody_else(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_error err = MESH_ERROR_INIT;
    size_t len = link_max_payload(peer_link(peer));
    auto_free char *description = malloc(len + 1);
    memset(description, 'x', len);
    description[len] = '\0';
    const mesh_agent agent = {
        .size = sizeof(agent), .name = "huge", .description = description, .input_schema = "{}", .call = answer_text
    };
    expect_int(mesh_register(client, &agent, one, &err), MESH_E_TOO_LARGE);
    expect_contains(mesh_error_text(&err), "agent 'huge': ");
    mesh_error_clear(&err);
    expect_int(serve_text(client, "small", "1"), MESH_OK);
    auto_free char *record = stored_record(peer, client);
    expect_json(record, "{\"agents\": [\"small\"]}");
    mesh_client_close(client);
    peer_close(peer);
}

SUITE(integration_register, STATEMENT("16", contracts_are_those_of_the_reference),
      STATEMENT("17", the_parts_of_a_contract_depend_on_the_shape), STATEMENT("18 22", an_entry_has_six_fields_and_a_record_all_names_in_order),
      TEST(record_contract_and_entry_are_written_and_removed_in_order), TEST(joining_and_leaving_are_told_once),
      STATEMENT("19", foreign_entries_are_kept_as_they_are), STATEMENT("21", an_unparsable_catalog_is_left_as_it_is),
      TEST(a_name_is_registered_once), TEST(wrong_agents_are_refused_by_name_field_and_rule),
      TEST(a_contract_that_is_too_large_harms_nobody_else))
