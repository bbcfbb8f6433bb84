/* SPDX-License-Identifier: Apache-2.0 */
/* The meta document of an object: read, written if nobody else has, and what hangs on it forgotten (protocol 2.4). */
#include "link/nats_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { DOCUMENT_MAX = 64 * 1024 * 1024, TRIES = 20 };

char *object_stream(const char *bucket)
{
    char *stream = NULL;

    return asprintf(&stream, "OBJ_%s", bucket) < 0 ? NULL : stream;
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for an object");
}

/* ---- reading ---- */

/* What a foreign document says of its own name may be anything; all that follows from an object goes by its name. */
static mesh_status read_document(mesh_bytes document, const char *name, struct object *ret_object, mesh_error *err)
{
    auto_object struct object object = { 0 };
    mesh_status status = object_read(document, &object, err);

    if (status != MESH_OK)
        return status;
    if (strcmp(object.name, name) != 0)
        return mesh_error_set(err, MESH_E_DATA, "the description that stands there is that of another object");
    *ret_object = object;
    object = (struct object){ 0 };
    return MESH_OK;
}

mesh_status object_stored(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                          uint64_t *ret_revision, mesh_error *err)
{
    auto_free char *stream = object_stream(bucket), *subject = object_meta_subject(bucket, name);
    auto_buf struct buf document;
    struct stored stored = { 0 };

    buf_init(&document, DOCUMENT_MAX);
    if (!stream || !subject)
        return no_memory(err);
    mesh_status status = stored_read(link, stream, subject, &document, &stored, err);
    if (status == MESH_OK)
        status = read_document(buf_bytes(&document), name, ret_object, err);
    if (status == MESH_E_NOT_FOUND)
        mesh_error_set(err, MESH_E_NOT_FOUND, "there is no such object");
    *ret_revision = stored.revision;
    return status;
}

mesh_status nats_object_info(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                             mesh_error *err)
{
    auto_object struct object object = { 0 };
    uint64_t revision = 0;
    mesh_status status = object_stored(link, bucket, name, &object, &revision, err);

    if (status == MESH_OK && object.deleted)
        status = mesh_error_set(err, MESH_E_NOT_FOUND, "the object was deleted");
    if (status != MESH_OK)
        return status;
    *ret_object = object;
    object = (struct object){ 0 };
    return MESH_OK;
}

/* ---- writing ---- */

mesh_status object_store(struct link *link, const char *bucket, const struct object *object, uint64_t revision,
                         bool *ret_open, mesh_error *err)
{
    auto_free char *subject = object_meta_subject(bucket, object->name);
    auto_buf struct buf document;
    char expected[24];
    const struct header headers[] = { { "Nats-Rollup", "sub" }, { HEADER_EXPECTED, expected } };

    *ret_open = false;
    buf_init(&document, DOCUMENT_MAX);
    object_write(&document, bucket, object, OBJECT_CHUNK_SIZE);
    if (!subject || buf_failed(&document))
        return no_memory(err);
    snprintf(expected, sizeof(expected), "%llu", (unsigned long long)revision);
    struct question question = {
        .subject = subject, .headers = headers, .header_count = 2, .body = buf_bytes(&document)
    };
    mesh_status status = stored_write(link, bucket, &question, NULL, err);
    *ret_open = question.status == MESH_E_TIMEOUT || question.status == MESH_E_CONNECTION_FAILED;
    return status;
}

/* ---- forgetting ---- */

static mesh_status read_purged(struct link *link, const char *bucket, const struct question *question, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    int code = 0;
    mesh_status status = api_read(link, question, &tree, &code, err);

    if (status != MESH_OK || code == 0)
        return status;
    return api_stream_is_missing(code) ? bucket_missing(link, bucket, err) : api_refused(question, tree, code, err);
}

mesh_status object_purge(struct link *link, const char *bucket, const char *nuid, mesh_error *err)
{
    auto_free char *chunks = object_chunk_subject(bucket, nuid), *subject = NULL, *body = NULL;

    if (!*nuid) /* else the filter would be that of all objects */
        return MESH_OK;
    if (!chunks || asprintf(&subject, "$JS.API.STREAM.PURGE.OBJ_%s", bucket) < 0 ||
        asprintf(&body, "{\"filter\":\"%s\"}", chunks) < 0)
        return no_memory(err);
    struct question question = { .subject = subject, .body = mesh_text(body) };
    mesh_status status = questions_ask(link, &question, 1, err);
    if (status == MESH_OK)
        status = read_purged(link, bucket, &question, err);
    questions_clear(&question, 1);
    return status;
}

/* ---- deleting ---- */

/* Make a document that of a deleted object, which keeps telling where its chunks were. */
static bool make_marker(struct object *object)
{
    free(object->digest);
    object->digest = strdup("");
    object->size = 0;
    object->chunks = 0;
    object->deleted = true;
    return object->digest != NULL;
}

static mesh_status delete_once(struct link *link, const char *bucket, const char *name, mesh_error *err)
{
    auto_object struct object object = { 0 };
    uint64_t revision = 0;
    bool open = false;
    mesh_status status = object_stored(link, bucket, name, &object, &revision, err);

    if (status == MESH_OK && object.deleted)
        status = mesh_error_set(err, MESH_E_NOT_FOUND, "the object was deleted");
    if (status == MESH_OK && !make_marker(&object))
        status = no_memory(err);
    if (status == MESH_OK)
        status = object_store(link, bucket, &object, revision, &open, err);
    if (status == MESH_OK) /* it is gone, whether or not its chunks are */
        object_purge(link, bucket, object.nuid, NULL);
    return status;
}

mesh_status nats_object_delete(struct link *link, const char *bucket, const char *name, mesh_error *err)
{
    mesh_status status = MESH_E_CONFLICT;

    for (int i = 0; i < TRIES && status == MESH_E_CONFLICT; i++)
        status = delete_once(link, bucket, name, err);
    return status;
}
