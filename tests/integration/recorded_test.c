/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as the reference was recorded to ask and answer them: ours are the same messages (protocol 5.3 to 5.5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents.h"
#include "golden.h"
#include "recording.h"

/* ---- the agent says what it was recorded to say ---- */

static bool is_of_stream(const struct recording *recording, size_t index)
{
    const char *end = recording_header(recording, index, "X-Mesh-Stream-End");
    return end && strcmp(end, "false") == 0;
}

static mesh_status say_again(mesh_request *request, void *state, mesh_error *err)
{
    struct recording *recording = state;
    size_t at = 1;
    for (; is_of_stream(recording, at); at++) {
        mesh_status status = mesh_request_chunk(request, recording_body(recording, at), err);
        if (status != MESH_OK)
            return status;
    }
    const char *outcome = recording_header(recording, at, "X-Mesh-Status");
    if (!outcome)
        return MESH_OK;
    if (strcmp(outcome, "ok") == 0)
        return mesh_request_answer(request, recording_body(recording, at), err);
    auto_free char *message = string_at(recording_body(recording, at).data, "message");
    return mesh_error_set_text(err, MESH_E_HANDLER_ERROR, message);
}

static void serve_recorded(mesh_client *client, struct recording *recording, const char *name, bool streams)
{
    const mesh_agent agent = { .size = sizeof(agent),
                               .name = name,
                               .description = "For a test.",
                               .input_schema = recording_body(recording, 0).len > 0 ? "{}" : NULL,
                               .call = streams ? NULL : say_again,
                               .stream = streams ? say_again : NULL };
    expect_int(mesh_register(client, &agent, recording, NULL), MESH_OK);
}

/* ---- comparing ---- */

/* All headers of the mesh are as recorded; what is no request's id stands for any other. */
static void expect_headers(struct recording *recording, size_t index, const struct link_message *got, const char *id)
{
    static const char *const names[] = { "X-Mesh-Request-Id", "X-Mesh-Stream", "X-Mesh-Reply-To",
                                         "X-Mesh-Status",     "X-Mesh-Source", "X-Mesh-Stream-Seq",
                                         "X-Mesh-Stream-End", "X-Mesh-Usage",  "X-Mesh-Content-Type",
                                         "X-Mesh-Instance-Id" };
    const char *const recorded_id = recording_header(recording, 0, "X-Mesh-Request-Id");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *expected = recording_header(recording, index, names[i]);
        if (expected && strcmp(names[i], "X-Mesh-Instance-Id") == 0)
            expect_int(strlen(said_header(got, names[i])), strlen(expected));
        else if (expected && strcmp(expected, recorded_id) == 0)
            expect_str(said_header(got, names[i]), id);
        else
            expect_str(said_header(got, names[i]), expected ? expected : "(none)");
    }
}

static void expect_body(struct recording *recording, size_t index, const struct link_message *got)
{
    auto_free char *expected = strdup(recording_body(recording, index).data);
    if (*expected)
        expect_json(said(got), expected);
    else
        expect_str(said(got), "");
}

/* ---- both sides ---- */

static const struct {
    const char *recording;
    bool streams; /* the agent */
} cases[] = {
    { "call-ok", false },      { "call-trigger", false },    { "call-plain", false }, { "call-failed", false },
    { "call-mismatch", true }, { "stream-mismatch", false }, { "stream-ok", true },   { "stream-failed", true },
};

static void requests_are_answered_as_recorded(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct recording *recording = recording_open(cases[i].recording);
        struct peer *peer = peer_open();
        mesh_client *client = peer_client(NULL);
        const char *subject = recording_subject(recording, 0), *name = subject + strlen("mesh.agent.");
        const char *id = recording_header(recording, 0, "X-Mesh-Request-Id");
        bool asks_stream = recording_header(recording, 0, "X-Mesh-Stream") != NULL;
        char letters_subject[80];
        snprintf(letters_subject, sizeof(letters_subject), "mesh.errors.%s", name);
        serve_recorded(client, recording, name, cases[i].streams);
        struct ear *letters = peer_listen(peer, letters_subject);
        struct ear *answers = peer_listen(peer, asks_stream ? recording_subject(recording, 1) : "rec.answers");
        auto_free char *body = strdup(recording_body(recording, 0).data);
        peer_say(peer, subject, asks_stream ? NULL : "rec.answers", body, "X-Mesh-Request-Id", id,
                 asks_stream ? "X-Mesh-Stream" : NULL, "true", NULL);
        for (size_t at = 1; *recording_subject(recording, at); at++) {
            bool is_letter = strcmp(recording_subject(recording, at), letters_subject) == 0;
            struct link_message got = ear_next(is_letter ? letters : answers, 5000);
            expect_headers(recording, at, &got, id);
            expect_body(recording, at, &got);
            link_message_clear(&got);
        }
        struct link_message more = ear_next(answers, 50);
        expect_str(said(&more), "(none)");
        link_message_clear(&more);
        mesh_client_close(client);
        peer_close(peer);
        recording_close(recording);
    }
}

static void requests_are_made_as_recorded(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct recording *recording = recording_open(cases[i].recording);
        struct peer *peer = peer_open();
        mesh_client *client = peer_client(NULL);
        const char *subject = recording_subject(recording, 0), *name = subject + strlen("mesh.agent.");
        struct ear *requests = peer_listen(peer, subject);
        mesh_call_options options = MESH_CALL_OPTIONS_INIT;
        mesh_reply *reply = NULL;
        mesh_stream *stream = NULL;
        options.timeout_ms = 1; /* nobody answers */
        if (recording_header(recording, 0, "X-Mesh-Stream"))
            expect_int(mesh_stream_open(client, name, recording_body(recording, 0), &options, &stream, NULL), MESH_OK);
        else
            expect_int(mesh_call(client, name, recording_body(recording, 0), &options, &reply, NULL), MESH_E_TIMEOUT);
        struct link_message got = ear_next(requests, 5000);
        expect_headers(recording, 0, &got, said_header(&got, "X-Mesh-Request-Id"));
        expect_int(strlen(said_header(&got, "X-Mesh-Request-Id")), 32);
        expect_body(recording, 0, &got);
        link_message_clear(&got);
        mesh_stream_close(stream);
        mesh_reply_free(reply);
        mesh_client_close(client);
        peer_close(peer);
        recording_close(recording);
    }
}

SUITE(integration_recorded, STATEMENT("6 29 35 36 37 39 40", requests_are_answered_as_recorded),
      STATEMENT("5 6", requests_are_made_as_recorded))
