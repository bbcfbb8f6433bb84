/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting an object: its chunks under a name of their own, several on their way at a time, then the meta document,
 * which brings it into being; then what was there before is forgotten.
 */
#include "link/nats_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sha256.h"

enum { UPLOAD_WINDOW = 16, TRIES = 20 };

struct upload {
    struct link *link;
    const char *bucket;
    char *subject; /* of the chunks */
    link_object_reader reader;
    link_object_moved moved;
    void *closure;
    const struct link_patience *patience;
    struct object object; /* as it becomes */
    struct sha256 *sha256;
    size_t chunk_size;
    char *chunk;
    struct question window[UPLOAD_WINDOW]; /* a ring of what is on its way */
    uint64_t sent, stored;                 /* chunks */
    uint64_t done;                         /* bytes stored */
};

static void upload_clear(struct upload *upload)
{
    object_clear(&upload->object);
    sha256_free(upload->sha256);
    free(upload->subject);
    free(upload->chunk);
}

static bool upload_init(struct upload *upload, const char *name, const char *description)
{
    char nuid[OBJECT_NUID_SIZE];
    size_t max = link_max_payload(upload->link);

    object_nuid(nuid);
    upload->chunk_size = max < OBJECT_CHUNK_SIZE ? max : OBJECT_CHUNK_SIZE;
    upload->subject = object_chunk_subject(upload->bucket, nuid);
    upload->chunk = malloc(upload->chunk_size);
    upload->sha256 = sha256_new();
    upload->object.name = strdup(name);
    upload->object.nuid = strdup(nuid);
    upload->object.description = strdup(description ? description : "");
    upload->object.digest = malloc(OBJECT_DIGEST_SIZE);
    return upload->subject && upload->chunk && upload->sha256 && upload->object.name && upload->object.nuid &&
           upload->object.description && upload->object.digest;
}

/* ---- chunks ---- */

static mesh_status await_first(struct upload *upload, mesh_error *err)
{
    struct question *question = &upload->window[upload->stored % UPLOAD_WINDOW];
    mesh_status status = question_await(upload->link, question, upload->patience, err);

    if (status == MESH_OK)
        status = stored_ack(upload->link, upload->bucket, question, NULL, err);
    upload->done += question->body.len;
    upload->stored++;
    questions_clear(question, 1);
    if (status == MESH_OK && upload->moved)
        status = upload->moved(upload->closure, upload->done, err);
    return status;
}

static mesh_status send_chunk(struct upload *upload, size_t len, mesh_error *err)
{
    mesh_bytes body = mesh_bytes_of(upload->chunk, len);
    mesh_status status = MESH_OK;

    if (upload->sent - upload->stored == UPLOAD_WINDOW)
        status = await_first(upload, err);
    if (status != MESH_OK)
        return status;
    sha256_add(upload->sha256, body);
    struct question *question = &upload->window[upload->sent % UPLOAD_WINDOW];
    *question = (struct question){ .subject = upload->subject, .body = body };
    status = question_send(upload->link, question, err);
    if (status != MESH_OK)
        return status;
    upload->sent++;
    upload->object.chunks++;
    upload->object.size += len;
    return MESH_OK;
}

/* Read until the chunk is full or nothing more comes. */
static mesh_status fill_chunk(struct upload *upload, size_t *ret_len, mesh_error *err)
{
    size_t got = 1, len = 0;

    while (len < upload->chunk_size && got > 0) {
        got = 0;
        mesh_status status = upload->reader(upload->closure, upload->chunk + len, upload->chunk_size - len, &got, err);
        if (status != MESH_OK)
            return status;
        if (got > upload->chunk_size - len)
            return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "the reader gave %zu bytes where %zu were asked for",
                                  got, upload->chunk_size - len);
        len += got;
    }
    *ret_len = len;
    return MESH_OK;
}

static mesh_status send_chunks(struct upload *upload, mesh_error *err)
{
    mesh_status status = MESH_OK;
    size_t len = upload->chunk_size;

    while (status == MESH_OK && len == upload->chunk_size) {
        status = patience_is_over(upload->patience) ? mesh_error_set(err, MESH_E_STOPPED, "given up while it was sent")
                                                    : fill_chunk(upload, &len, err);
        if (status == MESH_OK && len > 0)
            status = send_chunk(upload, len, err);
    }
    while (status == MESH_OK && upload->stored < upload->sent)
        status = await_first(upload, err);
    for (; upload->stored < upload->sent; upload->stored++) {
        struct question *question = &upload->window[upload->stored % UPLOAD_WINDOW];
        question_drop(upload->link, question, status);
        questions_clear(question, 1);
    }
    return status;
}

static mesh_status finish_digest(struct upload *upload, mesh_error *err)
{
    unsigned char digest[SHA256_SIZE];

    if (!sha256_end(upload->sha256, digest))
        return mesh_error_set(err, MESH_E_SYSTEM, "libcrypto has refused to compute a digest");
    object_digest(upload->object.digest, digest);
    return MESH_OK;
}

/* ---- the meta document ---- */

/* What is there; that it cannot be read is no reason not to replace it. */
static mesh_status look_up(struct upload *upload, struct object *ret_old, uint64_t *ret_revision, mesh_error *err)
{
    mesh_status status = object_stored(upload->link, upload->bucket, upload->object.name, ret_old, ret_revision, err);

    if (status != MESH_E_NOT_FOUND && status != MESH_E_DATA)
        return status;
    mesh_error_clear(err);
    return MESH_OK;
}

/* Whether a document whose writing was not answered has been written. */
static bool has_arrived(struct upload *upload)
{
    auto_object struct object now = { 0 };
    uint64_t revision = 0;

    return look_up(upload, &now, &revision, NULL) == MESH_OK && now.nuid && strcmp(now.nuid, upload->object.nuid) == 0;
}

/*
 * Bring the object into being in the place of the old one. By its revision we know exactly what we replace, and whose
 * chunks are to be forgotten, also when others put under the same name at this moment. *ret_open: it failed, and yet
 * may come into being.
 */
static mesh_status replace(struct upload *upload, struct object *old, uint64_t revision, bool *ret_open,
                           mesh_error *err)
{
    mesh_status status = MESH_E_CONFLICT;

    for (int i = 0; i < TRIES && status == MESH_E_CONFLICT; i++) {
        if (i > 0) {
            object_clear(old);
            status = look_up(upload, old, &revision, err);
            if (status != MESH_OK)
                return status;
        }
        status = object_store(upload->link, upload->bucket, &upload->object, revision, ret_open, err);
    }
    if (*ret_open && has_arrived(upload)) {
        mesh_error_clear(err);
        *ret_open = false;
        return MESH_OK;
    }
    return status;
}

static mesh_status run_upload(struct upload *upload, mesh_error *err)
{
    auto_object struct object old = { 0 };
    uint64_t revision = 0;
    bool open = false;
    mesh_status status = look_up(upload, &old, &revision, err);

    if (status == MESH_OK)
        status = send_chunks(upload, err);
    if (status == MESH_OK)
        status = finish_digest(upload, err);
    if (status == MESH_OK)
        status = replace(upload, &old, revision, &open, err);
    /* What may still come into being keeps its chunks: some that nobody needs are better than an object without. */
    if (status == MESH_OK && old.nuid)
        object_purge(upload->link, upload->bucket, old.nuid, NULL);
    else if (status != MESH_OK && !open && upload->object.chunks > 0)
        object_purge(upload->link, upload->bucket, upload->object.nuid, NULL);
    return status;
}

mesh_status nats_object_put(struct link *link, const char *bucket, const char *name, const char *description,
                            link_object_reader reader, link_object_moved moved, void *closure,
                            const struct link_patience *patience, mesh_error *err)
{
    struct upload upload = {
        .link = link, .bucket = bucket, .reader = reader, .moved = moved, .closure = closure, .patience = patience
    };
    mesh_status status = upload_init(&upload, name, description)
                             ? run_upload(&upload, err)
                             : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for an object");

    upload_clear(&upload);
    return status;
}
