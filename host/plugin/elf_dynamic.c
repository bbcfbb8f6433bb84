/* SPDX-License-Identifier: Apache-2.0 */
/* What a shared object tells the loader in its dynamic section. */
#include "plugin/elf_object.h"

#include <string.h>

/* Newer than some <elf.h>. */
enum { ENTRY_RELR_SIZE = 35, ENTRY_RELR = 36 };

static void keep_entry(struct dynamic *dynamic, const elf_entry *entry)
{
    const struct {
        int64_t tag;
        uint64_t *value;
    } kept[] = {
        { DT_GNU_HASH, &dynamic->gnu_hash },          { DT_FLAGS_1, &dynamic->flags_1 },
        { DT_VERNEED, &dynamic->version_needs },      { DT_VERNEEDNUM, &dynamic->version_need_count },
        { DT_VERDEF, &dynamic->version_definitions }, { DT_VERDEFNUM, &dynamic->version_definition_count },
        { DT_VERSYM, &dynamic->symbol_versions },     { ENTRY_RELR, &dynamic->relr },
        { ENTRY_RELR_SIZE, &dynamic->relr_size },
    };
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (kept[i].tag == entry->d_tag)
            *kept[i].value = entry->d_un.d_val;
    }
    if (entry->d_tag >= 0 && entry->d_tag < DT_NUM)
        dynamic->value[entry->d_tag] = entry->d_un.d_val;
}

/* The loader stops at an empty entry and nowhere else. */
static bool entries_end(const struct object *object, size_t count)
{
    elf_entry last;
    return (count + 1) * sizeof(last) <= object->entries.size &&
           object_read(object, object->entries.offset + count * sizeof(last), &last, sizeof(last));
}

/* Tables that the loader walks without asking whether they are there. */
static mesh_status check_tables(const struct object *object, mesh_error *err)
{
    static const struct {
        int address, size;
    } tables[] = {
        { DT_STRTAB, DT_STRSZ },
        { DT_RELA, DT_RELASZ },
        { DT_REL, DT_RELSZ },
        { DT_JMPREL, DT_PLTRELSZ },
        { DT_INIT_ARRAY, DT_INIT_ARRAYSZ },
        { DT_FINI_ARRAY, DT_FINI_ARRAYSZ },
    };
    const uint64_t *value = object->dynamic.value;
    struct range range;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (value[tables[i].size] != 0 &&
            !object_locate(object, value[tables[i].address], value[tables[i].size], &range))
            return object_damaged(err, "a table of its dynamic section lies outside of it");
    }
    if (!object_locate(object, value[DT_SYMTAB], sizeof(elf_symbol), &range) || value[DT_STRSZ] == 0)
        return object_damaged(err, "it has no table of symbols");
    return MESH_OK;
}

static mesh_status check_code(const struct object *object, mesh_error *err)
{
    static const int tags[] = { DT_INIT, DT_FINI };
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        uint64_t address = object->dynamic.value[tags[i]];
        if (address != 0 && !object_maps(object, address, 1, PF_X))
            return object_damaged(err, "its first or last function lies outside of its code");
    }
    return MESH_OK;
}

static mesh_status read_dynamic(struct object *object, mesh_error *err)
{
    size_t count = 0;
    for (elf_entry entry; object_entry(object, count, &entry); count++)
        keep_entry(&object->dynamic, &entry);
    if (!entries_end(object, count))
        return object_damaged(err, "its dynamic section does not end");

    mesh_status status = check_tables(object, err);
    if (status != MESH_OK)
        return status;
    const uint64_t *value = object->dynamic.value;
    object_locate(object, value[DT_STRTAB], value[DT_STRSZ], &object->dynamic.names);
    return MESH_OK;
}

static mesh_status check_flags(const struct object *object, mesh_error *err)
{
    const struct dynamic *dynamic = &object->dynamic;
    mesh_status status = MESH_OK;
    if (dynamic->flags_1 & DF_1_PIE)
        status = object_refuse(object, FINDING_NOT_SHARED, err, "it is not a shared object but a program");
    if (status == MESH_OK && (dynamic->flags_1 & DF_1_GLOBAL))
        status = object_refuse(object, FINDING_GLOBAL_SYMBOLS, err, "it makes its symbols those of all other plugins");
    if (status == MESH_OK && object_has_text_relocations(object))
        status = object_refuse(object, FINDING_TEXT_RELOCATIONS, err, "it has text relocations");
    return status;
}

static bool has_origin(const char *path)
{
    return strstr(path, "$ORIGIN") || strstr(path, "${ORIGIN}");
}

/* Whether each of the folders, separated by colons, is the same from wherever one looks. CMake leaves colons at the
 * end, as room for what it writes when it installs. */
static bool is_absolute(const char *folders)
{
    const char *at = folders;
    while (*at == '/') {
        at = strchrnul(at, ':');
        at += *at == ':';
    }
    return at[strspn(at, ":")] == '\0';
}

static void look_at_folders(struct object *object, const char *folders)
{
    object->facts.asks_for_neighbours |= has_origin(folders);
    if (has_origin(folders))
        object_note(object, FINDING_RUNPATH, "it looks for libraries beside itself ('%s'), where its copy finds none",
                    folders);
    else if (!is_absolute(folders))
        object_note(object, FINDING_RUNPATH, "where it looks for libraries ('%s') depends on the host's working folder",
                    folders);
}

static void look_at_search_path(struct object *object)
{
    elf_entry entry;
    for (size_t i = 0; object_entry(object, i, &entry); i++) {
        if (entry.d_tag != DT_RUNPATH && entry.d_tag != DT_RPATH)
            continue;
        const char *folders = object_name(object, &object->dynamic.names, entry.d_un.d_val);
        if (folders)
            look_at_folders(object, folders);
    }
}

mesh_status object_check_dynamic(struct object *object, mesh_error *err)
{
    mesh_status status = read_dynamic(object, err);
    if (status == MESH_OK)
        status = check_flags(object, err);
    if (status == MESH_OK)
        status = check_code(object, err);
    if (status != MESH_OK)
        return status;
    object->facts.never_unloads = object->dynamic.flags_1 & DF_1_NODELETE;
    if (object->facts.never_unloads)
        object_note(object, FINDING_NODELETE, "it is linked with -z nodelete");
    look_at_search_path(object);
    return MESH_OK;
}
