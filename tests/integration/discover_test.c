/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on the mesh: the catalog with its filters, and contracts, as other implementations wrote them (protocol 8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/discover.h>

#include "agents.h"
#include "bus.h"
#include "golden.h"

static void store(struct peer *peer, const char *bucket, const char *key, const char *text)
{
    expect_int(link_key_put(peer_link(peer), bucket, key, mesh_text(text), NULL, NULL), MESH_OK);
}

#define FLAGS(invocable, streaming) "\"invocable\": " #invocable ", \"streaming\": " #streaming "}"

static const char many[] =
    "[{\"name\": \"fin\", \"description\": \"d\", \"version\": \"1\", \"tags\": [\"money\", \"eu\"], " FLAGS(
        true, false) ",{\"name\": \"fin.x\", \"description\": \"d\", \"version\": \"1\", \"tags\": "
                     "[\"money\"], " FLAGS(true, true) ",{\"name\": \"finance\", \"description\": \"d\", \"version\": "
                                                       "\"1\", \"tags\": [], " FLAGS(
                                                           false, true) ",{\"name\": \"fin.x.y\", "
                                                                        "\"description\": \"d\", "
                                                                        "\"version\": \"1\", \"tags\": "
                                                                        "[\"eu\"], " FLAGS(false, false) "]";

/* The names that a filter leaves, joined by blanks; to free(). */
static char *names_of(mesh_client *client, const mesh_catalog_filter *filter)
{
    mesh_catalog *catalog = NULL;
    struct buf names;
    buf_init(&names, 1 << 16);
    buf_puts(&names, "");
    expect_int(mesh_catalog_read(client, filter, &catalog, NULL), MESH_OK);
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++)
        buf_printf(&names, "%s%s", i > 0 ? " " : "", mesh_catalog_at(catalog, i)->name);
    mesh_catalog_free(catalog);
    return buf_take(&names);
}

static void filters_keep_what_fits_all_of_them(void)
{
    static const char *const none[] = { NULL }, *const money[] = { "money", NULL };
    static const char *const both[] = { "money", "eu", NULL }, *const odd[] = { "Money", NULL };
    static const struct {
        mesh_catalog_filter filter;
        const char *expected;
    } cases[] = {
        { { sizeof(mesh_catalog_filter), NULL, NULL, 0, 0 }, "fin fin.x finance fin.x.y" },
        { { sizeof(mesh_catalog_filter), "fin", NULL, 0, 0 }, "fin fin.x fin.x.y" },
        { { sizeof(mesh_catalog_filter), "fin.x", NULL, 0, 0 }, "fin.x fin.x.y" },
        { { sizeof(mesh_catalog_filter), "Fin", NULL, 0, 0 }, "" },
        { { sizeof(mesh_catalog_filter), "fin.", NULL, 0, 0 }, "" },
        { { sizeof(mesh_catalog_filter), NULL, none, 0, 0 }, "fin fin.x finance fin.x.y" },
        { { sizeof(mesh_catalog_filter), NULL, money, 0, 0 }, "fin fin.x" },
        { { sizeof(mesh_catalog_filter), NULL, both, 0, 0 }, "fin" },
        { { sizeof(mesh_catalog_filter), NULL, odd, 0, 0 }, "" },
        { { sizeof(mesh_catalog_filter), NULL, NULL, MESH_YES, 0 }, "fin fin.x" },
        { { sizeof(mesh_catalog_filter), NULL, NULL, MESH_NO, 0 }, "finance fin.x.y" },
        { { sizeof(mesh_catalog_filter), NULL, NULL, 0, MESH_YES }, "fin.x finance" },
        { { sizeof(mesh_catalog_filter), "fin", money, MESH_YES, MESH_NO }, "fin" },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    store(peer, "mesh-catalog", "catalog", many);
    auto_free char *unfiltered = names_of(client, NULL);
    expect_str(unfiltered, cases[0].expected);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_free char *names = names_of(client, &cases[i].filter);
        expect_str(names, cases[i].expected);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static void the_catalog_of_the_reference_is_read_whole(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_catalog *catalog = NULL;
    auto_free char *reference = golden("catalog/ten.json");
    store(peer, "mesh-catalog", "catalog", reference);
    expect_int(mesh_catalog_read(client, NULL, &catalog, NULL), MESH_OK);
    expect_int(mesh_catalog_count(catalog), 10);
    expect_int(mesh_catalog_skipped(catalog), 0);
    expect_json(mesh_catalog_json(catalog).data, reference);
    const mesh_catalog_entry *echo = mesh_catalog_at(catalog, 0), *ticker = mesh_catalog_at(catalog, 3);
    expect_str(echo->name, "rec.echo");
    expect_str(echo->description, "Echoes a note");
    expect_str(echo->version, "1.2.3");
    expect_str(echo->tags[0], "demo");
    expect_str(echo->tags[1], "text");
    expect_true(echo->tags[2] == NULL);
    expect_int(echo->invocable, 1);
    expect_int(echo->streaming, 0);
    expect_int(ticker->invocable, 0);
    expect_int(ticker->streaming, 1);
    expect_true(mesh_catalog_at(catalog, 10) == NULL);
    mesh_catalog_free(catalog);
    mesh_client_close(client);
    peer_close(peer);
}

static void entries_that_cannot_be_understood_are_skipped(void)
{
    static const char odd[] =
        "[1, {\"name\": \"good\", \"x\": [1.50], \"tags\": null}, {\"name\": 7}, {\"description\": \"d\"}, "
        "{\"name\": \"bad\", \"tags\": [1]}, {\"name\": \"bad\", \"version\": 2}, {\"name\": \"a b\"}, "
        "{\"name\": \"bad\", \"invocable\": \"yes\"}, null, \"text\"]";
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_catalog *catalog = NULL;
    store(peer, "mesh-catalog", "catalog", odd);
    expect_int(mesh_catalog_read(client, NULL, &catalog, NULL), MESH_OK);
    expect_int(mesh_catalog_count(catalog), 1);
    expect_int(mesh_catalog_skipped(catalog), 9);
    const mesh_catalog_entry *good = mesh_catalog_at(catalog, 0);
    expect_str(good->name, "good");
    expect_str(good->description, "");
    expect_str(good->version, "0.1.0");
    expect_true(good->tags[0] == NULL);
    expect_int(good->invocable, 1);
    expect_int(good->streaming, 0);
    expect_str(mesh_catalog_json(catalog).data, "[{\"name\": \"good\", \"x\": [1.50], \"tags\": null}]");
    mesh_catalog_free(catalog);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_catalog_may_be_missing_but_not_garbled(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_catalog *catalog = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(link_key_delete(peer_link(peer), "mesh-catalog", "catalog", NULL), MESH_OK);
    expect_int(mesh_catalog_read(client, NULL, &catalog, &err), MESH_OK);
    expect_int(mesh_catalog_count(catalog), 0);
    expect_str(mesh_catalog_json(catalog).data, "[]");
    mesh_catalog_free(catalog);
    store(peer, "mesh-catalog", "catalog", "{}");
    expect_int(mesh_catalog_read(client, NULL, &catalog, &err), MESH_E_DATA);
    expect_contains(mesh_error_text(&err), "read the catalog: ");
    mesh_error_clear(&err);
    store(peer, "mesh-catalog", "catalog", "[]");
    mesh_client_close(client);
    peer_close(peer);
}

static void the_contracts_of_the_reference_are_read(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_contract *contract = NULL;
    auto_free char *echo = golden("contract/rec.echo.json");
    auto_free char *ticker = golden("contract/rec.ticker.json");
    auto_free char *background = golden("contract/rec.background.json");
    store(peer, "mesh-registry", "rec.echo", echo);
    store(peer, "mesh-registry", "rec.ticker", ticker);
    store(peer, "mesh-registry", "rec.background", background);

    expect_int(mesh_contract_read(client, "rec.echo", &contract, NULL), MESH_OK);
    expect_str(mesh_contract_name(contract), "rec.echo");
    expect_str(mesh_contract_description(contract), "Echoes a note");
    expect_str(mesh_contract_version(contract), "1.2.3");
    expect_str(mesh_contract_tags(contract)[1], "text");
    expect_true(mesh_contract_tags(contract)[2] == NULL);
    expect_true(mesh_contract_is_invocable(contract) && !mesh_contract_is_streaming(contract));
    expect_contains(mesh_contract_input_schema(contract), "\"title\":\"Note\"");
    expect_contains(mesh_contract_output_schema(contract), "\"title\":\"Echoed\"");
    expect_str(mesh_contract_chunk_schema(contract), NULL);
    expect_int(mesh_contract_mcp(contract), 0);
    expect_str(mesh_contract_registered_at(contract), "2026-11-22T12:04:58.482602+00:00");
    expect_str(mesh_contract_json(contract).data, echo);
    mesh_contract_free(contract);

    expect_int(mesh_contract_read(client, "rec.ticker", &contract, NULL), MESH_OK);
    expect_true(!mesh_contract_is_invocable(contract) && mesh_contract_is_streaming(contract));
    expect_str(mesh_contract_input_schema(contract), NULL);
    expect_contains(mesh_contract_chunk_schema(contract), "\"title\":\"Tick\"");
    mesh_contract_free(contract);

    expect_int(mesh_contract_read(client, "rec.background", &contract, NULL), MESH_OK);
    expect_int(mesh_contract_mcp(contract), MESH_NO);
    mesh_contract_free(contract);
    mesh_client_close(client);
    peer_close(peer);
}

static void only_a_name_is_required_of_a_contract(void)
{
    static const char *const unreadable[] = { "", "no JSON", "[]", "{}", "{\"name\": null}", "{\"name\": \"a b\"}" };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_contract *contract = NULL;
    mesh_error err = MESH_ERROR_INIT;
    store(peer, "mesh-registry", "bare",
          "{\"name\": \"bare\", \"capabilities\": null, \"skills\": [], \"x-agentmesh\": null, \"url\": \"u\"}");
    expect_int(mesh_contract_read(client, "bare", &contract, NULL), MESH_OK);
    expect_str(mesh_contract_description(contract), "");
    expect_str(mesh_contract_version(contract), "0.1.0");
    expect_str(mesh_contract_registered_at(contract), "");
    expect_true(mesh_contract_tags(contract)[0] == NULL);
    expect_true(mesh_contract_is_invocable(contract) && !mesh_contract_is_streaming(contract));
    expect_contains(mesh_contract_json(contract).data, "\"url\": \"u\"");
    mesh_contract_free(contract);
    for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
        store(peer, "mesh-registry", "odd", unreadable[i]);
        expect_int(mesh_contract_read(client, "odd", &contract, &err), MESH_E_DATA);
        expect_contains(mesh_error_text(&err), "contract of 'odd': ");
    }
    expect_int(mesh_contract_read(client, "missing", &contract, &err), MESH_E_NOT_FOUND);
    expect_str(mesh_error_message(&err), "Agent 'missing' not found");
    expect_int(mesh_contract_read(client, "a b", &contract, &err), MESH_E_INVALID_ARGUMENT);
    mesh_error_clear(&err);
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- the catalog as it is known ---- */

static char *cached_names(mesh_client *client, const char *channel)
{
    mesh_catalog *catalog = NULL;
    mesh_catalog_filter filter = MESH_CATALOG_FILTER_INIT;
    struct buf names;
    filter.channel = channel;
    buf_init(&names, 1 << 16);
    buf_puts(&names, "");
    expect_int(mesh_catalog_cached(client, &filter, &catalog, NULL), MESH_OK);
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++)
        buf_printf(&names, "%s%s", i > 0 ? " " : "", mesh_catalog_at(catalog, i)->name);
    mesh_catalog_free(catalog);
    return buf_take(&names);
}

#define expect_cached(client, channel, expected)                                                                       \
    do {                                                                                                               \
        auto_free char *names_ = cached_names((client), (channel));                                                    \
        expect_str(names_, (expected));                                                                                \
    } while (0)

struct known {
    mesh_client *client;
    const char *names;
};

static bool is_known(void *data)
{
    const struct known *known = data;
    auto_free char *names = cached_names(known->client, NULL);
    return strcmp(names, known->names) == 0;
}

static void what_changes_is_known_without_asking(void)
{
    struct peer *peer = peer_open();
    store(peer, "mesh-catalog", "catalog", many);
    mesh_client *client = peer_client(NULL);
    struct known all = { client, "fin fin.x finance fin.x.y" }, one = { client, "new" }, none = { client, "" };
    expect_true(is_known(&all));
    expect_cached(client, "fin", "fin fin.x fin.x.y");
    store(peer, "mesh-catalog", "catalog", "[{\"name\": \"new\"}, {\"name\": 7}]");
    expect_true(comes_true(is_known, &one, 20000));
    expect_int(link_key_delete(peer_link(peer), "mesh-catalog", "catalog", NULL), MESH_OK);
    expect_true(comes_true(is_known, &none, 20000));
    store(peer, "mesh-catalog", "catalog", "[]");
    mesh_client_close(client);
    peer_close(peer);
}

static void the_known_catalog_costs_no_round_trip(void)
{
    if (!bus_has_server("it listens to what is read from the server"))
        return;
    struct peer *peer = peer_open();
    store(peer, "mesh-catalog", "catalog", many);
    mesh_client *client = peer_client(NULL);
    expect_cached(client, "fin.x", "fin.x fin.x.y");
    struct ear *asked = peer_listen(peer, "$JS.API.STREAM.MSG.GET.>");
    for (int i = 0; i < 100; i++)
        expect_cached(client, "fin.x", "fin.x fin.x.y");
    struct link_message question = ear_next(asked, 50);
    expect_str(question.handle ? link_message_subject(&question) : "", "");
    link_message_clear(&question);
    store(peer, "mesh-catalog", "catalog", "[]");
    mesh_client_close(client);
    peer_close(peer);
}

static void agents_of_this_process_are_known_at_once(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    for (int i = 0; i < 20; i++) {
        serve_text(client, "own.agent", "1");
        expect_cached(client, "own", "own.agent");
        expect_int(mesh_unregister(client, "own.agent", NULL), MESH_OK);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static void a_garbled_catalog_is_not_known_but_told(void)
{
    struct peer *peer = peer_open();
    store(peer, "mesh-catalog", "catalog", "{}");
    mesh_client *client = peer_client(NULL);
    mesh_catalog *catalog = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_catalog_cached(client, NULL, &catalog, &err), MESH_E_DATA);
    expect_contains(mesh_error_text(&err), "read the catalog: ");
    mesh_error_clear(&err);
    store(peer, "mesh-catalog", "catalog", "[]");
    mesh_client_close(client);
    peer_close(peer);
}

/* What the library says of a catalog is said with nothing locked: who hears it may ask for the same. */
static void ask_again(void *data, const mesh_event *event)
{
    mesh_client **client = data;
    mesh_catalog *catalog = NULL;
    if (!*client || !strstr(event->text, "the catalog on the mesh cannot be read"))
        return;
    expect_int(mesh_catalog_cached(*client, NULL, &catalog, NULL), MESH_E_DATA);
    *client = NULL;
}

static void who_hears_of_a_garbled_catalog_may_ask_for_it(void)
{
    struct peer *peer = peer_open();
    mesh_client *heard = NULL;
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_catalog *catalog = NULL;
    options.on_event = ask_again;
    options.on_event_data = &heard;
    store(peer, "mesh-catalog", "catalog", "{}");
    mesh_client *client = heard = peer_client(&options);
    expect_int(mesh_catalog_cached(client, NULL, &catalog, NULL), MESH_E_DATA);
    expect_int(mesh_send(client, "anybody", mesh_text("1"), NULL, NULL), MESH_OK);
    expect_true(heard == NULL);
    store(peer, "mesh-catalog", "catalog", "[]");
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- contracts of many ---- */

static void all_contracts_of_a_channel_are_discovered(void)
{
    struct peer *peer = peer_open();
    store(peer, "mesh-catalog", "catalog",
          "[{\"name\": \"all.b\"}, {\"name\": \"all\"}, {\"name\": \"all.odd\"}, {\"name\": \"all.gone\"}, "
          "{\"name\": \"other\"}, {\"name\": \"all.a.b\"}]");
    store(peer, "mesh-registry", "all", "{\"name\": \"all\"}");
    store(peer, "mesh-registry", "all.b",
          "{\"name\": \"all.b\", \"x-agentmesh\": {\"registered_at\": \"2026-11-22T10:57:06+00:00\"}}");
    store(peer, "mesh-registry", "all.a.b", "{\"name\": \"all.a.b\"}");
    store(peer, "mesh-registry", "all.odd", "no JSON");
    store(peer, "mesh-registry", "all.unlisted", "{\"name\": \"all.unlisted\"}");
    store(peer, "mesh-registry", "other", "{\"name\": \"other\"}");
    mesh_client *client = peer_client(NULL);
    mesh_contracts *contracts = NULL;
    expect_int(mesh_discover(client, "all", &contracts, NULL), MESH_OK);
    expect_int(mesh_contracts_count(contracts), 3);
    expect_int(mesh_contracts_skipped(contracts), 2);
    expect_str(mesh_contract_name(mesh_contracts_at(contracts, 0)), "all.b");
    expect_str(mesh_contract_registered_at(mesh_contracts_at(contracts, 0)), "2026-11-22T10:57:06+00:00");
    expect_str(mesh_contract_name(mesh_contracts_at(contracts, 1)), "all");
    expect_str(mesh_contract_name(mesh_contracts_at(contracts, 2)), "all.a.b");
    expect_true(mesh_contracts_at(contracts, 3) == NULL);
    mesh_contracts_free(contracts);
    expect_int(mesh_discover(client, NULL, &contracts, NULL), MESH_OK);
    expect_int(mesh_contracts_count(contracts), 4);
    mesh_contracts_free(contracts);
    expect_int(mesh_discover(client, "no name * >", &contracts, NULL), MESH_OK);
    expect_int(mesh_contracts_count(contracts), 0);
    mesh_contracts_free(contracts);
    store(peer, "mesh-catalog", "catalog", "[]");
    mesh_client_close(client);
    peer_close(peer);
}

static void own_contracts_are_known_with_the_time_of_their_registration(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    mesh_contract *contract = NULL;
    mesh_contracts *contracts = NULL;
    serve_text(client, "own.contract", "1");
    auto_free char *stored = stored_contract(peer, "own.contract");
    expect_int(link_key_delete(peer_link(peer), "mesh-registry", "own.contract", NULL), MESH_OK);
    expect_int(mesh_contract_read(client, "own.contract", &contract, NULL), MESH_OK);
    expect_json(mesh_contract_json(contract).data, stored);
    expect_true(is_stamp(mesh_contract_registered_at(contract)));
    mesh_contract_free(contract);
    expect_int(mesh_discover(client, "own", &contracts, NULL), MESH_OK);
    expect_int(mesh_contracts_count(contracts), 1);
    expect_str(mesh_contract_name(mesh_contracts_at(contracts, 0)), "own.contract");
    mesh_contracts_free(contracts);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_contract_that_cannot_be_read_is_told_from_one_that_is_not_there(void)
{
    if (!bus_has_server("it has the server refuse to tell"))
        return;
    struct nats_server *guarded = nats_server_start(
        "authorization { users = [ { user: all, password: all }, { user: blind, password: blind, permissions: {\n"
        "  publish: { deny: [\"$JS.API.STREAM.MSG.GET.KV_mesh-registry\", \"$JS.API.DIRECT.GET.KV_mesh-registry.>\",\n"
        "             \"$JS.API.DIRECT.GET.KV_mesh-registry\"] } } } ] }");
    auto_free char *all = NULL, *blind = NULL;
    expect_true(asprintf(&all, "nats://all:all@127.0.0.1:%d", nats_server_port(guarded)) > 0);
    expect_true(asprintf(&blind, "nats://blind:blind@127.0.0.1:%d", nats_server_port(guarded)) > 0);
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *maker = NULL, *client = NULL;
    mesh_contract *contract = NULL;
    mesh_error err = MESH_ERROR_INIT;
    options.url = all;
    expect_int(mesh_client_open(&options, &maker, NULL), MESH_OK);
    options.url = blind;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    expect_int(mesh_contract_read(maker, "nobody", &contract, &err), MESH_E_NOT_FOUND);
    mesh_status status = mesh_contract_read(client, "nobody", &contract, &err);
    expect_true(status == MESH_E_CONNECTION_DENIED || status == MESH_E_TIMEOUT);
    mesh_error_clear(&err);
    mesh_client_close(client);
    mesh_client_close(maker);
    nats_server_stop(guarded);
}

/* ---- what the catalog says before a request is sent ---- */

static void calls_that_the_catalog_refuses_are_not_sent(void)
{
    static const char flags[] = "[{\"name\": \"plain\", " FLAGS(true, false) ", {\"name\": \"streamer\", " FLAGS(
        true, true) ", {\"name\": \"publisher\", " FLAGS(false, true) ", {\"name\": \"task\", " FLAGS(false, false) "]";
    static const struct {
        const char *agent, *call, *stream;
    } cases[] = {
        { "plain", NULL, "Agent 'plain' does not support streaming. Use call() instead" },
        { "streamer", "Agent 'streamer' is streaming-only. Use stream() instead", NULL },
        { "publisher", "Agent 'publisher' is a publisher and cannot be called. Subscribe to its events instead",
          "Agent 'publisher' is a publisher and cannot be streamed. Subscribe to its events instead" },
        { "task", "Agent 'task' is a background task and cannot be called",
          "Agent 'task' is a background task and cannot be streamed" },
    };
    struct peer *peer = peer_open();
    store(peer, "mesh-catalog", "catalog", flags);
    mesh_client *client = peer_client(NULL);
    expect_true(becomes_callable(client, "task",
                                 "invocation_mismatch: Agent 'task' is a background task and cannot be called"));
    struct ear *requests = peer_listen(peer, "mesh.agent.>");
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    options.timeout_ms = 1; /* those that are sent have no answer */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        mesh_reply *reply = NULL;
        mesh_stream *stream = NULL;
        mesh_status status = mesh_call(client, cases[i].agent, mesh_text("1"), &options, &reply, &err);
        expect_int(status, cases[i].call ? MESH_E_INVOCATION_MISMATCH : MESH_E_TIMEOUT);
        if (cases[i].call)
            expect_str(mesh_error_message(&err), cases[i].call);
        status = mesh_stream_open(client, cases[i].agent, mesh_text("1"), &options, &stream, &err);
        expect_int(status, cases[i].stream ? MESH_E_INVOCATION_MISMATCH : MESH_OK);
        if (cases[i].stream)
            expect_str(mesh_error_message(&err), cases[i].stream);
        mesh_stream_close(stream);
        mesh_error_clear(&err);
    }
    struct link_message call = ear_next(requests, 5000), stream = ear_next(requests, 5000),
                        more = ear_next(requests, 50);
    expect_str(call.handle ? link_message_subject(&call) : "", "mesh.agent.plain");
    expect_str(stream.handle ? link_message_subject(&stream) : "", "mesh.agent.streamer");
    expect_str(said(&more), "(none)");
    link_message_clear(&call);
    link_message_clear(&stream);
    link_message_clear(&more);
    store(peer, "mesh-catalog", "catalog", "[]");
    mesh_client_close(client);
    peer_close(peer);
}

static void the_wrong_verb_for_an_agent_of_this_process_is_not_sent(void)
{
    const mesh_agent agent = MESH_STREAMER("own.stream", "For a test.", answer_text, "{}", NULL);
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.own.stream");
    for (int i = 0; i < 20; i++) {
        expect_int(mesh_register(client, &agent, NULL, NULL), MESH_OK);
        expect_call(client, "own.stream",
                    "invocation_mismatch: Agent 'own.stream' is streaming-only. Use stream() instead");
        expect_int(mesh_unregister(client, "own.stream", NULL), MESH_OK);
    }
    struct link_message request = ear_next(requests, 50);
    expect_str(said(&request), "(none)");
    link_message_clear(&request);
    mesh_client_close(client);
    peer_close(peer);
}

SUITE(integration_discover, STATEMENT("57", filters_keep_what_fits_all_of_them),
      TEST(the_catalog_of_the_reference_is_read_whole), TEST(entries_that_cannot_be_understood_are_skipped),
      TEST(a_catalog_may_be_missing_but_not_garbled), TEST(the_contracts_of_the_reference_are_read),
      TEST(only_a_name_is_required_of_a_contract), STATEMENT("57", what_changes_is_known_without_asking),
      TEST(the_known_catalog_costs_no_round_trip), TEST(agents_of_this_process_are_known_at_once),
      TEST(a_garbled_catalog_is_not_known_but_told), TEST(who_hears_of_a_garbled_catalog_may_ask_for_it),
      TEST(all_contracts_of_a_channel_are_discovered),
      TEST(own_contracts_are_known_with_the_time_of_their_registration),
      TEST(a_contract_that_cannot_be_read_is_told_from_one_that_is_not_there),
      STATEMENT("58", calls_that_the_catalog_refuses_are_not_sent),
      STATEMENT("58", the_wrong_verb_for_an_agent_of_this_process_is_not_sent))
