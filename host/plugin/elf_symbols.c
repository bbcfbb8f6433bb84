/* SPDX-License-Identifier: Apache-2.0 */
/* The symbols that a shared object defines. */
#include "plugin/elf_object.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <agentmesh/plugin.h>

#include "base/buf.h"

static bool read_word(const struct object *object, uint64_t address, uint32_t *ret_word)
{
    return object_read_address(object, address, ret_word, sizeof(*ret_word));
}

/* As the table of sections tells; 0: it has none. */
static uint64_t count_by_section(const struct object *object)
{
    elf_section section;
    for (size_t i = 0; i < object->section_count; i++) {
        object_section(object, i, &section);
        if (section.sh_type == SHT_DYNSYM)
            return section.sh_size / sizeof(elf_symbol);
    }
    return 0;
}

/* A GNU hash table does not say how many symbols there are: the last chain's end does. */
static bool count_by_gnu_hash(const struct object *object, uint64_t *ret_count)
{
    uint64_t at = object->dynamic.gnu_hash;
    uint32_t buckets, first, bloom_words, word;
    if (!read_word(object, at, &buckets) || !read_word(object, at + 4, &first) ||
        !read_word(object, at + 8, &bloom_words) || buckets > object->file.len)
        return false;

    uint64_t bucket = at + 16 + (uint64_t)bloom_words * sizeof(elf_address);
    uint64_t chain = bucket + (uint64_t)buckets * 4;
    uint64_t last = 0;
    for (uint32_t i = 0; i < buckets; i++) {
        if (!read_word(object, bucket + (uint64_t)i * 4, &word))
            return false;
        last = word > last ? word : last;
    }
    if (last < first) { /* it defines none */
        uint64_t count = count_by_section(object);
        *ret_count = count > first ? count : first;
        return true;
    }
    for (;; last++) {
        if (!read_word(object, chain + (last - first) * 4, &word))
            return false;
        if (word & 1)
            break;
    }
    *ret_count = last + 1;
    return true;
}

static mesh_status find_dynamic_symbols(const struct object *object, struct symbols *ret_symbols, mesh_error *err)
{
    uint32_t chains = 0;
    uint64_t count = 0, hash = object->dynamic.value[DT_HASH];
    if (hash && read_word(object, hash + 4, &chains))
        count = chains;
    else if (!object->dynamic.gnu_hash || !count_by_gnu_hash(object, &count))
        return object_damaged(err, "it has no table to look its symbols up in");

    struct range range;
    if (count > object->file.len ||
        !object_locate(object, object->dynamic.value[DT_SYMTAB], count * sizeof(elf_symbol), &range))
        return object_damaged(err, "its table of symbols lies outside of it");
    *ret_symbols = (struct symbols){ range.offset, count, object->dynamic.names };
    return MESH_OK;
}

/* The table for debuggers, where one was left in: it also names what was linked in and hidden. */
static bool find_all_symbols(const struct object *object, struct symbols *ret_symbols)
{
    elf_section section, names;
    for (size_t i = 0; i < object->section_count; i++) {
        object_section(object, i, &section);
        if (section.sh_type != SHT_SYMTAB || section.sh_link >= object->section_count)
            continue;
        object_section(object, section.sh_link, &names);
        if (names.sh_type != SHT_STRTAB)
            continue;
        *ret_symbols = (struct symbols){ section.sh_offset,
                                         section.sh_size / sizeof(elf_symbol),
                                         { names.sh_offset, names.sh_size } };
        return true;
    }
    return false;
}

static bool is_ours(const char *name)
{
    return strcmp(name, "mesh_client_open") == 0 || strcmp(name, "mesh_register") == 0 ||
           strcmp(name, "mesh_error_set") == 0;
}

static mesh_status refuse_copy(const struct object *object, const char *name, mesh_error *err)
{
    return object_refuse(object, FINDING_OWN_COPY, err,
                         "it brings a copy of libagentmesh of its own ('%s' is defined in it)", name);
}

/* As a C++ compiler writes it for one that stands in a namespace, or that no header has declared. */
static bool is_mangled_entry(const char *name)
{
    return strncmp(name, "_Z", 2) == 0 && strstr(name, "17" ELF_ENTRY);
}

/* The loader takes each of these for good: a name outside of the strings, a place outside of the object, a version that
 * nobody has, and it reads what lies there by chance. */
static mesh_status check_symbol(struct object *object, uint64_t index, const elf_symbol *symbol, const char *name,
                                mesh_error *err)
{
    uint16_t version = 0;
    uint64_t versions = object->dynamic.symbol_versions;
    if (!name || (versions && !object_read_address(object, versions + 2 * index, &version, sizeof(version))) ||
        (version & 0x7fff) > object->last_version)
        return object_damaged(err, "a symbol has no name or no version");
    if (symbol->st_shndx == SHN_UNDEF)
        return MESH_OK;
    bool has_place = symbol->st_shndx != SHN_ABS && (symbol->st_info & 15) != STT_TLS;
    if (has_place && (symbol->st_value < object->first_address || symbol->st_value > object->end_address))
        return object_damaged(err, "a symbol lies outside of it");
    object->facts.unique_symbols += (symbol->st_info >> 4) == STB_GNU_UNIQUE;
    return is_ours(name) ? refuse_copy(object, name, err) : MESH_OK;
}

/* What has been seen of the symbol that makes it a plugin. */
struct entry_sight {
    bool is_exported, is_hidden;
    const char *mangled; /* lent from the file; NULL: none */
};

static void look_for_entry(struct entry_sight *sight, const char *name)
{
    if (strcmp(name, ELF_ENTRY) == 0)
        sight->is_hidden = true;
    else if (is_mangled_entry(name))
        sight->mangled = name;
}

/* Which headers it was built with: known also of one that cannot be loaded. */
static void note_headers(const struct object *object, const struct range *entry)
{
    mesh_plugin plugin = { 0 };
    char version[16];
    size_t known = offsetof(mesh_plugin, flags);
    if (entry->size < known || !object_read(object, entry->offset, &plugin, known) || plugin.magic != MESH_PLUGIN_MAGIC)
        return;
    snprintf(version, sizeof(version), "%u.%u.%u", (unsigned)(plugin.header_version >> 16 & 0xff),
             (unsigned)(plugin.header_version >> 8 & 0xff), (unsigned)(plugin.header_version & 0xff));
    if (object_is_newer(object, version))
        object_note(object, FINDING_NEWER_HEADERS, "it is built with headers of agentmesh %s, this agentmeshd runs %s",
                    version, object->library_version);
}

/* Walk what the loader sees. */
static mesh_status check_dynamic_symbols(struct object *object, struct entry_sight *sight, mesh_error *err)
{
    const struct symbols *symbols = &object->symbols;
    struct range range;
    for (uint64_t i = 0; i < symbols->count; i++) {
        elf_symbol symbol;
        if (!object_read(object, symbols->offset + i * sizeof(symbol), &symbol, sizeof(symbol)))
            return object_damaged(err, "its table of symbols lies outside of it");
        const char *name = object_name(object, &symbols->names, symbol.st_name);
        mesh_status status = check_symbol(object, i, &symbol, name, err);
        if (status != MESH_OK)
            return status;
        if (symbol.st_shndx == SHN_UNDEF)
            continue;
        look_for_entry(sight, name);
        if (strcmp(name, ELF_ENTRY) != 0)
            continue;
        sight->is_exported = true;
        if (!object_locate(object, symbol.st_value, symbol.st_size, &range))
            return object_damaged(err, "its '" ELF_ENTRY "' lies outside of it");
        note_headers(object, &range);
    }
    return MESH_OK;
}

/* Walk what debuggers see: nothing in it is used, so nothing in it has to be right. */
static mesh_status check_hidden_symbols(const struct object *object, struct entry_sight *sight, mesh_error *err)
{
    struct symbols symbols;
    mesh_status status = MESH_OK;
    if (!find_all_symbols(object, &symbols))
        return MESH_OK;
    for (uint64_t i = 0; status == MESH_OK && i < symbols.count; i++) {
        elf_symbol symbol;
        object_read(object, symbols.offset + i * sizeof(symbol), &symbol, sizeof(symbol));
        const char *name = object_name(object, &symbols.names, symbol.st_name);
        if (symbol.st_shndx == SHN_UNDEF || !name)
            continue;
        if (is_ours(name))
            status = refuse_copy(object, name, err);
        look_for_entry(sight, name);
    }
    return status;
}

static mesh_status check_entry(const struct object *object, const struct entry_sight *sight, mesh_error *err)
{
    if (sight->is_exported)
        return MESH_OK;
    if (sight->is_hidden)
        return object_refuse(object, FINDING_HIDDEN_ENTRY, err, "it hides its '%s'", ELF_ENTRY);
    if (sight->mangled)
        return object_refuse(object, FINDING_MANGLED_ENTRY, err, "its '%s' has a C++ name, '%s'", ELF_ENTRY,
                             sight->mangled);
    return object_refuse(object, FINDING_NO_ENTRY, err, "it exports no '%s'", ELF_ENTRY);
}

/* Count and name the first of them; the names were checked before. */
static void note_unique(const struct object *object)
{
    enum { NAMED = 3, NAMES_MAX = 8 << 10 };
    const struct symbols *symbols = &object->symbols;
    size_t count = 0;
    auto_buf struct buf names;
    buf_init(&names, NAMES_MAX);
    for (uint64_t i = 0; i < symbols->count; i++) {
        elf_symbol symbol;
        object_read(object, symbols->offset + i * sizeof(symbol), &symbol, sizeof(symbol));
        if (symbol.st_shndx == SHN_UNDEF || (symbol.st_info >> 4) != STB_GNU_UNIQUE)
            continue;
        if (++count <= NAMED)
            buf_printf(&names, "%s'%.1000s'", count > 1 ? ", " : "",
                       object_name(object, &symbols->names, symbol.st_name));
    }
    if (count > 0)
        object_note(object, FINDING_UNIQUE, "it has %zu GNU_UNIQUE symbol%s: %s%s", count, count > 1 ? "s" : "",
                    buf_text(&names), count > NAMED ? " and more" : "");
}

mesh_status object_check_symbols(struct object *object, mesh_error *err)
{
    struct entry_sight sight = { 0 };
    mesh_status status = find_dynamic_symbols(object, &object->symbols, err);
    if (status == MESH_OK)
        status = check_dynamic_symbols(object, &sight, err);
    if (status == MESH_OK)
        status = check_hidden_symbols(object, &sight, err);
    if (status == MESH_OK)
        status = check_entry(object, &sight, err);
    if (status == MESH_OK && object->findings)
        note_unique(object);
    return status;
}
