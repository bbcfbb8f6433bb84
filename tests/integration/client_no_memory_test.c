/* SPDX-License-Identifier: Apache-2.0 */
/* What calls, messages, discovery and log events do when memory runs out: each allocation of the caller's thread fails
 * once. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agents.h"
#include "peer.h"
#include "suite.h"
#include "torture.h"

enum { WAIT_MS = 20000 };

static mesh_client *mesh;

/* Whether it succeeded; it must have, or have told that memory ran out. */
static bool succeeded(mesh_status status, mesh_error *err)
{
    if (status != MESH_OK && !expect_int(status, MESH_E_NO_MEMORY))
        fprintf(stderr, "%s\n", mesh_error_text(err));
    mesh_error_clear(err);
    return status == MESH_OK;
}

static mesh_status stream_two(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    for (int i = 1; i <= 2; i++) {
        mesh_status status = mesh_request_chunkf(request, err, "%d", i);
        if (status != MESH_OK)
            return status;
    }
    return MESH_OK;
}

/* ---- requests ---- */

static bool call_echo(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    bool ok = succeeded(mesh_call(mesh, "echo", mesh_text("1"), NULL, &reply, &err), &err);

    if (ok)
        expect_str(mesh_reply_body(reply).data, "1");
    mesh_reply_free(reply);
    return ok;
}

/* How often a callback was told its end, and with what. */
struct told {
    int fd;
    mesh_status status;
};

static void tell(struct told *told, mesh_status status)
{
    told->status = status;
    eventfd_write(told->fd, 1);
}

static void on_call_done(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    (void)reply;
    (void)err;
    tell(data, status);
}

static void on_send_done(void *data, mesh_status status, const mesh_error *err)
{
    (void)err;
    tell(data, status);
}

/* Told once if it was begun, else never. */
static bool was_told(struct told *told, bool begun)
{
    struct pollfd fd = { told->fd, POLLIN, 0 };
    eventfd_t times = 0;

    if (begun)
        expect_int(poll(&fd, 1, WAIT_MS), 1);
    eventfd_read(told->fd, &times);
    expect_int(times, begun ? 1 : 0);
    if (begun)
        expect_int(told->status, MESH_OK);
    close(told->fd);
    return begun;
}

static bool start_call(void)
{
    mesh_error err = MESH_ERROR_INIT;
    struct told told = { .fd = eventfd(0, EFD_NONBLOCK) };
    mesh_status status = mesh_call_start(mesh, "echo", mesh_text("1"), NULL, on_call_done, &told, &err);

    return was_told(&told, succeeded(status, &err));
}

static bool send_managed(void)
{
    mesh_error err = MESH_ERROR_INIT;
    struct told told = { .fd = eventfd(0, EFD_NONBLOCK) };
    mesh_send_options options = MESH_SEND_OPTIONS_INIT;
    options.on_done = on_send_done;
    options.data = &told;
    mesh_status status = mesh_send(mesh, "echo", mesh_text("1"), &options, &err);

    return was_told(&told, succeeded(status, &err));
}

static bool send_plain(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_send_options options = MESH_SEND_OPTIONS_INIT;
    options.reply_to = "torture.answers";
    return succeeded(mesh_send(mesh, "echo", mesh_text("1"), &options, &err), &err);
}

static bool read_stream(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    bool ok = succeeded(mesh_stream_open(mesh, "streamer", mesh_text("1"), NULL, &stream, &err), &err);

    for (int i = 0; ok && i < 2; i++)
        ok = succeeded(mesh_stream_next(stream, &chunk, &err), &err);
    if (ok)
        expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_E_END);
    mesh_stream_close(stream);
    return ok;
}

static void requests_survive_without_memory(void)
{
    mesh = peer_client(NULL);
    expect_int(serve_text(mesh, "echo", "1"), MESH_OK);
    mesh_agent streamer = MESH_STREAMER("streamer", "Says two things.", stream_two, "{}", NULL);
    expect_int(mesh_register(mesh, &streamer, NULL, NULL), MESH_OK);
    torture(call_echo);
    torture(start_call);
    torture(send_managed);
    torture(send_plain);
    torture(read_stream);
    mesh_client_close(mesh);
}

/* ---- messages ---- */

static bool publish_json(void)
{
    static const char *const headers[] = { "X-Own", "1", "x-mesh-request-id", "2", NULL };
    mesh_error err = MESH_ERROR_INIT;
    mesh_publish_options options = MESH_PUBLISH_OPTIONS_INIT;
    options.content_type = MESH_CONTENT_JSON;
    options.headers = headers;
    return succeeded(mesh_publish(mesh, "torture.said", mesh_text("{\"a\":[1]}"), &options, &err), &err);
}

static bool subscribe_and_read(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    mesh_subscription *subscription = NULL;
    const mesh_message *message = NULL;
    options.subject = "torture.heard";
    options.timeout_ms = WAIT_MS;
    bool ok = succeeded(mesh_subscribe(mesh, &options, &subscription, &err), &err) &&
              succeeded(mesh_publish(mesh, "torture.heard", mesh_text("1"), NULL, &err), &err) &&
              succeeded(mesh_subscription_next(subscription, &message, &err), &err);

    if (ok)
        expect_str(mesh_message_body(message).data, "1");
    mesh_subscription_close(subscription);
    return ok;
}

#define EVENT                                                                                                          \
    "{\"timestamp\":\"t\",\"level\":\"info\",\"agent\":\"a\",\"event\":\"e\",\"request_id\":\"\",\"message\":\"m\","   \
    "\"data\":{\"x\":1}}"

static bool tail_and_read(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_tail *tail = NULL;
    const mesh_log_event *event = NULL;
    bool ok = succeeded(mesh_tail_open(mesh, "a", MESH_LOG_DEBUG, &tail, &err), &err) &&
              succeeded(mesh_publish(mesh, "mesh.logs.a", mesh_text(EVENT), NULL, &err), &err) &&
              succeeded(mesh_tail_next(tail, WAIT_MS, &event, &err), &err);

    if (ok)
        expect_str(event->data, "{\"x\":1}");
    mesh_tail_close(tail);
    return ok;
}

static bool use_levels(void)
{
    mesh_error err = MESH_ERROR_INIT;
    int32_t level = 0, origin = 0;
    bool ok = succeeded(mesh_level_set(mesh, "a", MESH_LOG_WARN, &err), &err) &&
              succeeded(mesh_level_get(mesh, "a", &level, &origin, &err), &err) &&
              succeeded(mesh_level_unset(mesh, "a", &err), &err);

    if (ok)
        expect_true(level == MESH_LOG_WARN && origin == MESH_LEVEL_AGENT);
    return ok;
}

static void messages_survive_without_memory(void)
{
    mesh = peer_client(NULL);
    torture(publish_json);
    torture(subscribe_and_read);
    torture(tail_and_read);
    torture(use_levels);
    mesh_client_close(mesh);
}

/* ---- discovery ---- */

static bool read_catalogs(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_catalog *read = NULL, *cached = NULL;
    bool ok = succeeded(mesh_catalog_read(mesh, NULL, &read, &err), &err) &&
              succeeded(mesh_catalog_cached(mesh, NULL, &cached, &err), &err);

    if (ok)
        expect_int(mesh_catalog_count(cached), mesh_catalog_count(read));
    mesh_catalog_free(read);
    mesh_catalog_free(cached);
    return ok;
}

static bool write_card_and_tool(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_contract *contract = NULL;
    mesh_document *card = NULL, *tool = NULL;
    bool ok = succeeded(mesh_contract_read(mesh, "tooled", &contract, &err), &err) &&
              succeeded(mesh_contract_card(contract, "http://x", &card, &err), &err) &&
              succeeded(mesh_contract_tool(contract, MESH_TOOL_OPENAI_CHAT, MESH_TOOL_STRICT, &tool, &err), &err);

    if (ok)
        expect_contains(mesh_document_text(tool).data, "\"strict\":true");
    mesh_document_free(card);
    mesh_document_free(tool);
    mesh_contract_free(contract);
    return ok;
}

/* What cannot be read for want of memory is not left out: the whole fails. */
static bool discover_tools(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_contracts *contracts = NULL;
    mesh_tools *tools = NULL;
    bool ok = succeeded(mesh_discover(mesh, NULL, &contracts, &err), &err) &&
              succeeded(mesh_tools_make(contracts, MESH_TOOL_NEUTRAL, 0, &tools, &err), &err);

    if (ok) {
        expect_int(mesh_contracts_count(contracts), 3);
        expect_int(mesh_contracts_skipped(contracts), 0);
        expect_int(mesh_tools_count(tools), 2);
        expect_true(mesh_tools_left_out(tools, 0, NULL) != NULL);
    }
    mesh_tools_free(tools);
    mesh_contracts_free(contracts);
    return ok;
}

static void discovery_survives_without_memory(void)
{
    mesh_client *host = peer_client(NULL);
    struct peer *peer = peer_open();
    expect_int(serve_text(host, "echo", "1"), MESH_OK);
    mesh_agent streamer = MESH_STREAMER("streamer", "Says two things.", stream_two, "{}", NULL);
    expect_int(mesh_register(host, &streamer, NULL, NULL), MESH_OK);
    mesh_agent tooled =
        MESH_RESPONDER("tooled", "One with a schema.", answer_text,
                       MESH_JSON({"type": "object", "properties": {"a": {"type": "string"}}}),
                                  MESH_JSON({"type": "object", "properties": {"b": {"type": "string"}}}));
    expect_int(mesh_register(host, &tooled, NULL, NULL), MESH_OK);
    expect_true(becomes_announced(peer, host, "tooled"));
    mesh = peer_client(NULL);
    torture(read_catalogs);
    torture(write_card_and_tool);
    torture(discover_tools);
    mesh_client_close(mesh);
    mesh_client_close(host);
    peer_close(peer);
}

SUITE(integration_client_no_memory, TEST(requests_survive_without_memory), TEST(messages_survive_without_memory),
      TEST(discovery_survives_without_memory))
