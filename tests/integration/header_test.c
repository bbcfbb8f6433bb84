/* SPDX-License-Identifier: Apache-2.0 */
/* What the headers of every message say, whoever reads them (protocol 3.1, 5.1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents.h"

static mesh_status fail_in_many_tongues(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set_code(err, "broken", "na\xc3\xafve\r\nX-Mesh-Status: ok",
                               "{\"caf\xc3\xa9\": \"\xf0\x9f\x98\x80\"}");
}

static mesh_status stream_two(mesh_request *request, void *state, mesh_error *err)
{
    mesh_status status = MESH_OK;
    (void)state;
    for (int i = 0; i < 2 && status == MESH_OK; i++)
        status = mesh_request_chunkf(request, err, "%d", i);
    return status;
}

static void read_stream(mesh_client *client, const char *agent)
{
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    expect_int(mesh_stream_open(client, agent, mesh_text("1"), NULL, &stream, NULL), MESH_OK);
    while (mesh_stream_next(stream, &chunk, NULL) == MESH_OK)
        continue;
    mesh_stream_close(stream);
}

/* One of each that a host and a caller say to each other and to others. */
static void talk(mesh_client *host, mesh_client *caller)
{
    const mesh_agent streamer = { .size = sizeof(streamer),
                                  .name = "talk.stream",
                                  .description = "About.",
                                  .input_schema = "{}",
                                  .stream = stream_two };
    const mesh_agent broken_streamer = { .size = sizeof(broken_streamer),
                                         .name = "talk.broken-stream",
                                         .description = "About.",
                                         .input_schema = "{}",
                                         .stream = fail_in_many_tongues };
    expect_int(serve_text(host, "talk.plain", "\"\xf0\x9f\x98\x80\""), MESH_OK);
    expect_int(serve(host, "talk.broken", fail_in_many_tongues, NULL), MESH_OK);
    expect_int(mesh_register(host, &streamer, NULL, NULL), MESH_OK);
    expect_int(mesh_register(host, &broken_streamer, NULL, NULL), MESH_OK);
    expect_call(caller, "talk.plain", "\"\xf0\x9f\x98\x80\"");
    free(call(caller, "talk.broken"));
    read_stream(caller, "talk.stream");
    read_stream(caller, "talk.broken-stream");
}

/* A stream during which its agent dies. */
static void mourn(struct peer *peer, mesh_client *caller)
{
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    struct ear *requests = peer_listen(peer, "mesh.agent.talk.mortal");
    expect_int(mesh_stream_open(caller, "talk.mortal", mesh_text("1"), NULL, &stream, NULL), MESH_OK);
    struct link_message request = ear_next(requests, 5000);
    peer_say(peer, "mesh.death.talk.mortal", NULL, "", NULL);
    expect_int(mesh_stream_next(stream, &chunk, NULL), MESH_E_AGENT_DIED);
    mesh_stream_close(stream);
    link_message_clear(&request);
}

static bool is_plain(const char *value)
{
    for (; *value; value++)
        if (*value < ' ' || *value > '~')
            return false;
    return true;
}

static void expect_headers(const struct link_message *message, const char *host_id, const char *caller_id)
{
    static const char *const names[] = { "X-Mesh-Request-Id", "X-Mesh-Stream",     "X-Mesh-Status", "X-Mesh-Source",
                                         "X-Mesh-Stream-Seq", "X-Mesh-Stream-End", "X-Mesh-Usage" };
    const char *subject = link_message_subject(message);
    const char *id = said_header(message, "X-Mesh-Instance-Id");
    bool is_death = strncmp(subject, "mesh.death.", strlen("mesh.death.")) == 0;
    bool is_ours = strcmp(id, host_id) == 0 || strcmp(id, caller_id) == 0;
    if (!expect_true(is_death ? strcmp(id, "(none)") == 0 : is_ours))
        fprintf(stderr, "%s: X-Mesh-Instance-Id is %s\n", subject, id);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        expect_true(is_plain(said_header(message, names[i])));
}

static void all_that_we_say_but_a_death_has_our_instance_id(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *caller = peer_client(NULL);
    struct ear *all = peer_listen(peer, "mesh.>");
    auto_free char *host_id = strdup(mesh_client_instance_id(host));
    auto_free char *caller_id = strdup(mesh_client_instance_id(caller));
    talk(host, caller);
    mourn(peer, caller);
    mesh_client_close(caller);
    mesh_client_close(host);
    int count = 0;
    for (struct link_message message; (message = ear_next(all, 100)).handle; count++) {
        expect_headers(&message, host_id, caller_id);
        link_message_clear(&message);
    }
    expect_true(count >= 24); /* 4 joined, 4 left, 5 died; 5 requests, 4 frames, an echo, 2 failures in 2 places each */
    peer_close(peer);
}

static void every_request_has_an_id_of_its_own(void)
{
    enum { REQUESTS = 20 };
    char ids[REQUESTS][33];
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct ear *requests = peer_listen(peer, "mesh.agent.counted");
    expect_int(serve_text(host, "counted", "1"), MESH_OK);
    for (int i = 0; i < REQUESTS; i++) {
        expect_call(host, "counted", "1");
        struct link_message request = ear_next(requests, 5000);
        const char *id = said_header(&request, "X-Mesh-Request-Id");
        expect_int(strlen(id), 32);
        expect_int(strspn(id, "0123456789abcdef"), 32);
        snprintf(ids[i], sizeof(ids[i]), "%s", id);
        for (int k = 0; k < i; k++)
            expect_true(strcmp(ids[i], ids[k]) != 0);
        link_message_clear(&request);
    }
    mesh_client_close(host);
    peer_close(peer);
}

SUITE(integration_header, STATEMENT("5 6", all_that_we_say_but_a_death_has_our_instance_id),
      STATEMENT("3", every_request_has_an_id_of_its_own))
