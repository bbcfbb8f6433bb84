/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sized.h"

#include <string.h>

enum { SIZED_MAX = 4096 };

mesh_status sized_read(void *to, size_t to_size, const void *from, size_t first, const char *what, mesh_error *err)
{
    size_t size;
    memcpy(&size, from, sizeof(size));
    if (size < first || size > SIZED_MAX)
        return mesh_error_set(err, MESH_E_INCOMPATIBLE, "%s has size %zu, but %zu to %d is possible: set it by the "
                              "macro that initialises the struct", what, size, first, SIZED_MAX);

    const unsigned char *bytes = from;
    for (size_t i = to_size; i < size; i++)
        if (bytes[i] != 0)
            return mesh_error_set(err, MESH_E_INCOMPATIBLE, "%s sets a field that libagentmesh %s does not know (at "
                                  "byte %zu): it was built for a newer version", what, mesh_version(), i);

    memset(to, 0, to_size);
    memcpy(to, from, size < to_size ? size : to_size);
    return MESH_OK;
}
