/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a bucket: read, written, written if nobody else has, deleted (protocol 2.3). */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "link/grammar.h"

enum {
    PUT_WINDOW = 512, /* writes on their way at a time */
};

/* ---- names ---- */

/* $KV.{bucket}.{key}, to free(). */
static mesh_status key_subject(const char *bucket, const char *key, char **ret_subject, mesh_error *err)
{
    mesh_status status = grammar_check_key(key, err);

    if (status != MESH_OK)
        return status;
    if (asprintf(ret_subject, "$KV.%s.%s", bucket, key) < 0) {
        *ret_subject = NULL;
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for key '%s'", key);
    }
    return MESH_OK;
}

/* ---- reading ---- */

mesh_status nats_key_get(struct link *link, const char *bucket, const char *key, struct buf *value,
                         uint64_t *ret_revision, mesh_error *err)
{
    auto_free char *subject = NULL, *stream = NULL;
    struct stored stored = { 0 };
    mesh_status status = key_subject(bucket, key, &subject, err);

    if (status == MESH_OK && asprintf(&stream, "KV_%s", bucket) < 0)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to read");
    if (status == MESH_OK)
        status = stored_read(link, stream, subject, value, &stored, err);
    if (status == MESH_E_NOT_FOUND)
        mesh_error_set(err, MESH_E_NOT_FOUND, "the key does not exist");
    if (status == MESH_OK && stored.is_marker)
        status = mesh_error_set(err, MESH_E_NOT_FOUND, "the key was deleted");
    if (ret_revision && (status == MESH_OK || status == MESH_E_NOT_FOUND))
        *ret_revision = stored.revision;
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "get '%s' from %s", key, bucket);
}

/* ---- writing ---- */

static mesh_status write_key(struct link *link, const char *bucket, const char *key, mesh_bytes value,
                             const struct header *header, uint64_t *ret_revision, mesh_error *err)
{
    auto_free char *subject = NULL;
    mesh_status status = key_subject(bucket, key, &subject, err);

    if (status != MESH_OK)
        return status;
    struct question question = { .subject = subject, .body = value, .headers = header, .header_count = header ? 1 : 0 };
    return stored_write(link, bucket, &question, ret_revision, err);
}

mesh_status nats_key_put(struct link *link, const char *bucket, const char *key, mesh_bytes value,
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

mesh_status nats_key_update(struct link *link, const char *bucket, const char *key, mesh_bytes value, uint64_t expected,
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

mesh_status nats_key_delete(struct link *link, const char *bucket, const char *key, mesh_error *err)
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
        status = stored_ack(link, bucket, &batch.questions[i], NULL, err);
        if (status != MESH_OK)
            mesh_error_prefix(err, status, "'%s'", pairs[i].key);
    }
    batch_clear(&batch);
    return status;
}

mesh_status nats_keys_put(struct link *link, const char *bucket, const struct link_pair *pairs, size_t count,
                          mesh_error *err)
{
    mesh_status status = MESH_OK;

    for (size_t at = 0; at < count && status == MESH_OK; at += PUT_WINDOW)
        status = put_window(link, bucket, pairs + at, count - at < PUT_WINDOW ? count - at : PUT_WINDOW, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "put %zu keys into %s", count, bucket);
}
