/* SPDX-License-Identifier: Apache-2.0 */
/* Reading objects: the content of one, checked against its description; the descriptions of all. */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sha256.h"

/* ---- the content of one ---- */

struct download {
    struct link *link;
    const struct object *object;
    link_object_writer writer;
    void *closure;
    struct sha256 *sha256;
    uint64_t got;
};

static mesh_status take_chunk(struct download *download, const struct link_message *message, mesh_error *err)
{
    mesh_bytes bytes = link_message_body(message);

    download->got += bytes.len;
    if (download->got > download->object->size)
        return mesh_error_set(err, MESH_E_DATA, "there are more bytes than the %llu of its description",
                              (unsigned long long)download->object->size);
    sha256_add(download->sha256, bytes);
    return download->writer(download->closure, bytes, err);
}

static mesh_status take_chunks(struct download *download, struct fetch *fetch, mesh_error *err)
{
    struct link_message message = { NULL };
    mesh_status status;

    while ((status = fetch_next(fetch, &message, err)) == MESH_OK) {
        status = take_chunk(download, &message, err);
        link_message_clear(&message);
        if (status != MESH_OK)
            return status;
    }
    return status == MESH_E_END ? MESH_OK : status;
}

static mesh_status download_chunks(struct download *download, const char *bucket, const struct link_patience *patience,
                                   mesh_error *err)
{
    auto_free char *stream = object_stream(bucket), *filter = object_chunk_subject(bucket, download->object->nuid);
    struct fetch *fetch = NULL;

    if (!stream || !filter)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to read an object");
    if (!*download->object->nuid)
        return mesh_error_set(err, MESH_E_DATA, "its description does not tell where its content is");
    mesh_status status = fetch_open(download->link, stream, filter, patience, &fetch, err);
    if (status == MESH_OK)
        status = take_chunks(download, fetch, err);
    fetch_close(fetch);
    return status;
}

static mesh_status check_content(const struct download *download, mesh_error *err)
{
    unsigned char digest[SHA256_SIZE];

    if (download->got != download->object->size)
        return mesh_error_set(err, MESH_E_DATA, "%llu bytes are stored, and %llu are described",
                              (unsigned long long)download->got, (unsigned long long)download->object->size);
    if (!sha256_end(download->sha256, digest))
        return mesh_error_set(err, MESH_E_SYSTEM, "libcrypto has refused to compute a digest");
    if (!object_digest_is(download->object->digest, digest))
        return mesh_error_set(err, MESH_E_DATA, "its content does not have the digest '%s' of its description",
                              download->object->digest);
    return MESH_OK;
}

/* What is not as described may have been replaced or deleted while it was read. */
static mesh_status find_reason(struct link *link, const char *bucket, const struct object *object, mesh_error *err)
{
    auto_object struct object now = { 0 };
    uint64_t revision = 0;
    mesh_status status = object_stored(link, bucket, object->name, &now, &revision, NULL);

    if (status == MESH_E_NOT_FOUND || (status == MESH_OK && now.deleted))
        return mesh_error_set(err, MESH_E_NOT_FOUND, "the object was deleted while it was read");
    if (status == MESH_OK && strcmp(now.nuid, object->nuid) != 0)
        return mesh_error_set(err, MESH_E_CONFLICT, "the object was replaced while it was read: read it again");
    return MESH_E_DATA;
}

mesh_status nats_object_read(struct link *link, const char *bucket, const struct object *object,
                             link_object_writer writer, void *closure, const struct link_patience *patience,
                             mesh_error *err)
{
    auto_sha256 struct sha256 *sha256 = sha256_new();
    struct download download = {
        .link = link, .object = object, .writer = writer, .closure = closure, .sha256 = sha256
    };
    mesh_status status = MESH_OK;

    if (!sha256)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to read an object");
    if (object->size > 0)
        status = download_chunks(&download, bucket, patience, err);
    if (status == MESH_OK)
        status = check_content(&download, err);
    return status == MESH_E_DATA ? find_reason(link, bucket, object, err) : status;
}

/* ---- the descriptions of all ---- */

/* Whether the document stands where its name leads to. */
static bool is_in_place(const struct link_message *message, const char *bucket, const struct object *object)
{
    auto_free char *subject = object_name_is_valid(object->name) ? object_meta_subject(bucket, object->name) : NULL;

    return subject && strcmp(subject, link_message_subject(message)) == 0;
}

static mesh_status tell_document(const struct link_message *message, const char *bucket, link_object_callback callback,
                                 void *closure, mesh_error *err)
{
    auto_object struct object object = { 0 };
    mesh_status status = object_read(link_message_body(message), &object, err);

    if (status == MESH_OK && is_in_place(message, bucket, &object))
        return callback(closure, &object, err);
    if (status != MESH_E_DATA)
        return status;
    mesh_error_clear(err);
    return MESH_OK;
}

mesh_status nats_objects_each(struct link *link, const char *bucket, link_object_callback callback, void *closure,
                              const struct link_patience *patience, mesh_error *err)
{
    auto_free char *stream = object_stream(bucket), *filter = NULL;
    struct link_message message = { NULL };
    struct fetch *fetch = NULL;

    if (!stream || asprintf(&filter, "$O.%s.M.>", bucket) < 0)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to list objects");
    mesh_status status = fetch_open(link, stream, filter, patience, &fetch, err);
    while (status == MESH_OK && (status = fetch_next(fetch, &message, err)) == MESH_OK) {
        status = tell_document(&message, bucket, callback, closure, err);
        link_message_clear(&message);
    }
    fetch_close(fetch);
    return status == MESH_E_END ? MESH_OK : status;
}
