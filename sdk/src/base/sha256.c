/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <stdlib.h>

#include <openssl/evp.h>

struct sha256 {
    EVP_MD_CTX *context;
    bool failed;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *sha256 = calloc(1, sizeof(*sha256));

    if (!sha256)
        return NULL;
    sha256->context = EVP_MD_CTX_new();
    if (!sha256->context || EVP_DigestInit_ex(sha256->context, EVP_sha256(), NULL) != 1)
        return sha256_free(sha256);
    return sha256;
}

struct sha256 *sha256_free(struct sha256 *sha256)
{
    if (sha256)
        EVP_MD_CTX_free(sha256->context);
    free(sha256);
    return NULL;
}

void sha256_add(struct sha256 *sha256, mesh_bytes bytes)
{
    if (bytes.len > 0 && EVP_DigestUpdate(sha256->context, bytes.data, bytes.len) != 1)
        sha256->failed = true;
}

bool sha256_end(struct sha256 *sha256, unsigned char ret_digest[SHA256_SIZE])
{
    unsigned len = 0;

    return !sha256->failed && EVP_DigestFinal_ex(sha256->context, ret_digest, &len) == 1 && len == SHA256_SIZE;
}
