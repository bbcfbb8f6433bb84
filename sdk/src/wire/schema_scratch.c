/* SPDX-License-Identifier: Apache-2.0 */
/* The scratch memory of each thread. */
#include "wire/schema_scratch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 1024, KEPT_MAX = 1 << 20 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void scratch_free(void *memory)
{
    struct scratch *scratch = memory;

    if (!scratch)
        return;
    unique_space_clear(&scratch->unique);
    free(scratch->bytes);
    free(scratch);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, scratch_free) == 0;
}

/* A thread that ends after the library was unloaded must not be led to code that is gone. */
__attribute__((destructor)) static void forget_key(void)
{
    if (!has_key)
        return;
    scratch_free(pthread_getspecific(key));
    pthread_key_delete(key);
}

struct scratch *scratch_of_thread(void)
{
    pthread_once(&once, make_key);
    struct scratch *scratch = has_key ? pthread_getspecific(key) : NULL;
    if (scratch || !has_key)
        return scratch;

    scratch = calloc(1, sizeof(*scratch));
    if (!scratch || pthread_setspecific(key, scratch) != 0) {
        free(scratch);
        return NULL;
    }
    return scratch;
}

static bool grow(struct scratch *scratch, size_t needed)
{
    size_t size = scratch->size > 0 ? scratch->size : FIRST_SIZE;

    while (size < needed)
        size *= 2;
    unsigned char *bytes = realloc(scratch->bytes, size);
    if (!bytes)
        return false;
    scratch->bytes = bytes;
    scratch->size = size;
    return true;
}

bool scratch_push(struct scratch *scratch, size_t count, size_t *ret_at)
{
    if (scratch->size - scratch->used < count && !grow(scratch, scratch->used + count))
        return false;
    *ret_at = scratch->used;
    if (count > 0)
        memset(scratch->bytes + scratch->used, 0, count);
    scratch->used += count;
    return true;
}

void scratch_pop(struct scratch *scratch, size_t at)
{
    scratch->used = at;
}

void scratch_shrink(struct scratch *scratch)
{
    if (scratch->size > KEPT_MAX) {
        free(scratch->bytes);
        scratch->bytes = NULL;
        scratch->size = 0;
    }
    if (scratch->unique.size > KEPT_MAX)
        unique_space_clear(&scratch->unique);
}
