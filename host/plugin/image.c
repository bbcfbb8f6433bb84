/* SPDX-License-Identifier: Apache-2.0 */
/* One plugin file as we hold it. */
#include "plugin/image.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { CHUNK = 1 << 16 };
static const off_t MAX_SIZE = (off_t)1 << 30;

/* Makes each copy's path one that this process has not used: the loader knows objects by path first. */
static atomic_uint copies;

static void cleanup_digest(EVP_MD_CTX **slot)
{
    EVP_MD_CTX_free(*slot);
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
}

static mesh_status write_all(int fd, const char *data, size_t len, mesh_error *err)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return mesh_error_set(err, MESH_E_SYSTEM, "cannot write the private copy: %s", strerror(errno));
        data += written;
        len -= (size_t)written;
    }
    return MESH_OK;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static mesh_status too_large(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_TOO_LARGE, "it is larger than %lld bytes", (long long)MAX_SIZE);
}

/* Pump from one file to the other and into the digest; gives how many bytes there were. */
static mesh_status pump(int from, int to, EVP_MD_CTX *digest, off_t *ret_size, mesh_error *err)
{
    auto_free char *chunk = malloc(CHUNK);
    if (!chunk)
        return no_memory(err);
    off_t size = 0;
    for (;;) {
        ssize_t got = read(from, chunk, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mesh_error_set(err, MESH_E_SYSTEM, "cannot read it: %s", strerror(errno));
        if (got == 0)
            break;
        size += got;
        if (size > MAX_SIZE)
            return too_large(err);
        mesh_status status = write_all(to, chunk, (size_t)got, err);
        if (status != MESH_OK)
            return status;
        if (EVP_DigestUpdate(digest, chunk, (size_t)got) != 1)
            return no_memory(err);
    }
    *ret_size = size;
    return MESH_OK;
}

static mesh_status finish_hash(EVP_MD_CTX *digest, char hash[IMAGE_HASH_SIZE], mesh_error *err)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_DigestFinal_ex(digest, bytes, &len) != 1)
        return no_memory(err);
    for (unsigned i = 0; i < len && 2 * i + 2 < IMAGE_HASH_SIZE; i++)
        snprintf(hash + 2 * (size_t)i, 3, "%02x", bytes[i]);
    return MESH_OK;
}

/* Copy and hash; the file must be the same before and after. */
static mesh_status copy_and_hash(int from, int to, char hash[IMAGE_HASH_SIZE], mesh_error *err)
{
    __attribute__((cleanup(cleanup_digest))) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        return no_memory(err);

    struct stat before, after;
    off_t size = 0;
    if (fstat(from, &before) != 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot look at it: %s", strerror(errno));
    if (before.st_size > MAX_SIZE) /* there may be no room for as much of it */
        return too_large(err);
    mesh_status status = pump(from, to, digest, &size, err);
    if (status != MESH_OK)
        return status;
    if (fstat(from, &after) != 0 || !same_state(&before, &after) || size != after.st_size)
        return mesh_error_set(err, MESH_E_CONFLICT, "it is being written");
    return finish_hash(digest, hash, err);
}

/* Give the copy the name that it keeps. */
static mesh_status name_copy(struct image *image, mesh_error *err)
{
    char *path = NULL;
    size_t stem = strlen(image->path) - strlen(".new");
    if (asprintf(&path, "%.*s.%.12s.so", (int)stem, image->path, image->hash) < 0)
        return no_memory(err);
    if (rename(image->path, path) != 0) {
        mesh_error_set(err, MESH_E_SYSTEM, "cannot rename the private copy to '%s': %s", path, strerror(errno));
        free(path);
        return MESH_E_SYSTEM;
    }
    free(image->path);
    image->path = path;
    return MESH_OK;
}

mesh_status image_copy_open(const char *folder, const char *name, int from, struct image **ret_image, mesh_error *err)
{
    auto_image struct image *image = calloc(1, sizeof(*image));
    unsigned number = atomic_fetch_add(&copies, 1) + 1;
    if (!image || asprintf(&image->path, "%s/%s.%u.new", folder, name, number) < 0)
        return no_memory(err);
    auto_fd int to = open(image->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (to < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot create '%s': %s", image->path, strerror(errno));

    mesh_status status = copy_and_hash(from, to, image->hash, err);
    if (status == MESH_OK)
        status = name_copy(image, err);
    if (status == MESH_OK)
        *ret_image = take(&image);
    return status;
}

mesh_status image_copy(const char *folder, const char *name, const char *source, const struct trust *trust,
                       struct image **ret_image, mesh_error *err)
{
    auto_fd int from = -1;
    mesh_status status = trust_open(trust, source, &from, err);
    return status == MESH_OK ? image_copy_open(folder, name, from, ret_image, err) : status;
}

mesh_status image_check(struct image *image, const char *library_version, mesh_error *err)
{
    auto_fd int fd = open(image->path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot open '%s': %s", image->path, strerror(errno));
    size_t size = (size_t)stat.st_size;
    if (size == 0)
        return elf_check(mesh_bytes_of("", 0), library_version, &image->facts, err);

    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot map '%s': %s", image->path, strerror(errno));
    mesh_status status = elf_check(mesh_bytes_of(bytes, size), library_version, &image->facts, err);
    munmap(bytes, size);
    return status;
}

struct image *image_forget(struct image *image)
{
    if (image) {
        free(image->path);
        free(image);
    }
    return NULL;
}

struct image *image_free(struct image *image)
{
    if (image && image->path)
        unlink(image->path);
    return image_forget(image);
}
