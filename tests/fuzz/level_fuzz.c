/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what sets a level of log events. */
#include "wire/level.h"

#include "base/json.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct level *level = NULL, *again = NULL;
    auto_buf struct buf document = { .max = SIZE_MAX };

    if (level_read(mesh_bytes_of(data, size), &level) != MESH_OK)
        return 0;
    must(level_of_name(level->name) == level && level_of_number(level->number) == level);
    level_write(&document, level);
    must(level_read(buf_bytes(&document), &again) == MESH_OK && again == level);
    return 0;
}
