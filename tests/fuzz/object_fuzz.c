/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the meta document of an object: what is read is written, and is then read as the same. */
#include "wire/object.h"

#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "fuzz.h"

static void write_again(const struct object *object)
{
    auto_object struct object again = { 0 };
    auto_buf struct buf out = { .max = SIZE_MAX };

    object_write(&out, "b", object, OBJECT_CHUNK_SIZE);
    must(object_read(buf_bytes(&out), &again, NULL) == MESH_OK);
    must(strcmp(again.name, object->name) == 0 && strcmp(again.nuid, object->nuid) == 0);
    must(strcmp(again.digest, object->digest) == 0 && strcmp(again.description, object->description) == 0);
    must(again.size == object->size && again.chunks == object->chunks && again.deleted == object->deleted);
}

/* Whatever a document says, its chunks are those of one object. */
static void look_at_subjects(const struct object *object)
{
    auto_free char *chunks = object_chunk_subject("b", object->nuid);

    must(!strpbrk(chunks + strlen("$O.b.C."), ".*> \t\r\n\""));
    if (!object_name_is_valid(object->name))
        return;
    auto_free char *meta = object_meta_subject("b", object->name);
    auto_buf struct buf name = { .max = SIZE_MAX };
    must(base64_decode(&name, meta + strlen("$O.b.M.")) && strcmp(buf_text(&name), object->name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char digest[SHA256_SIZE];
    auto_object struct object object = { 0 };

    if (object_read(mesh_bytes_of(data, size), &object, NULL) != MESH_OK) {
        must(!object.name);
        return 0;
    }
    write_again(&object);
    look_at_subjects(&object);
    object_digest_is(object.digest, digest);
    return 0;
}
