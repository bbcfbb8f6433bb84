/* SPDX-License-Identifier: Apache-2.0 */
/* What a shared object wants of others. */
#include "plugin/elf_object.h"

typedef ElfW(Verneed) elf_need;
typedef ElfW(Vernaux) elf_node;

enum { INDEX_MASK = 0x7fff, MAX_STEPS = 4096 };

/* Of one library's versions the one with that index; NULL: it is not among them. */
static const char *find_node(const struct object *object, uint64_t address, unsigned count, unsigned index)
{
    elf_node node;
    for (unsigned i = 0; i < count && i < MAX_STEPS && object_read_address(object, address, &node, sizeof(node)); i++) {
        if ((node.vna_other & INDEX_MASK) == index)
            return object_name(object, &object->dynamic.names, node.vna_name);
        if (node.vna_next == 0)
            break;
        address += node.vna_next;
    }
    return NULL;
}

/* The version that a symbol must have; NULL: any. */
static const char *version_of(const struct object *object, uint64_t symbol)
{
    const struct dynamic *dynamic = &object->dynamic;
    uint16_t index;
    elf_need need;
    if (!dynamic->symbol_versions ||
        !object_read_address(object, dynamic->symbol_versions + symbol * sizeof(index), &index, sizeof(index)))
        return NULL;
    uint64_t address = dynamic->version_needs;
    for (uint64_t i = 0; address && i < dynamic->version_need_count && i < MAX_STEPS; i++) {
        if (!object_read_address(object, address, &need, sizeof(need)))
            break;
        const char *version = find_node(object, address + need.vn_aux, need.vn_cnt, index & INDEX_MASK);
        if (version || need.vn_next == 0)
            return version;
        address += need.vn_next;
    }
    return NULL;
}

/* Entries of the dynamic section with that tag, which hold names. */
static void walk_entries(const struct object *object, int64_t tag, void (*told)(void *, const char *), void *closure)
{
    elf_entry entry;
    for (size_t i = 0; object_entry(object, i, &entry); i++) {
        const char *name = entry.d_tag == tag ? object_name(object, &object->dynamic.names, entry.d_un.d_val) : NULL;
        if (name)
            told(closure, name);
    }
}

static void walk_symbols(const struct object *object, const struct elf_import_visitor *visitor)
{
    const struct symbols *symbols = &object->symbols;
    for (uint64_t i = 0; i < symbols->count; i++) {
        elf_symbol symbol;
        object_read(object, symbols->offset + i * sizeof(symbol), &symbol, sizeof(symbol));
        if (symbol.st_shndx == SHN_UNDEF && (symbol.st_info >> 4) == STB_GLOBAL)
            visitor->symbol(visitor->closure, object_name(object, &symbols->names, symbol.st_name),
                            version_of(object, i));
    }
}

void elf_imports(mesh_bytes file, const struct elf_import_visitor *visitor)
{
    auto_findings struct findings not_told = { 0 };
    struct object object = { .file = file, .library_version = "", .findings = &not_told };
    if (object_check(&object, NULL) != MESH_OK)
        return;
    walk_entries(&object, DT_RPATH, visitor->folders, visitor->closure);
    walk_entries(&object, DT_RUNPATH, visitor->folders, visitor->closure);
    walk_entries(&object, DT_NEEDED, visitor->library, visitor->closure);
    walk_symbols(&object, visitor);
}
