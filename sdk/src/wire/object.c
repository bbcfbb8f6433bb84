/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/object.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/utf8.h"

enum { NUID_MAX = 128, DIGEST_PREFIX = 8, DIGEST_PADDING = OBJECT_DIGEST_SIZE - 2 };

void object_clear(struct object *object)
{
    char *owned[] = { object->name,        object->nuid,        object->digest,   object->modified,
                      object->description, object->link_bucket, object->link_name };

    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        free(owned[i]);
    *object = (struct object){ 0 };
}

/* ---- reading ---- */

/* A token of a subject that is no wildcard: what somebody else has written ends in a purge of ours. */
static bool nuid_is_valid(const char *nuid)
{
    size_t len = strlen(nuid);

    return len <= NUID_MAX && strspn(nuid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

static uint64_t count_of(const cJSON *tree, const char *name)
{
    int64_t count = json_int(tree, name, 0);

    return count > 0 ? (uint64_t)count : 0;
}

static bool copy_texts(const cJSON *tree, struct object *object)
{
    const cJSON *link = json_get(json_get(tree, "options"), "link");
    const char *nuid = json_string(tree, "nuid", "");

    object->name = strdup(json_string(tree, "name", ""));
    object->nuid = strdup(nuid_is_valid(nuid) ? nuid : "");
    object->digest = strdup(json_string(tree, "digest", ""));
    object->modified = strdup(json_string(tree, "mtime", ""));
    object->description = strdup(json_string(tree, "description", ""));
    object->link_bucket = strdup(json_string(link, "bucket", ""));
    object->link_name = strdup(json_string(link, "name", ""));
    return object->name && object->nuid && object->digest && object->modified && object->description &&
           object->link_bucket && object->link_name;
}

mesh_status object_read(mesh_bytes document, struct object *ret_object, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    auto_object struct object object = { 0 };
    mesh_status status = json_parse(document, &tree, err);

    if (status == MESH_E_INVALID_JSON)
        return mesh_error_prefix(err, MESH_E_DATA, "the description of the object is not JSON");
    if (status != MESH_OK)
        return status;
    if (!copy_texts(tree, &object))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the description of an object");
    if (!*object.name)
        return mesh_error_set(err, MESH_E_DATA, "the description of the object tells no name");
    object.size = count_of(tree, "size");
    object.chunks = count_of(tree, "chunks");
    object.deleted = json_bool(tree, "deleted", false);
    *ret_object = object;
    object = (struct object){ 0 };
    return MESH_OK;
}

/* ---- writing ---- */

void object_write(struct buf *out, const char *bucket, const struct object *object, uint64_t chunk_size)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(stamp);
    json_put_string(out, "{\"name\":", object->name);
    if (object->description && *object->description)
        json_put_string(out, ",\"description\":", object->description);
    json_put_string(out, ",\"bucket\":", bucket);
    json_put_string(out, ",\"nuid\":", object->nuid);
    buf_printf(out, ",\"size\":%llu", (unsigned long long)object->size);
    json_put_string(out, ",\"mtime\":", stamp);
    buf_printf(out, ",\"chunks\":%llu", (unsigned long long)object->chunks);
    json_put_string(out, ",\"digest\":", object->digest);
    buf_printf(out, ",\"deleted\":%s,\"options\":{\"max_chunk_size\":%llu}}", object->deleted ? "true" : "false",
               (unsigned long long)chunk_size);
}

/* ---- what follows ---- */

bool object_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= OBJECT_NAME_MAX && utf8_is_valid(name, len);
}

char *object_meta_subject(const char *bucket, const char *name)
{
    char encoded[BASE64_SIZE(OBJECT_NAME_MAX)];
    char *subject = NULL;

    base64url_encode(encoded, mesh_text(name));
    return asprintf(&subject, "$O.%s.M.%s", bucket, encoded) < 0 ? NULL : subject;
}

char *object_chunk_subject(const char *bucket, const char *nuid)
{
    char *subject = NULL;

    return asprintf(&subject, "$O.%s.C.%s", bucket, nuid) < 0 ? NULL : subject;
}

void object_nuid(char nuid[OBJECT_NUID_SIZE])
{
    char id[ID_SIZE];

    id_new(id);
    snprintf(nuid, OBJECT_NUID_SIZE, "%.22s", id);
}

void object_digest(char text[OBJECT_DIGEST_SIZE], const unsigned char digest[SHA256_SIZE])
{
    memcpy(text, "SHA-256=", DIGEST_PREFIX);
    base64url_encode(text + DIGEST_PREFIX, mesh_bytes_of(digest, SHA256_SIZE));
}

bool object_digest_is(const char *text, const unsigned char digest[SHA256_SIZE])
{
    char expected[OBJECT_DIGEST_SIZE];

    object_digest(expected, digest);
    return strncasecmp(text, expected, DIGEST_PREFIX) == 0 &&
           strncmp(text + DIGEST_PREFIX, expected + DIGEST_PREFIX, DIGEST_PADDING - DIGEST_PREFIX) == 0 &&
           (text[DIGEST_PADDING] == '\0' || strcmp(text + DIGEST_PADDING, "=") == 0);
}
