/* SPDX-License-Identifier: Apache-2.0 */
/* Release by scope: auto_free for memory, take() to let ownership out. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *slot)
{
    free(*(void **)slot);
}

static inline void cleanup_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_fd __attribute__((cleanup(cleanup_fd)))

/* Move a pointer out of a variable, leaving NULL, so that its clean-up does nothing. */
#define take(slot) \
    __extension__({ __typeof__(*(slot)) taken_ = *(slot); *(slot) = NULL; taken_; })

/* The same for a descriptor, leaving -1. */
#define take_fd(slot) \
    __extension__({ int taken_ = *(slot); *(slot) = -1; taken_; })

/* The struct that a member is part of. */
#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#endif
