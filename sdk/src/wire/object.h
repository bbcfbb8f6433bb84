/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object of the workspace as its meta document tells it (protocol 2.4), and what follows from it: the subjects, the
 * digest. Documents of other implementations are read leniently: what is missing or of the wrong type is empty.
 */
#ifndef WIRE_OBJECT_H
#define WIRE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/sha256.h"

enum { OBJECT_CHUNK_SIZE = 131072, OBJECT_NAME_MAX = 1024, OBJECT_NUID_SIZE = 23, OBJECT_DIGEST_SIZE = 53 };

/* A value, all zeroes when empty; what the pointers lead to is owned. "" for what the document does not tell. */
struct object {
    char *name;
    char *nuid; /* where its chunks are; only what may stand in a subject */
    char *digest, *modified, *description;
    char *link_bucket, *link_name; /* both "" where it is no link */
    uint64_t size, chunks;
    bool deleted;
};

#define auto_object __attribute__((cleanup(object_clear)))

void object_clear(struct object *object);

/* MESH_E_DATA: it is no JSON object, or tells no name. ret_object: end with object_clear(). */
mesh_status object_read(mesh_bytes document, struct object *ret_object, mesh_error *err);

/* The document; its time being now. */
void object_write(struct buf *out, const char *bucket, const struct object *object, uint64_t chunk_size);

/* Any text that is not empty, in UTF-8, and fits into a subject. */
bool object_name_is_valid(const char *name);

/* Subjects of the meta document, for a valid name, and of the chunks; to free(). NULL: no memory. */
char *object_meta_subject(const char *bucket, const char *name);
char *object_chunk_subject(const char *bucket, const char *nuid);

/* Where the chunks of a new object go: 22 characters that no other has. */
void object_nuid(char nuid[OBJECT_NUID_SIZE]);

/* "SHA-256=..." */
void object_digest(char text[OBJECT_DIGEST_SIZE], const unsigned char digest[SHA256_SIZE]);

/* Whether the digest of a document means the same; some leave the padding out. */
bool object_digest_is(const char *text, const unsigned char digest[SHA256_SIZE]);

#endif
