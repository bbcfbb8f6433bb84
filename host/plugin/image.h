/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One plugin file as we hold it: a private copy that nobody else can change, under a path that was never used before,
 * known by its SHA-256. What lies in a plugins folder is read once and never mapped.
 */
#ifndef PLUGIN_IMAGE_H
#define PLUGIN_IMAGE_H

#include <agentmesh/error.h>

#include "plugin/elf.h"
#include "plugin/trust.h"

enum { IMAGE_HASH_SIZE = 65 };

struct image {
    char *path;                 /* of the copy */
    char hash[IMAGE_HASH_SIZE]; /* 64 hex digits */
    struct elf_facts facts;     /* after image_check() */
};

/*
 * Copy a file into folder. [any-thread; blocks]
 *
 * folder     writable by us alone
 * name       the plugin's; the copy is called after it
 * ret_image  given; end it with image_free()
 * MESH_E_CONFLICT   it changed while it was read: look again when it rests
 * MESH_E_NOT_FOUND  it is gone
 * MESH_E_SYSTEM     not to be read, or not to be trusted
 */
mesh_status image_copy(const char *folder, const char *name, const char *source, const struct trust *trust,
                       struct image **ret_image, mesh_error *err);

/* The same of a file that is open, whoever can change it. */
mesh_status image_copy_open(const char *folder, const char *name, int from, struct image **ret_image, mesh_error *err);

/* Look at the copy's bytes, as elf_check() says. [any-thread] */
mesh_status image_check(struct image *image, const char *library_version, mesh_error *err);

/* Remove the copy and free. Returns NULL; NULL is fine. What was loaded from the copy stays in memory. */
struct image *image_free(struct image *image);

/* The same, leaving the copy where it is: for one that could not be unloaded, so that a debugger finds it. */
struct image *image_forget(struct image *image);

static inline void cleanup_image(struct image **slot)
{
    image_free(*slot);
}

#define auto_image __attribute__((cleanup(cleanup_image)))

#endif
