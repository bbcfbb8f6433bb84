/* SPDX-License-Identifier: Apache-2.0 */
/* Structs that begin with their own size, read as far as the writer's size covers them. */
#ifndef CLIENT_SIZED_H
#define CLIENT_SIZED_H

#include <stddef.h>

#include <agentmesh/error.h>

/*
 * Copy a caller's struct over zeroes. what names it in the error. A size below that of the first release (first) or above
 * 4096 is refused, and so are bytes beyond our own struct that are not zero: the caller knows a field that we do not.
 */
mesh_status sized_read(void *to, size_t to_size, const void *from, size_t first, const char *what, mesh_error *err);

#endif
