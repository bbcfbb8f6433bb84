/* SPDX-License-Identifier: Apache-2.0 */
/* The dynamic loader, asked so that its answers can be trusted: a path is loaded once, and gone means gone. */
#ifndef PLUGIN_LOADER_H
#define PLUGIN_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <agentmesh/error.h>

#include "plugin/elf.h"

/*
 * Load an object from a path that this process has never used. [any-thread; blocks; runs its constructors]
 *
 * ret_handle  given; end it with loader_close()
 * MESH_E_DATA  the loader refused: the text says why, and what to do where that is known
 */
mesh_status loader_open(const char *path, void **ret_handle, mesh_error *err);

/*
 * A symbol that the object itself defines, as opposed to a library that it needs. [any-thread]
 *
 * ret_size  what its symbol table says of the symbol's size
 */
mesh_status loader_find(void *handle, const char *name, const void **ret_symbol, size_t *ret_size, mesh_error *err);

/* Where the object begins in memory: what a debugger needs to know. */
uintptr_t loader_base(void *handle);

/* The build id of the object that an address lies in, "" if it has none: tells one build of a library from another. */
void loader_build_id(const void *address, char ret_id[ELF_BUILD_ID_SIZE]);

/* Whether an address lies in the object itself. [any-thread] */
bool loader_owns(void *handle, const void *address);

/*
 * Unload, and look whether it has really gone. The handle is not to be used after this. [any-thread; runs destructors]
 *
 * MESH_E_SYSTEM  it is still in memory
 */
mesh_status loader_close(void *handle, const char *path, mesh_error *err);

#endif
