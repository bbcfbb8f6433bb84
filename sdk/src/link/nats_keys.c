/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a bucket: read, written, written if nobody else has, deleted (protocol 2.3). */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

#define HEADER_EXPECTED "Nats-Expected-Last-Subject-Sequence"

enum {
    NO_MESSAGE_FOUND = 10037,
    WRONG_LAST_SEQUENCE = 10071,
    WRONG_LAST_SEQUENCE_CONSTANT = 10164,
    VALUE_MAX = 64 * 1024 * 1024,
    PUT_WINDOW = 512, /* writes on their way at a time */
};

/* ---- names ---- */

/* What every SDK takes as a key: no blanks, no wildcards, no empty tokens. */
static bool key_is_valid(const char *key)
{
    size_t len = strlen(key);

    return len > 0 && key[0] != '.' && key[len - 1] != '.' && !strstr(key, "..") &&
           strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/_=.") == len;
}

/* $KV.{bucket}.{key}, to free(). */
static mesh_status key_subject(const char *bucket, const char *key, char **ret_subject, mesh_error *err)
{
    if (!key_is_valid(key))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' is not a key: letters, digits and -/_=. are, without empty parts", key);
    if (asprintf(ret_subject, "$KV.%s.%s", bucket, key) < 0) {
        *ret_subject = NULL;
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for key '%s'", key);
    }
    return MESH_OK;
}

/* ---- reading ---- */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Append what a base64 text stands for. False: it is none. */
static bool base64_decode(struct buf *out, const char *text)
{
    unsigned bits = 0, have = 0;

    for (; *text && *text != '='; text++) {
        int digit = digit_of(*text);
        if (digit < 0)
            return false;
        bits = bits << 6 | (unsigned)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_putc(out, (char)(bits >> have & 0xff));
        }
    }
    return true;
}

/* Whether the headers of a stored message, as they stand on the wire, make it a delete marker. */
static bool is_marker(const char *encoded)
{
    auto_buf struct buf headers;

    buf_init(&headers, VALUE_MAX);
    if (!encoded || !base64_decode(&headers, encoded))
        return false;
    const char *text = buf_text(&headers);
    return strstr(text, "\n" HEADER_MARKER ":") || strstr(text, "\n" HEADER_OPERATION ": DEL\r") ||
           strstr(text, "\n" HEADER_OPERATION ": PURGE\r");
}

static mesh_status read_stored(const cJSON *message, struct buf *value, uint64_t *ret_revision, mesh_error *err)
{
    *ret_revision = (uint64_t)json_int(message, "seq", 0);
    if (is_marker(json_string(message, "hdrs", NULL)))
        return mesh_error_set(err, MESH_E_NOT_FOUND, "the key was deleted");
    if (value && !base64_decode(value, json_string(message, "data", "")))
        return mesh_error_set(err, MESH_E_DATA, "the server's answer holds no value");
    return value ? buf_error(value, err) : MESH_OK;
}

static mesh_status read_get(struct link *link, const char *bucket, const struct question *question, struct buf *value,
                            uint64_t *ret_revision, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    int code = 0;
    mesh_status status = api_read(link, question, &tree, &code, err);

    if (status != MESH_OK)
        return status;
    if (code == NO_MESSAGE_FOUND)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "the key does not exist");
    if (api_stream_is_missing(code))
        return bucket_missing(link, bucket, err);
    if (code != 0)
        return api_refused(question, tree, code, err);
    return read_stored(json_get(tree, "message"), value, ret_revision, err);
}

mesh_status link_key_get(struct link *link, const char *bucket, const char *key, struct buf *value,
                         uint64_t *ret_revision, mesh_error *err)
{
    auto_free char *subject = NULL, *api = NULL, *body = NULL;
    uint64_t revision = 0;
    mesh_status status = key_subject(bucket, key, &subject, err);

    if (status == MESH_OK && (asprintf(&api, "$JS.API.STREAM.MSG.GET.KV_%s", bucket) < 0 ||
                              asprintf(&body, "{\"last_by_subj\":\"%s\"}", subject) < 0))
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to read");
    if (status == MESH_OK) {
        struct question question = { .subject = api, .body = mesh_text(body) };
        status = questions_ask(link, &question, 1, err);
        if (status == MESH_OK)
            status = read_get(link, bucket, &question, value, &revision, err);
        questions_clear(&question, 1);
    }
    if (ret_revision && (status == MESH_OK || status == MESH_E_NOT_FOUND))
        *ret_revision = revision;
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "get '%s' from %s", key, bucket);
}

/* ---- writing ---- */

static mesh_status read_ack(struct link *link, const char *bucket, const struct question *question,
                            uint64_t *ret_revision, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    int code = 0;

    if (link_message_is_no_responders(&question->answer))
        return bucket_missing(link, bucket, err);
    mesh_status status = api_read(link, question, &tree, &code, err);
    if (status != MESH_OK)
        return status;
    if (code == WRONG_LAST_SEQUENCE || code == WRONG_LAST_SEQUENCE_CONSTANT)
        return mesh_error_set(err, MESH_E_CONFLICT, "somebody else has written the key");
    if (code != 0)
        return api_refused(question, tree, code, err);
    if (ret_revision)
        *ret_revision = (uint64_t)json_int(tree, "seq", 0);
    return MESH_OK;
}

static mesh_status write_key(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                             const struct header *header, uint64_t *ret_revision, mesh_error *err)
{
    auto_free char *subject = NULL;
    mesh_status status = key_subject(bucket, key, &subject, err);

    if (status != MESH_OK)
        return status;
    struct question question = { .subject = subject, .body = value, .headers = header, .header_count = header ? 1 : 0 };
    status = questions_ask(link, &question, 1, err);
    if (status == MESH_OK)
        status = read_ack(link, bucket, &question, ret_revision, err);
    questions_clear(&question, 1);
    return status;
}

mesh_status link_key_put(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                         uint64_t *ret_revision, mesh_error *err)
{
    mesh_status status = write_key(link, bucket, key, value, NULL, ret_revision, err);

    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "put '%s' into %s", key, bucket);
}

static mesh_status write_if_last(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                                 uint64_t expected, uint64_t *ret_revision, mesh_error *err)
{
    char number[24];
    struct header header = { HEADER_EXPECTED, number };

    snprintf(number, sizeof(number), "%llu", (unsigned long long)expected);
    return write_key(link, bucket, key, value, &header, ret_revision, err);
}

mesh_status link_key_update(struct link *link, const char *bucket, const char *key, mesh_bytes value, uint64_t expected,
                            uint64_t *ret_revision, mesh_error *err)
{
    mesh_status status = write_if_last(link, bucket, key, value, expected, ret_revision, err);
    uint64_t marker = 0;

    if (status == MESH_E_CONFLICT && expected == 0 &&
        link_key_get(link, bucket, key, NULL, &marker, NULL) == MESH_E_NOT_FOUND) {
        mesh_error_clear(err);
        status = write_if_last(link, bucket, key, value, marker, ret_revision, err);
    }
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "update '%s' in %s", key, bucket);
}

mesh_status link_key_delete(struct link *link, const char *bucket, const char *key, mesh_error *err)
{
    static const struct header operation = { HEADER_OPERATION, "DEL" };
    mesh_status status = write_key(link, bucket, key, mesh_text(NULL), &operation, NULL, err);

    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "delete '%s' from %s", key, bucket);
}

/* ---- writing many ---- */

struct batch {
    struct question *questions;
    char **subjects;
    size_t count;
};

static void batch_clear(struct batch *batch)
{
    if (batch->questions)
        questions_clear(batch->questions, batch->count);
    for (size_t i = 0; batch->subjects && i < batch->count; i++)
        free(batch->subjects[i]);
    free(batch->questions);
    free(batch->subjects);
}

static mesh_status batch_fill(struct batch *batch, const char *bucket, const struct link_pair *pairs, size_t count,
                              mesh_error *err)
{
    mesh_status status = MESH_OK;

    batch->questions = calloc(count, sizeof(*batch->questions));
    batch->subjects = calloc(count, sizeof(*batch->subjects));
    batch->count = count;
    if (!batch->questions || !batch->subjects)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to write %zu keys", count);
    for (size_t i = 0; i < count && status == MESH_OK; i++) {
        status = key_subject(bucket, pairs[i].key, &batch->subjects[i], err);
        batch->questions[i].subject = batch->subjects[i];
        batch->questions[i].body = pairs[i].value;
    }
    return status;
}

static mesh_status put_window(struct link *link, const char *bucket, const struct link_pair *pairs, size_t count,
                              mesh_error *err)
{
    struct batch batch = { 0 };
    mesh_status status = batch_fill(&batch, bucket, pairs, count, err);

    if (status == MESH_OK)
        status = questions_ask(link, batch.questions, count, err);
    for (size_t i = 0; i < count && status == MESH_OK; i++) {
        status = read_ack(link, bucket, &batch.questions[i], NULL, err);
        if (status != MESH_OK)
            mesh_error_prefix(err, status, "'%s'", pairs[i].key);
    }
    batch_clear(&batch);
    return status;
}

mesh_status link_keys_put(struct link *link, const char *bucket, const struct link_pair *pairs, size_t count,
                          mesh_error *err)
{
    mesh_status status = MESH_OK;

    for (size_t at = 0; at < count && status == MESH_OK; at += PUT_WINDOW)
        status = put_window(link, bucket, pairs + at, count - at < PUT_WINDOW ? count - at : PUT_WINDOW, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "put %zu keys into %s", count, bucket);
}
