/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader writes into a shared object when it loads it. It looks at nothing: a place outside of the object is
 * written to all the same, and whose memory that is differs from process to process, so that no trial load tells.
 */
#include "plugin/elf_object.h"

typedef ElfW(Rel) elf_rel;
typedef ElfW(Rela) elf_rela;

#if __ELF_NATIVE_CLASS == 64
#define SYMBOL_OF(info) ELF64_R_SYM(info)
#define TYPE_OF(info) ELF64_R_TYPE(info)
#else
#define SYMBOL_OF(info) ELF32_R_SYM(info)
#define TYPE_OF(info) ELF32_R_TYPE(info)
#endif

/* Its addend is a function, which is called at once. */
static bool is_indirect(uint64_t type)
{
#if defined(__x86_64__)
    return type == R_X86_64_IRELATIVE;
#elif defined(__aarch64__)
    return type == R_AARCH64_IRELATIVE;
#else
    (void)type;
    return false;
#endif
}

/* In a table of functions that are called when the object comes or goes. */
static bool is_function(const struct object *object, uint64_t place)
{
    const uint64_t *value = object->dynamic.value;
    return (place >= value[DT_INIT_ARRAY] && place - value[DT_INIT_ARRAY] < value[DT_INIT_ARRAYSZ]) ||
           (place >= value[DT_FINI_ARRAY] && place - value[DT_FINI_ARRAY] < value[DT_FINI_ARRAYSZ]);
}

static mesh_status check_place(const struct object *object, uint64_t place, uint64_t info, mesh_error *err)
{
    if (TYPE_OF(info) == 0)
        return MESH_OK; /* R_*_NONE on every machine */
    if (!object_maps(object, place, sizeof(elf_address), object_has_text_relocations(object) ? 0 : PF_W))
        return object_damaged(err, "the loader would write outside of it");
    if (SYMBOL_OF(info) >= object->symbols.count)
        return object_damaged(err, "a relocation names a symbol that it does not have");
    return MESH_OK;
}

/* Pointers a little outside of what they point into are made by some optimisations, and never followed there. */
static mesh_status check_target(const struct object *object, const elf_rela *entry, mesh_error *err)
{
    enum { BESIDE = 1 << 20 };
    int64_t target = entry->r_addend;
    bool is_called = is_indirect(TYPE_OF(entry->r_info)) || is_function(object, entry->r_offset);
    if (SYMBOL_OF(entry->r_info) != 0 || TYPE_OF(entry->r_info) == 0)
        return MESH_OK;
    if (is_called && !object_maps(object, (uint64_t)target, 1, PF_X))
        return object_damaged(err, "a function to be called at once lies outside of its code");
    if (target < (int64_t)object->first_address - BESIDE || target > (int64_t)object->end_address + BESIDE)
        return object_damaged(err, "a pointer leads far outside of it");
    return MESH_OK;
}

static mesh_status check_rela(const struct object *object, uint64_t address, uint64_t size, mesh_error *err)
{
    struct range table;
    elf_rela entry;
    if (size == 0 || !object_locate(object, address, size, &table))
        return MESH_OK;
    for (uint64_t at = 0; at + sizeof(entry) <= size; at += sizeof(entry)) {
        object_read(object, table.offset + at, &entry, sizeof(entry));
        mesh_status status = check_place(object, entry.r_offset, entry.r_info, err);
        if (status == MESH_OK)
            status = check_target(object, &entry, err);
        if (status != MESH_OK)
            return status;
    }
    return MESH_OK;
}

static mesh_status check_rel(const struct object *object, uint64_t address, uint64_t size, mesh_error *err)
{
    struct range table;
    elf_rel entry;
    if (size == 0 || !object_locate(object, address, size, &table))
        return MESH_OK;
    for (uint64_t at = 0; at + sizeof(entry) <= size; at += sizeof(entry)) {
        object_read(object, table.offset + at, &entry, sizeof(entry));
        mesh_status status = check_place(object, entry.r_offset, entry.r_info, err);
        if (status != MESH_OK)
            return status;
    }
    return MESH_OK;
}

/* The packed form: an address, then words in which each bit but the lowest stands for one of the places that follow. */
static mesh_status check_relr(const struct object *object, mesh_error *err)
{
    enum { WORD = sizeof(elf_address), PLACES = 8 * sizeof(elf_address) - 1 };
    uint64_t next = 0;
    elf_address entry;
    for (uint64_t at = 0; at + WORD <= object->dynamic.relr_size; at += WORD) {
        if (!object_read_address(object, object->dynamic.relr + at, &entry, WORD))
            return object_damaged(err, "a table of its dynamic section lies outside of it");
        bool is_place = (entry & 1) == 0;
        uint64_t first = is_place ? entry : next;
        uint64_t count = 1;
        if (!is_place)
            for (count = PLACES; count > 0 && !(entry >> count & 1); count--)
                continue;
        if (count > 0 && !object_maps(object, first, count * WORD, PF_W))
            return object_damaged(err, "the loader would write outside of it");
        next = first + (is_place ? 1 : PLACES) * WORD;
    }
    return MESH_OK;
}

mesh_status object_check_relocations(struct object *object, mesh_error *err)
{
    const uint64_t *value = object->dynamic.value;
    mesh_status status = check_rela(object, value[DT_RELA], value[DT_RELASZ], err);
    if (status == MESH_OK)
        status = check_rel(object, value[DT_REL], value[DT_RELSZ], err);
    if (status == MESH_OK && value[DT_PLTREL] == DT_RELA)
        status = check_rela(object, value[DT_JMPREL], value[DT_PLTRELSZ], err);
    else if (status == MESH_OK)
        status = check_rel(object, value[DT_JMPREL], value[DT_PLTRELSZ], err);
    return status == MESH_OK ? check_relr(object, err) : status;
}
