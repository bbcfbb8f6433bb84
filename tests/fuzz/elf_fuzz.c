/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes may be asked whether they are a plugin. */
#include "plugin/elf.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_facts facts;
    memset(&facts, 0xee, sizeof(facts));
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = elf_check(mesh_bytes_of(data, size), "0.1.0", &facts, &err);
    if (status == MESH_OK && !memchr(facts.build_id, '\0', sizeof(facts.build_id)))
        __builtin_trap();
    if (status != MESH_OK && !*mesh_error_text(&err))
        __builtin_trap();
    mesh_error_clear(&err);
    return 0;
}
