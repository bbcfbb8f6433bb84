/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes of a shared object say of it. */
#include "plugin/elf.h"

#include <elf.h>
#include <inttypes.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Our own header, put there by the linker: the class, byte order and machine that this process can load. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* Far more than any linker writes; they keep the work on a hostile file small. */
enum { MAX_LIBRARIES = 1024, MAX_VERSIONS = 4096 };

/* A table in the file: its first byte and how many bytes it has. */
struct range {
    uint64_t offset, size;
};

/* A symbol table with the strings that name its symbols. */
struct symbols {
    uint64_t offset, count;
    struct range names;
};

/* The entries of the dynamic section that are looked at, by tag. */
struct dynamic {
    bool present;
    ElfW(Xword) value[DT_NUM];
    uint64_t gnu_hash, flags_1, version_needs, version_need_count;
    struct range names;
};

struct object {
    mesh_bytes file;
    ElfW(Ehdr) header;
    size_t section_count;
    struct range entries; /* of the dynamic section, in the file */
    struct dynamic dynamic;
    const char *library_version;
};

static bool fits(const struct object *object, uint64_t offset, uint64_t size)
{
    return offset <= object->file.len && size <= object->file.len - offset;
}

/* Copy out of the file, since nothing in a foreign file is sure to be aligned. */
static bool read_at(const struct object *object, uint64_t offset, void *to, size_t size)
{
    if (!fits(object, offset, size))
        return false;
    memcpy(to, object->file.data + offset, size);
    return true;
}

static mesh_status cut_off(const struct object *object, mesh_error *err, const char *what, uint64_t offset,
                           uint64_t size)
{
    return mesh_error_set(err, MESH_E_DATA,
                          "it is not whole: %s needs %" PRIu64 " bytes from byte %" PRIu64
                          " on, the file has %zu; copy it again",
                          what, size, offset, object->file.len);
}

static mesh_status damaged(mesh_error *err, const char *what)
{
    return mesh_error_set(err, MESH_E_DATA, "it is damaged: %s; build or copy it again", what);
}

/* ---- the header ---- */

static const char *machine_name(unsigned machine, char *buffer, size_t size)
{
    static const struct {
        unsigned machine;
        const char *name;
    } known[] = {
        { EM_386, "i386" },   { EM_X86_64, "x86_64" },       { EM_ARM, "arm" },   { EM_AARCH64, "aarch64" },
        { EM_RISCV, "riscv" }, { EM_PPC64, "ppc64" },         { EM_S390, "s390x" }, { EM_MIPS, "mips" },
        { EM_PPC, "ppc" },    { EM_LOONGARCH, "loongarch" },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].machine == machine)
            return known[i].name;
    }
    snprintf(buffer, size, "machine %u", machine);
    return buffer;
}

static const char *other_type(unsigned type)
{
    switch (type) {
    case ET_REL:
        return "an object file: link it with -shared";
    case ET_EXEC:
        return "a program: link it with -shared";
    case ET_CORE:
        return "a core dump";
    default:
        return "of an unknown kind";
    }
}

static mesh_status check_machine(const struct object *object, mesh_error *err)
{
    const ElfW(Ehdr) *header = &object->header;
    if (header->e_machine != __ehdr_start.e_machine) {
        char theirs[32], ours[32];
        return mesh_error_set(err, MESH_E_INCOMPATIBLE, "it is built for %s, this machine is %s",
                              machine_name(header->e_machine, theirs, sizeof(theirs)),
                              machine_name(__ehdr_start.e_machine, ours, sizeof(ours)));
    }
    if (header->e_type != ET_DYN)
        return mesh_error_set(err, MESH_E_DATA, "it is not a shared object but %s", other_type(header->e_type));
    return MESH_OK;
}

static mesh_status check_header(struct object *object, mesh_error *err)
{
    if (object->file.len == 0)
        return mesh_error_set(err, MESH_E_DATA, "it is empty");
    if (object->file.len < SELFMAG || memcmp(object->file.data, ELFMAG, SELFMAG) != 0)
        return mesh_error_set(err, MESH_E_DATA, "it is not a shared object: it does not begin as an ELF file does");
    if (object->file.len < EI_NIDENT)
        return cut_off(object, err, "its header", 0, sizeof(object->header));

    const unsigned char *ident = (const unsigned char *)object->file.data;
    if (ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] || ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA])
        return mesh_error_set(err, MESH_E_INCOMPATIBLE,
                              "it is built for another word size or byte order than this machine's");
    if (!read_at(object, 0, &object->header, sizeof(object->header)))
        return cut_off(object, err, "its header", 0, sizeof(object->header));
    return check_machine(object, err);
}

/* ---- sections and segments ---- */

static bool read_section(const struct object *object, uint64_t index, ElfW(Shdr) *section)
{
    return read_at(object, object->header.e_shoff + index * sizeof(*section), section, sizeof(*section));
}

static bool read_segment(const struct object *object, uint64_t index, ElfW(Phdr) *segment)
{
    return read_at(object, object->header.e_phoff + index * sizeof(*segment), segment, sizeof(*segment));
}

/* The table that linkers write last: a file that was cut anywhere lacks a part of it, or of what it lists. */
static mesh_status check_sections(struct object *object, mesh_error *err)
{
    const ElfW(Ehdr) *header = &object->header;
    ElfW(Shdr) section;
    if (header->e_shoff == 0)
        return MESH_OK;
    if (header->e_shentsize != sizeof(section))
        return damaged(err, "its section table has entries of an unknown size");

    object->section_count = header->e_shnum;
    if (object->section_count == 0 && read_section(object, 0, &section))
        object->section_count = section.sh_size; /* more than the header can hold */
    uint64_t most = object->file.len / sizeof(section);
    if (object->section_count > most || !fits(object, header->e_shoff, object->section_count * sizeof(section)))
        return cut_off(object, err, "its section table", header->e_shoff, object->section_count * sizeof(section));

    for (size_t i = 0; i < object->section_count; i++) {
        read_section(object, i, &section);
        bool has_bytes = section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL;
        if (has_bytes && !fits(object, section.sh_offset, section.sh_size))
            return cut_off(object, err, "a section", section.sh_offset, section.sh_size);
    }
    return MESH_OK;
}

static mesh_status check_load(const struct object *object, const ElfW(Phdr) *segment, mesh_error *err)
{
    if (segment->p_filesz > segment->p_memsz || segment->p_vaddr > UINTPTR_MAX - segment->p_memsz)
        return damaged(err, "a segment does not fit into memory");
    uint64_t align = segment->p_align;
    if (align > 1 && ((align & (align - 1)) != 0 || ((segment->p_vaddr ^ segment->p_offset) & (align - 1)) != 0))
        return damaged(err, "a segment is not aligned as it says");
    if (!fits(object, segment->p_offset, segment->p_filesz))
        return cut_off(object, err, "a segment", segment->p_offset, segment->p_filesz);
    return MESH_OK;
}

static mesh_status check_stack(bool declared, unsigned flags, mesh_error *err)
{
    if (declared && !(flags & PF_X))
        return MESH_OK;
    return mesh_error_set(err, MESH_E_DATA,
                          "it asks for an executable stack: link it with -z noexecstack, and give every assembler "
                          "source a .note.GNU-stack section");
}

static mesh_status check_segments(struct object *object, mesh_error *err)
{
    const ElfW(Ehdr) *header = &object->header;
    ElfW(Phdr) segment;
    if (header->e_phnum == 0 || header->e_phentsize != sizeof(segment))
        return damaged(err, "it has no table of segments");
    if (!fits(object, header->e_phoff, (uint64_t)header->e_phnum * sizeof(segment)))
        return cut_off(object, err, "its segment table", header->e_phoff, header->e_phnum * sizeof(segment));

    size_t loads = 0;
    bool stack_declared = false;
    unsigned stack_flags = 0;
    for (size_t i = 0; i < header->e_phnum; i++) {
        read_segment(object, i, &segment);
        mesh_status status = MESH_OK;
        if (segment.p_type == PT_LOAD) {
            loads++;
            status = check_load(object, &segment, err);
        } else if (segment.p_type == PT_GNU_STACK) {
            stack_declared = true;
            stack_flags = segment.p_flags;
        } else if (segment.p_type != PT_NULL && !fits(object, segment.p_offset, segment.p_filesz)) {
            status = cut_off(object, err, "a segment", segment.p_offset, segment.p_filesz);
        }
        if (status != MESH_OK)
            return status;
        if (segment.p_type == PT_DYNAMIC)
            object->entries = (struct range){ segment.p_offset, segment.p_filesz };
    }
    if (loads == 0 || object->entries.size == 0)
        return damaged(err, "it has nothing to load");
    return check_stack(stack_declared, stack_flags, err);
}

/* Where the size bytes at an address lie in the file. */
static bool locate(const struct object *object, uint64_t address, uint64_t size, struct range *ret_range)
{
    ElfW(Phdr) segment;
    for (size_t i = 0; i < object->header.e_phnum; i++) {
        read_segment(object, i, &segment);
        if (segment.p_type != PT_LOAD || address < segment.p_vaddr)
            continue;
        uint64_t into = address - segment.p_vaddr;
        if (into <= segment.p_filesz && size <= segment.p_filesz - into) {
            *ret_range = (struct range){ segment.p_offset + into, size };
            return true;
        }
    }
    return false;
}

/* ---- the dynamic section ---- */

static void keep_entry(struct dynamic *dynamic, const ElfW(Dyn) *entry)
{
    if (entry->d_tag >= 0 && entry->d_tag < DT_NUM)
        dynamic->value[entry->d_tag] = entry->d_un.d_val;
    else if (entry->d_tag == DT_GNU_HASH)
        dynamic->gnu_hash = entry->d_un.d_ptr;
    else if (entry->d_tag == DT_FLAGS_1)
        dynamic->flags_1 = entry->d_un.d_val;
    else if (entry->d_tag == DT_VERNEED)
        dynamic->version_needs = entry->d_un.d_ptr;
    else if (entry->d_tag == DT_VERNEEDNUM)
        dynamic->version_need_count = entry->d_un.d_val;
}

static bool read_entry(const struct object *object, size_t index, ElfW(Dyn) *entry)
{
    return (index + 1) * sizeof(*entry) <= object->entries.size &&
           read_at(object, object->entries.offset + index * sizeof(*entry), entry, sizeof(*entry)) &&
           entry->d_tag != DT_NULL;
}

/* The loader stops at an empty entry and nowhere else. */
static bool entries_end(const struct object *object, size_t count)
{
    ElfW(Dyn) last;
    return (count + 1) * sizeof(last) <= object->entries.size &&
           read_at(object, object->entries.offset + count * sizeof(last), &last, sizeof(last));
}

/* Tables that the loader walks without asking whether they are there. */
static mesh_status check_tables(const struct object *object, mesh_error *err)
{
    static const struct {
        int address, size;
    } tables[] = {
        { DT_STRTAB, DT_STRSZ },         { DT_RELA, DT_RELASZ },
        { DT_REL, DT_RELSZ },            { DT_JMPREL, DT_PLTRELSZ },
        { DT_INIT_ARRAY, DT_INIT_ARRAYSZ }, { DT_FINI_ARRAY, DT_FINI_ARRAYSZ },
    };
    const ElfW(Xword) *value = object->dynamic.value;
    struct range range;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (value[tables[i].size] != 0 && !locate(object, value[tables[i].address], value[tables[i].size], &range))
            return damaged(err, "a table of its dynamic section lies outside of it");
    }
    if (!locate(object, value[DT_SYMTAB], sizeof(ElfW(Sym)), &range) || value[DT_STRSZ] == 0)
        return damaged(err, "it has no table of symbols");
    return MESH_OK;
}

static mesh_status read_dynamic(struct object *object, mesh_error *err)
{
    size_t count = 0;
    for (ElfW(Dyn) entry; read_entry(object, count, &entry); count++)
        keep_entry(&object->dynamic, &entry);
    if (!entries_end(object, count))
        return damaged(err, "its dynamic section does not end");

    mesh_status status = check_tables(object, err);
    if (status != MESH_OK)
        return status;
    const ElfW(Xword) *value = object->dynamic.value;
    locate(object, value[DT_STRTAB], value[DT_STRSZ], &object->dynamic.names);
    return MESH_OK;
}

/* A name out of a table of strings; NULL if it does not end inside. */
static const char *name_at(const struct object *object, const struct range *names, uint64_t index)
{
    if (index >= names->size)
        return NULL;
    const char *name = object->file.data + names->offset + index;
    return memchr(name, '\0', names->size - index) ? name : NULL;
}

static mesh_status check_flags(const struct object *object, mesh_error *err)
{
    const struct dynamic *dynamic = &object->dynamic;
    if (dynamic->flags_1 & DF_1_PIE)
        return mesh_error_set(err, MESH_E_DATA, "it is not a shared object but a program: link it with -shared");
    if (dynamic->value[DT_TEXTREL] || (dynamic->value[DT_FLAGS] & DF_TEXTREL))
        return mesh_error_set(err, MESH_E_DATA, "it has text relocations: compile all of it with -fPIC");
    return MESH_OK;
}

/* ---- the libraries it needs ---- */

static mesh_status check_needed(const struct object *object, mesh_error *err)
{
    ElfW(Dyn) entry;
    for (size_t i = 0; read_entry(object, i, &entry); i++) {
        if (entry.d_tag != DT_NEEDED)
            continue;
        const char *name = name_at(object, &object->dynamic.names, entry.d_un.d_val);
        if (!name)
            return damaged(err, "the name of a library it needs cannot be read");
        if (strncmp(name, ELF_LIBRARY, strlen(ELF_LIBRARY)) == 0 && strcmp(name, ELF_LIBRARY_SONAME) != 0)
            return mesh_error_set(err, MESH_E_INCOMPATIBLE, "it is built for %s, this agentmeshd runs %s", name,
                                  ELF_LIBRARY_SONAME);
    }
    return MESH_OK;
}

static bool asks_for_neighbours(const struct object *object)
{
    ElfW(Dyn) entry;
    for (size_t i = 0; read_entry(object, i, &entry); i++) {
        if (entry.d_tag != DT_RUNPATH && entry.d_tag != DT_RPATH)
            continue;
        const char *path = name_at(object, &object->dynamic.names, entry.d_un.d_val);
        if (path && (strstr(path, "$ORIGIN") || strstr(path, "${ORIGIN}")))
            return true;
    }
    return false;
}

static bool version_is_newer(const char *version, const char *than)
{
    unsigned theirs[3] = { 0 }, ours[3] = { 0 };
    if (sscanf(version, "%u.%u.%u", &theirs[0], &theirs[1], &theirs[2]) < 1)
        return false;
    sscanf(than, "%u.%u.%u", &ours[0], &ours[1], &ours[2]);
    for (int i = 0; i < 3; i++) {
        if (theirs[i] != ours[i])
            return theirs[i] > ours[i];
    }
    return false;
}

/* node: "AGENTMESH_0.4" or "AGENTMESH_HOST_0.4". Nodes of other names are left to the loader. */
static mesh_status check_node(const struct object *object, const char *node, mesh_error *err)
{
    static const char prefix[] = "AGENTMESH_";
    if (strncmp(node, prefix, strlen(prefix)) != 0)
        return MESH_OK;
    const char *version = strrchr(node, '_') + 1;
    if (!version_is_newer(version, object->library_version))
        return MESH_OK;
    return mesh_error_set(err, MESH_E_INCOMPATIBLE,
                          "it is built for agentmesh %s, this agentmeshd runs %s: upgrade agentmeshd or build the "
                          "plugin with older headers",
                          version, object->library_version);
}

static mesh_status check_nodes(const struct object *object, const ElfW(Verneed) *need, uint64_t address,
                               mesh_error *err)
{
    for (unsigned i = 0; i < need->vn_cnt && i < MAX_VERSIONS; i++) {
        struct range range;
        ElfW(Vernaux) node;
        if (!locate(object, address, sizeof(node), &range) || !read_at(object, range.offset, &node, sizeof(node)))
            return damaged(err, "the versions it needs lie outside of it");
        const char *name = name_at(object, &object->dynamic.names, node.vna_name);
        if (!name)
            return damaged(err, "the name of a version it needs cannot be read");
        mesh_status status = check_node(object, name, err);
        if (status != MESH_OK || node.vna_next == 0)
            return status;
        address += node.vna_next;
    }
    return MESH_OK;
}

static mesh_status check_versions(const struct object *object, mesh_error *err)
{
    uint64_t address = object->dynamic.version_needs;
    for (uint64_t i = 0; address && i < object->dynamic.version_need_count && i < MAX_LIBRARIES; i++) {
        struct range range;
        ElfW(Verneed) need;
        if (!locate(object, address, sizeof(need), &range) || !read_at(object, range.offset, &need, sizeof(need)))
            return damaged(err, "the versions it needs lie outside of it");
        const char *library = name_at(object, &object->dynamic.names, need.vn_file);
        if (library && strcmp(library, ELF_LIBRARY_SONAME) == 0) {
            mesh_status status = check_nodes(object, &need, address + need.vn_aux, err);
            if (status != MESH_OK)
                return status;
        }
        if (need.vn_next == 0)
            break;
        address += need.vn_next;
    }
    return MESH_OK;
}

/* ---- the symbols it defines ---- */

static bool read_word(const struct object *object, uint64_t address, uint32_t *ret_word)
{
    struct range range;
    return locate(object, address, sizeof(*ret_word), &range) &&
           read_at(object, range.offset, ret_word, sizeof(*ret_word));
}

/* A GNU hash table does not say how many symbols there are: the last chain's end does. */
static bool count_by_gnu_hash(const struct object *object, uint64_t *ret_count)
{
    uint64_t at = object->dynamic.gnu_hash;
    uint32_t buckets, first, bloom_words, word;
    if (!read_word(object, at, &buckets) || !read_word(object, at + 4, &first) ||
        !read_word(object, at + 8, &bloom_words) || buckets > object->file.len)
        return false;

    uint64_t bucket = at + 16 + (uint64_t)bloom_words * sizeof(ElfW(Addr));
    uint64_t chain = bucket + (uint64_t)buckets * 4;
    uint64_t last = 0;
    for (uint32_t i = 0; i < buckets; i++) {
        if (!read_word(object, bucket + (uint64_t)i * 4, &word))
            return false;
        last = word > last ? word : last;
    }
    if (last < first) {
        *ret_count = first;
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
        return damaged(err, "it has no table to look its symbols up in");

    struct range range;
    if (count > object->file.len ||
        !locate(object, object->dynamic.value[DT_SYMTAB], count * sizeof(ElfW(Sym)), &range))
        return damaged(err, "its table of symbols lies outside of it");
    *ret_symbols = (struct symbols){ range.offset, count, object->dynamic.names };
    return MESH_OK;
}

/* The table for debuggers, where one was left in: it also names what was linked in and hidden. */
static bool find_all_symbols(const struct object *object, struct symbols *ret_symbols)
{
    ElfW(Shdr) section, names;
    for (size_t i = 0; i < object->section_count; i++) {
        read_section(object, i, &section);
        if (section.sh_type != SHT_SYMTAB || section.sh_link >= object->section_count)
            continue;
        read_section(object, section.sh_link, &names);
        if (names.sh_type != SHT_STRTAB)
            continue;
        *ret_symbols = (struct symbols){ section.sh_offset, section.sh_size / sizeof(ElfW(Sym)),
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

/* Walk the symbols that the object defines. */
static mesh_status check_symbols(const struct object *object, const struct symbols *symbols, bool *ret_entry,
                                 size_t *ret_unique, mesh_error *err)
{
    for (uint64_t i = 0; i < symbols->count; i++) {
        ElfW(Sym) symbol;
        if (!read_at(object, symbols->offset + i * sizeof(symbol), &symbol, sizeof(symbol)))
            return damaged(err, "its table of symbols lies outside of it");
        const char *name = name_at(object, &symbols->names, symbol.st_name);
        if (symbol.st_shndx == SHN_UNDEF || !name)
            continue;
        if (is_ours(name))
            return mesh_error_set(err, MESH_E_INCOMPATIBLE,
                                  "it brings a copy of libagentmesh of its own ('%s' is defined in it): link it to the "
                                  "shared library",
                                  name);
        *ret_unique += (symbol.st_info >> 4) == STB_GNU_UNIQUE;
        *ret_entry |= strcmp(name, ELF_ENTRY) == 0;
    }
    return MESH_OK;
}

static mesh_status read_symbols(const struct object *object, struct elf_facts *facts, mesh_error *err)
{
    struct symbols symbols;
    mesh_status status = find_dynamic_symbols(object, &symbols, err);
    if (status != MESH_OK)
        return status;
    bool has_entry = false, hidden_entry = false;
    size_t ignored = 0;
    status = check_symbols(object, &symbols, &has_entry, &facts->unique_symbols, err);
    if (status == MESH_OK && find_all_symbols(object, &symbols))
        status = check_symbols(object, &symbols, &hidden_entry, &ignored, err);
    if (status != MESH_OK || has_entry)
        return status;
    return mesh_error_set(err, MESH_E_DATA,
                          hidden_entry ? "it hides its '%s': export that symbol (a version script, or extern \"C\")"
                                       : "it exports no '%s': end its source with MESH_PLUGIN()",
                          ELF_ENTRY);
}

/* ---- its build id ---- */

/* Notes: name size, description size, type; then name and description, each rounded up to four bytes. */
static void read_build_id(const struct object *object, const ElfW(Phdr) *notes, struct elf_facts *facts)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t at = notes->p_offset, end = notes->p_offset + notes->p_filesz;
    ElfW(Nhdr) note;
    while (at + sizeof(note) <= end && read_at(object, at, &note, sizeof(note))) {
        uint64_t name = at + sizeof(note), id = name + (((uint64_t)note.n_namesz + 3) & ~(uint64_t)3);
        at = id + (((uint64_t)note.n_descsz + 3) & ~(uint64_t)3);
        char owner[4];
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(owner) || at > end ||
            !read_at(object, name, owner, sizeof(owner)) || memcmp(owner, "GNU", sizeof(owner)) != 0)
            continue;
        const unsigned char *bytes = (const unsigned char *)object->file.data + id;
        size_t count = note.n_descsz < ELF_BUILD_ID_SIZE / 2 ? note.n_descsz : ELF_BUILD_ID_SIZE / 2;
        for (size_t i = 0; i < count; i++) {
            facts->build_id[2 * i] = digits[bytes[i] >> 4];
            facts->build_id[2 * i + 1] = digits[bytes[i] & 15];
        }
        facts->build_id[2 * count] = '\0';
        return;
    }
}

static void find_build_id(const struct object *object, struct elf_facts *facts)
{
    ElfW(Phdr) segment;
    for (size_t i = 0; i < object->header.e_phnum && !facts->build_id[0]; i++) {
        read_segment(object, i, &segment);
        if (segment.p_type == PT_NOTE)
            read_build_id(object, &segment, facts);
    }
}

mesh_status elf_check(mesh_bytes file, const char *library_version, struct elf_facts *ret_facts, mesh_error *err)
{
    struct object object = { .file = file, .library_version = library_version };
    struct elf_facts facts = { .build_id = "" };
    mesh_status (*const steps[])(struct object *, mesh_error *) = { check_header, check_sections, check_segments,
                                                                    read_dynamic };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        mesh_status status = steps[i](&object, err);
        if (status != MESH_OK)
            return status;
    }
    mesh_status (*const checks[])(const struct object *, mesh_error *) = { check_flags, check_needed, check_versions };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        mesh_status status = checks[i](&object, err);
        if (status != MESH_OK)
            return status;
    }
    mesh_status status = read_symbols(&object, &facts, err);
    if (status != MESH_OK)
        return status;

    facts.never_unloads = object.dynamic.flags_1 & DF_1_NODELETE;
    facts.asks_for_neighbours = asks_for_neighbours(&object);
    find_build_id(&object, &facts);
    *ret_facts = facts;
    return MESH_OK;
}
