/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing to subjects (protocol 1.5, 5.7). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "peer.h"
#include "recording.h"
#include "suite.h"

static bool is_id(const char *text)
{
    return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

static mesh_publish_options with(const char *content_type, const char *const *headers)
{
    mesh_publish_options options = MESH_PUBLISH_OPTIONS_INIT;
    options.content_type = content_type;
    options.headers = headers;
    return options;
}

/* The message that a publish put on the wire; empty if it was refused. */
static struct link_message published(struct ear *ear, mesh_client *client, mesh_bytes body, const char *content_type,
                                     const char *const *headers)
{
    const mesh_publish_options options = with(content_type, headers);
    mesh_error err = MESH_ERROR_INIT;
    if (!expect_int(mesh_publish(client, "some.subject", body, &options, &err), MESH_OK))
        expect_str(mesh_error_text(&err), "");
    mesh_error_clear(&err);
    return ear_next(ear, 5000);
}

static void a_message_carries_id_content_type_and_instance(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "some.subject");
    char first[33];
    static const char *const types[] = { NULL, MESH_CONTENT_BYTES, MESH_CONTENT_TEXT, MESH_CONTENT_JSON, "image/png" };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct link_message message = published(ear, client, mesh_text("\"text\""), types[i], NULL);
        expect_str(said(&message), "\"text\"");
        expect_str(said_header(&message, "X-Mesh-Content-Type"), types[i] ? types[i] : "application/octet-stream");
        expect_str(said_header(&message, "X-Mesh-Instance-Id"), mesh_client_instance_id(client));
        expect_true(is_id(said_header(&message, "X-Mesh-Request-Id")));
        expect_true(link_message_reply(&message) == NULL);
        if (i > 0)
            expect_true(strcmp(said_header(&message, "X-Mesh-Request-Id"), first) != 0);
        snprintf(first, sizeof(first), "%s", said_header(&message, "X-Mesh-Request-Id"));
        link_message_clear(&message);
    }
    mesh_client_close(client);
    peer_close(peer);
}

static void headers_of_the_user_win_whatever_their_case(void)
{
    static const char *const headers[] = { "X-Mesh-Request-Id",
                                           "mine",
                                           "x-mesh-content-type",
                                           "image/x-demo",
                                           "X-MESH-INSTANCE-ID",
                                           "somebody",
                                           "X-Custom",
                                           "yes",
                                           "x-custom",
                                           "no",
                                           NULL };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "some.subject");
    struct link_message message = published(ear, client, mesh_text("x"), MESH_CONTENT_TEXT, headers);
    expect_str(said_header(&message, "X-Mesh-Request-Id"), "mine");
    expect_str(said_header(&message, "x-mesh-content-type"), "image/x-demo");
    expect_str(said_header(&message, "X-Mesh-Content-Type"), "(none)");
    expect_str(said_header(&message, "X-MESH-INSTANCE-ID"), "somebody");
    expect_str(said_header(&message, "X-Mesh-Instance-Id"), "(none)");
    expect_str(said_header(&message, "x-custom"), "no");
    expect_str(said_header(&message, "X-Custom"), "(none)");
    link_message_clear(&message);
    mesh_client_close(client);
    peer_close(peer);
}

static void messages_are_as_recorded(void)
{
    static const struct {
        const char *recording, *content_type, *headers[5];
    } cases[] = {
        { "publish-json", MESH_CONTENT_JSON, { NULL } },
        { "publish-text", MESH_CONTENT_TEXT, { NULL } },
        { "publish-bytes", MESH_CONTENT_BYTES, { "X-Mesh-Content-Type", "image/x-demo", "X-Custom", "yes", NULL } },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "rec.topic.*");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct recording *recording = recording_open(cases[i].recording);
        const mesh_publish_options options = with(cases[i].content_type, cases[i].headers);
        expect_int(mesh_publish(client, recording_subject(recording, 0), recording_body(recording, 0), &options, NULL),
                   MESH_OK);
        struct link_message message = ear_next(ear, 5000);
        recording_expect(recording, 0, &message);
        link_message_clear(&message);
        recording_close(recording);
    }
    mesh_client_close(client);
    peer_close(peer);
}

/* ---- what is refused ---- */

/* The next message that is not of the library's own housekeeping. */
static struct link_message next_of_users(struct ear *ear)
{
    static const char *const own[] = { "_INBOX.", "$JS.", "$KV.", "mesh." };
    for (;;) {
        struct link_message message = ear_next(ear, 5000);
        bool is_own = false;
        for (size_t i = 0; message.handle && i < sizeof(own) / sizeof(own[0]); i++)
            is_own |= strncmp(link_message_subject(&message), own[i], strlen(own[i])) == 0;
        if (!is_own)
            return message;
        link_message_clear(&message);
    }
}

/* That nothing was sent, and the connection lives: what is published next is the next that is heard. */
static void expect_unharmed(struct ear *ear, mesh_client *client)
{
    expect_int(mesh_publish(client, "still.there", mesh_text("yes"), NULL, NULL), MESH_OK);
    struct link_message message = next_of_users(ear);
    expect_str(said(&message), "yes");
    link_message_clear(&message);
    expect_true(mesh_client_is_connected(client));
}

static void what_is_no_subject_is_refused_before_a_byte_is_sent(void)
{
    static const char *const subjects[] = { "a.*", "a.>", "a..b", "",    "a\n",      "$JS.x",
                                            ".a",  "a.",  "a b",  "a/b", "\xc3\xa9", "a\r\nPUB b 0" };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *ear = peer_listen(peer, ">");
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        expect_int(mesh_publish(client, subjects[i], mesh_text("1"), NULL, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), "is not a subject to publish to");
        mesh_error_clear(&err);
        expect_unharmed(ear, client);
    }
    expect_int(mesh_publish(client, NULL, mesh_text("1"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_unharmed(ear, client);
    mesh_client_close(client);
    peer_close(peer);
}

static void headers_that_would_break_the_wire_are_refused(void)
{
    static const char *const headers[][3] = {
        { "X-A", "a\r\nX-Mesh-Status: error", NULL },
        { "X-A", "a\n", NULL },
        { "X-A", "\x01", NULL },
        { "X-A", "caf\xc3\xa9", NULL },
        { "X-A", "", NULL },
        { "X-A", NULL, NULL },
        { "X A", "b", NULL },
        { "X:A", "b", NULL },
        { "", "b", NULL },
        { "X-A\r\nX-B", "b", NULL },
        { "X-\xc3\xa9", "b", NULL },
    };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "still.there");
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        const mesh_publish_options options = with(NULL, headers[i]);
        expect_int(mesh_publish(client, "still.there", mesh_text("no"), &options, NULL), MESH_E_INVALID_ARGUMENT);
    }
    static const char *const types[] = { "", "text/plain\r\n", "t\xc3\xa9xt" };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const mesh_publish_options options = with(types[i], NULL);
        expect_int(mesh_publish(client, "still.there", mesh_text("no"), &options, NULL), MESH_E_INVALID_ARGUMENT);
    }
    expect_unharmed(ear, client);
    mesh_client_close(client);
    peer_close(peer);
}

static void what_says_to_be_json_is(void)
{
    static const char *const bodies[] = { "", "{", "{\"a\": 1} x", "nul", "\"\x01\"", "\"\xff\"" };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct ear *ear = peer_listen(peer, "still.there");
    const mesh_publish_options json = with(MESH_CONTENT_JSON, NULL);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        expect_int(mesh_publish(client, "still.there", mesh_text(bodies[i]), &json, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), "publish to 'still.there': the body is not JSON, as content_type says");
        mesh_error_clear(&err);
    }
    expect_int(mesh_publish(client, "still.there", mesh_text("null"), &json, NULL), MESH_OK);
    struct link_message message = ear_next(ear, 5000);
    expect_str(said(&message), "null");
    link_message_clear(&message);
    expect_int(mesh_publish(client, "still.there", mesh_bytes_of("a\0\xff", 3), NULL, NULL), MESH_OK);
    message = ear_next(ear, 5000);
    expect_int(link_message_body(&message).len, 3);
    expect_true(memcmp(link_message_body(&message).data, "a\0\xff", 3) == 0);
    link_message_clear(&message);
    mesh_client_close(client);
    peer_close(peer);
}

static void what_is_too_large_is_refused(void)
{
    enum { TWO_MIB = 2 << 20 };
    mesh_client *client = peer_client(NULL);
    auto_free char *large = calloc(1, TWO_MIB);
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_publish(client, "a.b", mesh_bytes_of(large, TWO_MIB), NULL, &err), MESH_E_TOO_LARGE);
    expect_contains(mesh_error_text(&err), "publish to 'a.b': ");
    mesh_error_clear(&err);
    mesh_client_close(client);
}

static void a_stopped_client_publishes_no_more(void)
{
    mesh_client *client = peer_client(NULL);
    expect_int(mesh_client_stop(client, 0, NULL), MESH_OK);
    expect_int(mesh_publish(client, "a.b", mesh_text("1"), NULL, NULL), MESH_E_STOPPED);
    mesh_client_close(client);
}

SUITE(integration_publish, STATEMENT("5 47", a_message_carries_id_content_type_and_instance),
      STATEMENT("47", headers_of_the_user_win_whatever_their_case), STATEMENT("6 47", messages_are_as_recorded),
      STATEMENT("2", what_is_no_subject_is_refused_before_a_byte_is_sent),
      STATEMENT("6", headers_that_would_break_the_wire_are_refused), TEST(what_says_to_be_json_is),
      TEST(what_is_too_large_is_refused), TEST(a_stopped_client_publishes_no_more))
