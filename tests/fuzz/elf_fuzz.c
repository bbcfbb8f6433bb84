/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes may be asked whether they are a plugin. */
#include "plugin/elf.h"
#include "plugin/finding.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_name(void *closure, const char *name)
{
    *(size_t *)closure += strlen(name);
}

static void walk_symbol(void *closure, const char *name, const char *version)
{
    *(size_t *)closure += strlen(name) + (version ? strlen(version) : 0);
}

/* What the first refusal does not end: all that is wrong is found, and what it wants of others. */
static void examine(mesh_bytes file, mesh_status status)
{
    auto_findings struct findings findings = { 0 };
    size_t total = 0;
    const struct elf_import_visitor visitor = { walk_name, walk_name, walk_symbol, &total };
    bool can_be_tried = elf_examine(file, "0.1.0", &findings);
    elf_imports(file, &visitor);
    bool is_refused = findings_hinder(&findings) & HINDERS_LOAD;
    if (is_refused == (status == MESH_OK) || (!can_be_tried && !is_refused) || findings.failed)
        __builtin_trap();
}

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
    examine(mesh_bytes_of(data, size), status);
    return 0;
}
