/* SPDX-License-Identifier: Apache-2.0 */
/* Single messages of a stream: the last one on a subject, and one more. */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json.h"

enum {
    NO_MESSAGE_FOUND = 10037,
    WRONG_LAST_SEQUENCE = 10071,
    WRONG_LAST_SEQUENCE_CONSTANT = 10164,
    HEADERS_MAX = 64 * 1024 * 1024,
};

/* ---- reading ---- */

/* Whether the headers of a stored message, as they stand on the wire, make it a delete marker. */
static mesh_status read_marker(const char *encoded, bool *ret_is_marker, mesh_error *err)
{
    auto_buf struct buf headers;

    buf_init(&headers, HEADERS_MAX);
    *ret_is_marker = false;
    if (!encoded || !base64_decode(&headers, encoded))
        return MESH_OK;
    const char *text = buf_text(&headers);
    *ret_is_marker = strstr(text, "\n" HEADER_MARKER ":") || strstr(text, "\n" HEADER_OPERATION ": DEL\r") ||
                     strstr(text, "\n" HEADER_OPERATION ": PURGE\r");
    return buf_error(&headers, err);
}

static mesh_status read_message(const cJSON *message, struct buf *body, struct stored *ret, mesh_error *err)
{
    ret->revision = (uint64_t)json_int(message, "seq", 0);
    mesh_status status = read_marker(json_string(message, "hdrs", NULL), &ret->is_marker, err);
    if (status != MESH_OK || !body || ret->is_marker)
        return status;
    if (!base64_decode(body, json_string(message, "data", "")))
        return mesh_error_set(err, MESH_E_DATA, "the server's answer holds no value");
    return buf_error(body, err);
}

static mesh_status read_answer(struct link *link, const char *stream, const struct question *question, struct buf *body,
                               struct stored *ret, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    int code = 0;
    mesh_status status = api_read(link, question, &tree, &code, err);

    if (status != MESH_OK)
        return status;
    if (code == NO_MESSAGE_FOUND)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "nothing is stored there");
    if (api_stream_is_missing(code))
        return bucket_missing(link, strchr(stream, '_') + 1, err);
    if (code != 0)
        return api_refused(question, tree, code, err);
    return read_message(json_get(tree, "message"), body, ret, err);
}

mesh_status stored_read(struct link *link, const char *stream, const char *subject, struct buf *body,
                        struct stored *ret, mesh_error *err)
{
    auto_free char *api = NULL, *request = NULL;

    if (asprintf(&api, "$JS.API.STREAM.MSG.GET.%s", stream) < 0 ||
        asprintf(&request, "{\"last_by_subj\":\"%s\"}", subject) < 0)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to read");
    struct question question = { .subject = api, .body = mesh_text(request) };
    mesh_status status = questions_ask(link, &question, 1, err);
    if (status == MESH_OK)
        status = read_answer(link, stream, &question, body, ret, err);
    questions_clear(&question, 1);
    return status;
}

/* ---- writing ---- */

mesh_status stored_ack(struct link *link, const char *bucket, const struct question *question, uint64_t *ret_revision,
                       mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    int code = 0;

    if (link_message_is_no_responders(&question->answer))
        return bucket_missing(link, bucket, err);
    mesh_status status = api_read(link, question, &tree, &code, err);
    if (status != MESH_OK)
        return status;
    if (code == WRONG_LAST_SEQUENCE || code == WRONG_LAST_SEQUENCE_CONSTANT)
        return mesh_error_set(err, MESH_E_CONFLICT, "somebody else has written in between");
    if (code != 0)
        return api_refused(question, tree, code, err);
    if (ret_revision)
        *ret_revision = (uint64_t)json_int(tree, "seq", 0);
    return MESH_OK;
}

mesh_status stored_write(struct link *link, const char *bucket, struct question *question, uint64_t *ret_revision,
                         mesh_error *err)
{
    mesh_status status = questions_ask(link, question, 1, err);

    if (status == MESH_OK)
        status = stored_ack(link, bucket, question, ret_revision, err);
    questions_clear(question, 1);
    return status;
}
