/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA-256 of bytes that come piece by piece. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stdbool.h>

#include <agentmesh/bytes.h>

enum { SHA256_SIZE = 32 };

struct sha256;

struct sha256 *sha256_new(void);                   /* NULL: no memory, or libcrypto may not do it */
struct sha256 *sha256_free(struct sha256 *sha256); /* returns NULL; NULL is fine */

/* Failure sticks, and shows at the end, which comes once. */
void sha256_add(struct sha256 *sha256, mesh_bytes bytes);
bool sha256_end(struct sha256 *sha256, unsigned char ret_digest[SHA256_SIZE]);

static inline void cleanup_sha256(struct sha256 **slot)
{
    sha256_free(*slot);
}

#define auto_sha256 __attribute__((cleanup(cleanup_sha256)))

#endif
