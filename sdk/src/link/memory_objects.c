/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in memory: the same meta documents as on a server, and the content in one piece (protocol 2.4). */
#include "link/memory_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BUCKET "mesh-artifacts"

/* Whoever reads it holds it, however often the object is replaced meanwhile. */
struct content {
    atomic_size_t users;
    struct buf bytes;
};

struct stored {
    struct memory_message *document; /* its subject is the object's name */
    struct content *content;         /* NULL: deleted */
    char nuid[OBJECT_NUID_SIZE];
};

static void content_put(struct content *content)
{
    if (!content || atomic_fetch_sub(&content->users, 1) > 1)
        return;
    buf_clear(&content->bytes);
    free(content);
}

static void cleanup_content(struct content **slot)
{
    content_put(*slot);
}

#define auto_content __attribute__((cleanup(cleanup_content)))

static struct content *content_new(void)
{
    struct content *content = malloc(sizeof(*content));

    if (content) {
        atomic_init(&content->users, 1);
        buf_init(&content->bytes, SIZE_MAX / 2);
    }
    return content;
}

static void stored_free(void *value)
{
    struct stored *stored = value;

    if (!stored)
        return;
    memory_message_free(stored->document);
    content_put(stored->content);
    free(stored);
}

static void cleanup_stored(struct stored **slot)
{
    stored_free(*slot);
}

#define auto_stored __attribute__((cleanup(cleanup_stored)))

void memory_objects_clear(struct memory_bus *bus)
{
    map_clear(&bus->objects, stored_free);
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for an object");
}

static mesh_status check_bucket(const char *bucket, mesh_error *err)
{
    if (strcmp(bucket, BUCKET) != 0)
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "bucket '%s' does not exist on a bus in memory", bucket);
    return MESH_OK;
}

static mesh_status check_patience(const struct link_patience *patience, mesh_error *err)
{
    if (patience->given_up && patience->given_up(patience->closure))
        return mesh_error_set(err, MESH_E_STOPPED, "given up while it was moved");
    return MESH_OK;
}

/* ---- descriptions ---- */

/* What is to be stored of an object as it is described. NULL: no memory. */
static struct stored *stored_new(const struct object *object, struct content *content)
{
    struct stored *stored = calloc(1, sizeof(*stored));
    auto_buf struct buf document;

    buf_init(&document, SIZE_MAX / 2);
    object_write(&document, BUCKET, object, OBJECT_CHUNK_SIZE);
    if (stored && !buf_failed(&document)) {
        const struct link_outgoing message = { .subject = object->name, .body = buf_bytes(&document) };
        stored->document = memory_message_new(&message);
    }
    if (!stored || !stored->document) {
        free(stored);
        return NULL;
    }
    strncpy(stored->nuid, object->nuid, sizeof(stored->nuid) - 1);
    if (content)
        atomic_fetch_add(&content->users, 1);
    stored->content = content;
    return stored;
}

/* Put it in the place of what is there. It is taken. */
static mesh_status store(struct link *link, struct stored *stored, mesh_error *err)
{
    struct memory_bus *bus = link->bus;
    const char *name = stored->document->subject;

    pthread_mutex_lock(&bus->lock);
    struct stored *before = map_get(&bus->objects, name);
    bool ok = map_put(&bus->objects, name, stored);
    pthread_mutex_unlock(&bus->lock);
    stored_free(ok ? before : stored);
    return ok ? MESH_OK : no_memory(err);
}

/* What is stored under a name, copied. */
static mesh_status find(struct link *link, const char *name, struct stored **ret_stored, mesh_error *err)
{
    struct memory_bus *bus = link->bus;
    auto_stored struct stored *copy = calloc(1, sizeof(*copy));

    if (!copy)
        return no_memory(err);
    pthread_mutex_lock(&bus->lock);
    const struct stored *stored = map_get(&bus->objects, name);
    bool is_there = stored != NULL;
    if (is_there) {
        *copy = *stored;
        copy->document = memory_message_copy(stored->document);
        if (copy->content)
            atomic_fetch_add(&copy->content->users, 1);
    }
    pthread_mutex_unlock(&bus->lock);
    if (!is_there)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "there is no such object");
    if (!copy->document)
        return no_memory(err);
    if (!copy->content)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "the object was deleted");
    *ret_stored = take(&copy);
    return MESH_OK;
}

mesh_status memory_object_info(struct link *link, const char *bucket, const char *name, struct object *ret_object,
                               mesh_error *err)
{
    auto_stored struct stored *stored = NULL;
    mesh_status status = check_bucket(bucket, err);

    if (status == MESH_OK)
        status = find(link, name, &stored, err);
    return status == MESH_OK ? object_read(stored->document->body, ret_object, err) : status;
}

/* ---- content ---- */

/* An object that comes in. */
struct upload {
    link_object_reader reader;
    link_object_moved moved;
    void *closure;
    const struct link_patience *patience;
    struct content *content;
    char *chunk;
};

/* The next bytes; *ret_len 0: that was all. */
static mesh_status take_in(const struct upload *upload, size_t *ret_len, mesh_error *err)
{
    mesh_status status = check_patience(upload->patience, err);

    if (status == MESH_OK)
        status = upload->reader(upload->closure, upload->chunk, OBJECT_CHUNK_SIZE, ret_len, err);
    if (status != MESH_OK)
        return status;
    if (*ret_len > OBJECT_CHUNK_SIZE)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "the reader gave %zu bytes where %d were asked for",
                              *ret_len, OBJECT_CHUNK_SIZE);
    struct buf *bytes = &upload->content->bytes;
    buf_append(bytes, upload->chunk, *ret_len);
    if (buf_failed(bytes))
        return no_memory(err);
    return *ret_len > 0 && upload->moved ? upload->moved(upload->closure, bytes->len, err) : MESH_OK;
}

static mesh_status take_all(const struct upload *upload, mesh_error *err)
{
    size_t len = 1;
    mesh_status status = MESH_OK;

    while (status == MESH_OK && len > 0) {
        len = 0;
        status = take_in(upload, &len, err);
    }
    return status;
}

static mesh_status digest_of(const struct content *content, char text[OBJECT_DIGEST_SIZE], mesh_error *err)
{
    auto_sha256 struct sha256 *sha256 = sha256_new();
    unsigned char digest[SHA256_SIZE];

    if (!sha256)
        return no_memory(err);
    sha256_add(sha256, buf_bytes(&content->bytes));
    if (!sha256_end(sha256, digest))
        return mesh_error_set(err, MESH_E_SYSTEM, "libcrypto has refused to compute a digest");
    object_digest(text, digest);
    return MESH_OK;
}

/* The strings are lent for the writing of the document alone, hence the casts. */
static mesh_status describe(struct link *link, const char *name, const char *description, struct content *content,
                            mesh_error *err)
{
    char digest[OBJECT_DIGEST_SIZE], nuid[OBJECT_NUID_SIZE], none[] = "";
    mesh_status status = digest_of(content, digest, err);

    if (status != MESH_OK)
        return status;
    object_nuid(nuid);
    const struct object object = { .name = (char *)name,
                                   .nuid = nuid,
                                   .digest = digest,
                                   .modified = none,
                                   .description = description ? (char *)description : none,
                                   .link_bucket = none,
                                   .link_name = none,
                                   .size = content->bytes.len,
                                   .chunks = (content->bytes.len + OBJECT_CHUNK_SIZE - 1) / OBJECT_CHUNK_SIZE };
    struct stored *stored = stored_new(&object, content);
    return stored ? store(link, stored, err) : no_memory(err);
}

mesh_status memory_object_put(struct link *link, const char *bucket, const char *name, const char *description,
                              link_object_reader reader, link_object_moved moved, void *closure,
                              const struct link_patience *patience, mesh_error *err)
{
    auto_content struct content *content = content_new();
    auto_free char *chunk = malloc(OBJECT_CHUNK_SIZE);
    const struct upload upload = { reader, moved, closure, patience, content, chunk };
    mesh_status status = check_bucket(bucket, err);

    if (status == MESH_OK && (!content || !chunk))
        status = no_memory(err);
    if (status == MESH_OK)
        status = take_all(&upload, err);
    return status == MESH_OK ? describe(link, name, description, content, err) : status;
}

static mesh_status tell_content(const struct content *content, link_object_writer writer, void *closure,
                                const struct link_patience *patience, mesh_error *err)
{
    mesh_bytes bytes = buf_bytes(&content->bytes);
    mesh_status status = MESH_OK;

    for (size_t at = 0; at < bytes.len && status == MESH_OK; at += OBJECT_CHUNK_SIZE) {
        size_t left = bytes.len - at;
        status = check_patience(patience, err);
        if (status == MESH_OK)
            status = writer(closure,
                            mesh_bytes_of(bytes.data + at, left < OBJECT_CHUNK_SIZE ? left : OBJECT_CHUNK_SIZE), err);
    }
    return status;
}

/* What stands under the object's name, if it is still this one. */
static mesh_status find_same(struct link *link, const struct object *object, struct stored **ret_stored,
                             mesh_error *err)
{
    auto_stored struct stored *stored = NULL;
    mesh_status status = find(link, object->name, &stored, err);

    if (status == MESH_OK && strcmp(stored->nuid, object->nuid) != 0)
        status = mesh_error_set(err, MESH_E_CONFLICT, "the object was replaced while it was read: read it again");
    if (status == MESH_OK)
        *ret_stored = take(&stored);
    return status;
}

/* It is looked for afterwards too: over a server the rest of what was replaced meanwhile could not be read. */
mesh_status memory_object_read(struct link *link, const char *bucket, const struct object *object,
                               link_object_writer writer, void *closure, const struct link_patience *patience,
                               mesh_error *err)
{
    auto_stored struct stored *stored = NULL, *after = NULL;
    mesh_status status = check_bucket(bucket, err);

    if (status == MESH_OK)
        status = find_same(link, object, &stored, err);
    if (status == MESH_OK)
        status = tell_content(stored->content, writer, closure, patience, err);
    return status == MESH_OK ? find_same(link, object, &after, err) : status;
}

/* ---- deleting and listing ---- */

mesh_status memory_object_delete(struct link *link, const char *bucket, const char *name, mesh_error *err)
{
    auto_object struct object object = { 0 };
    mesh_status status = memory_object_info(link, bucket, name, &object, err);

    if (status != MESH_OK)
        return status;
    object.digest[0] = '\0';
    object.size = 0;
    object.chunks = 0;
    object.deleted = true;
    struct stored *marker = stored_new(&object, NULL);
    return marker ? store(link, marker, err) : no_memory(err);
}

/* Copies of all descriptions, in a queue. False: no memory for all of them. */
static bool gather(struct memory_bus *bus, struct memory_message **ret_first)
{
    const char *name;
    void *value;
    bool ok = true;

    *ret_first = NULL;
    pthread_mutex_lock(&bus->lock);
    for (size_t at = 0; ok && map_next(&bus->objects, &at, &name, &value);) {
        struct memory_message *copy = memory_message_copy(((const struct stored *)value)->document);
        ok = copy != NULL;
        if (copy) {
            copy->next = *ret_first;
            *ret_first = copy;
        }
    }
    pthread_mutex_unlock(&bus->lock);
    return ok;
}

static mesh_status tell(const struct memory_message *document, link_object_callback callback, void *closure,
                        const struct link_patience *patience, mesh_error *err)
{
    auto_object struct object object = { 0 };
    mesh_status status = check_patience(patience, err);

    if (status == MESH_OK)
        status = object_read(document->body, &object, err);
    return status == MESH_OK ? callback(closure, &object, err) : status;
}

mesh_status memory_objects_each(struct link *link, const char *bucket, link_object_callback callback, void *closure,
                                const struct link_patience *patience, mesh_error *err)
{
    struct memory_message *next, *first = NULL;
    mesh_status status = check_bucket(bucket, err);

    if (status == MESH_OK && !gather(link->bus, &first))
        status = no_memory(err);
    for (struct memory_message *document = first; document; document = next) {
        if (status == MESH_OK)
            status = tell(document, callback, closure, patience, err);
        next = document->next;
        memory_message_free(document);
    }
    return status;
}
