/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's own functions stand behind names that glibc keeps for those who put theirs in front. */
#include "malloc_count.h"

#include <stdatomic.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static atomic_size_t count;

size_t malloc_count(void)
{
    return count;
}

void *malloc(size_t size)
{
    count++;
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
    count++;
    return __libc_calloc(items, size);
}

void *realloc(void *memory, size_t size)
{
    count++;
    return __libc_realloc(memory, size);
}
