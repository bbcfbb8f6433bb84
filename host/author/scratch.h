/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for as long as a program runs. */
#ifndef HOST_SCRATCH_H
#define HOST_SCRATCH_H

#include <agentmesh/error.h>

/* Make one that nobody else can look into, in the first of $TMPDIR, /tmp and /var/tmp from which code can be loaded.
 * ret_folder: its path, given; end it with scratch_remove(). */
mesh_status scratch_new(char **ret_folder, mesh_error *err);

/* Remove it with all that is in it, and free. Returns NULL; NULL is fine. */
char *scratch_remove(char *folder);

static inline void cleanup_scratch(char **slot)
{
    scratch_remove(*slot);
}

#define auto_scratch __attribute__((cleanup(cleanup_scratch)))

#endif
