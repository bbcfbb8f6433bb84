/* SPDX-License-Identifier: Apache-2.0 */
#include "recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"

enum { HEADERS_MAX = 16, ID_LEN = 32 };

struct recording {
    cJSON *messages;
    char body[4096];
};

struct recording *recording_open(const char *name)
{
    struct recording *recording = calloc(1, sizeof(*recording));
    char path[128];
    snprintf(path, sizeof(path), "message/%s.json", name);
    auto_free char *text = golden(path);
    if (json_parse(mesh_text(text), &recording->messages, NULL) != MESH_OK) {
        fprintf(stderr, "%s: not JSON\n", path);
        exit(1);
    }
    return recording;
}

struct recording *recording_close(struct recording *recording)
{
    cJSON_Delete(recording->messages);
    free(recording);
    return NULL;
}

static const cJSON *message_at(const struct recording *recording, size_t index)
{
    return cJSON_GetArrayItem(recording->messages, (int)index);
}

const char *recording_subject(const struct recording *recording, size_t index)
{
    return json_string(message_at(recording, index), "subject", "");
}

const char *recording_header(const struct recording *recording, size_t index, const char *name)
{
    return json_string(json_get(message_at(recording, index), "headers"), name, NULL);
}

/* Whole groups of four, with = at the end. */
static size_t read_base64(const char *text, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = 0;
    for (; strlen(text) >= 4; text += 4) {
        unsigned bits = 0;
        size_t bytes = text[3] != '=' ? 3 : text[2] != '=' ? 2 : 1;
        for (int i = 0; i < 4; i++)
            bits = bits << 6 | (text[i] == '=' ? 0 : (unsigned)(strchr(digits, text[i]) - digits));
        for (size_t i = 0; i < bytes; i++)
            out[len++] = (char)(bits >> (16 - 8 * i));
    }
    return len;
}

mesh_bytes recording_body(struct recording *recording, size_t index)
{
    const cJSON *message = message_at(recording, index);
    const char *base64 = json_string(message, "body_base64", NULL);
    if (base64)
        return mesh_bytes_of(recording->body, read_base64(base64, recording->body));
    return mesh_text(json_string(message, "body", ""));
}

/* ---- comparing ---- */

static bool is_id(const char *text)
{
    return strlen(text) == ID_LEN && strspn(text, "0123456789abcdef") == ID_LEN;
}

/* The part that is not an id: "mesh.results.". */
static size_t len_without_id(const char *text)
{
    const char *dot = strrchr(text, '.');
    const char *tail = dot ? dot + 1 : text;
    return is_id(tail) ? (size_t)(tail - text) : strlen(text);
}

/* Ids stand for each other. */
static void expect_alike(const char *got, const char *expected)
{
    if (!got || !expected || len_without_id(got) != len_without_id(expected) ||
        strncmp(got, expected, len_without_id(expected)) != 0)
        expect_str(got, expected);
    else
        expect_int(is_id(got + len_without_id(got)), is_id(expected + len_without_id(expected)));
}

void recording_expect(struct recording *recording, size_t index, const struct link_message *got)
{
    static const char *const known[] = { "X-Mesh-Request-Id",  "X-Mesh-Instance-Id", "X-Mesh-Stream",
                                         "X-Mesh-Reply-To",    "X-Mesh-Status",      "X-Mesh-Source",
                                         "X-Mesh-Stream-Seq",  "X-Mesh-Stream-End",  "X-Mesh-Usage",
                                         "X-Mesh-Content-Type" };
    const cJSON *message = message_at(recording, index);
    if (!expect_true(got->handle != NULL))
        return;
    expect_alike(link_message_subject(got), json_string(message, "subject", ""));
    expect_alike(link_message_reply(got), json_string(message, "reply", NULL));
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        expect_alike(link_message_header(got, known[i]), recording_header(recording, index, known[i]));
    for (const cJSON *header = json_get(message, "headers")->child; header; header = header->next)
        expect_alike(link_message_header(got, header->string), header->valuestring);
    mesh_bytes body = link_message_body(got), expected = recording_body(recording, index);
    expect_true(body.len == expected.len && (body.len == 0 || memcmp(body.data, expected.data, body.len) == 0));
}

void recording_say(struct recording *recording, size_t index, struct peer *peer, const char *subject)
{
    struct header headers[HEADERS_MAX];
    size_t count = 0;
    for (const cJSON *header = json_get(message_at(recording, index), "headers")->child; header; header = header->next)
        headers[count++] = (struct header){ header->string, header->valuestring };
    const struct link_outgoing message = { .subject = subject ? subject : recording_subject(recording, index),
                                           .headers = headers,
                                           .header_count = count,
                                           .body = recording_body(recording, index) };
    expect_int(link_publish(peer_link(peer), &message, NULL), MESH_OK);
    expect_int(link_flush(peer_link(peer), 5000, NULL), MESH_OK);
}
