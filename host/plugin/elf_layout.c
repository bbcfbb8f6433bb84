/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a shared object: its header, the sections that tell whether it is whole, the segments that are loaded.
 */
#include "plugin/elf_object.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Far more than any linker writes; it keeps the work on a hostile file small. */
enum { MAX_SEGMENTS = 256 };

/* Our own header, put there by the linker: the class, byte order and machine that this process can load. */
extern const elf_header __ehdr_start __attribute__((visibility("hidden")));

/* ---- the header ---- */

static const char *machine_name(unsigned machine, char *buffer, size_t size)
{
    static const struct {
        unsigned machine;
        const char *name;
    } known[] = {
        { EM_386, "i386" },    { EM_X86_64, "x86_64" },       { EM_ARM, "arm" },    { EM_AARCH64, "aarch64" },
        { EM_RISCV, "riscv" }, { EM_PPC64, "ppc64" },         { EM_S390, "s390x" }, { EM_MIPS, "mips" },
        { EM_PPC, "ppc" },     { EM_LOONGARCH, "loongarch" },
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
        return "an object file";
    case ET_EXEC:
        return "a program";
    case ET_CORE:
        return "a core dump";
    default:
        return "of an unknown kind";
    }
}

static mesh_status check_machine(const struct object *object, mesh_error *err)
{
    const elf_header *header = &object->header;
    if (header->e_machine != __ehdr_start.e_machine) {
        char theirs[32], ours[32];
        return object_refuse(object, FINDING_MACHINE, err, "it is built for %s, this machine is %s",
                             machine_name(header->e_machine, theirs, sizeof(theirs)),
                             machine_name(__ehdr_start.e_machine, ours, sizeof(ours)));
    }
    if (header->e_type != ET_DYN)
        return object_refuse(object, FINDING_NOT_SHARED, err, "it is not a shared object but %s",
                             other_type(header->e_type));
    return MESH_OK;
}

static mesh_status check_header(struct object *object, mesh_error *err)
{
    if (object->file.len == 0)
        return object_refuse(object, FINDING_NOT_ELF, err, "it is empty");
    if (object->file.len < SELFMAG || memcmp(object->file.data, ELFMAG, SELFMAG) != 0)
        return object_refuse(object, FINDING_NOT_ELF, err,
                             "it is not a shared object, since it does not begin as an ELF file does");
    if (object->file.len < EI_NIDENT)
        return object_cut_off(object, err, "its header", 0, sizeof(object->header));

    const unsigned char *ident = (const unsigned char *)object->file.data;
    if (ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] || ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA])
        return object_refuse(object, FINDING_MACHINE, err,
                             "it is built for another word size or byte order than this machine's");
    if (!object_read(object, 0, &object->header, sizeof(object->header)))
        return object_cut_off(object, err, "its header", 0, sizeof(object->header));
    return check_machine(object, err);
}

/* ---- sections and segments ---- */

/* The table that linkers write last: a file that was cut anywhere lacks a part of it, or of what it lists. */
static mesh_status check_sections(struct object *object, mesh_error *err)
{
    const elf_header *header = &object->header;
    elf_section section;
    if (header->e_shoff == 0)
        return MESH_OK;
    if (header->e_shentsize != sizeof(section))
        return object_damaged(err, "its section table has entries of an unknown size");

    object->section_count = header->e_shnum;
    if (object->section_count == 0 && object_section(object, 0, &section))
        object->section_count = section.sh_size; /* more than the header can hold */
    uint64_t most = object->file.len / sizeof(section);
    if (object->section_count > most || !object_fits(object, header->e_shoff, object->section_count * sizeof(section)))
        return object_cut_off(object, err, "its section table", header->e_shoff,
                              object->section_count * sizeof(section));

    for (size_t i = 0; i < object->section_count; i++) {
        object_section(object, i, &section);
        bool has_bytes = section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL;
        if (has_bytes && !object_fits(object, section.sh_offset, section.sh_size))
            return object_cut_off(object, err, "a section", section.sh_offset, section.sh_size);
    }
    return MESH_OK;
}

/* The loader maps from the first segment to the last, whatever lies in between: they must come in order. */
static mesh_status check_load(struct object *object, const elf_segment *segment, mesh_error *err)
{
    if (segment->p_filesz > segment->p_memsz || segment->p_vaddr > UINTPTR_MAX - segment->p_memsz)
        return object_damaged(err, "a segment does not fit into memory");
    uint64_t align = segment->p_align;
    if (align > 1 && ((align & (align - 1)) != 0 || ((segment->p_vaddr ^ segment->p_offset) & (align - 1)) != 0))
        return object_damaged(err, "a segment is not aligned as it says");
    if (!object_fits(object, segment->p_offset, segment->p_filesz))
        return object_cut_off(object, err, "a segment", segment->p_offset, segment->p_filesz);
    /* Code that ends in zeroes may not be run to its end before it is unloaded. */
    if (!(segment->p_flags & PF_W) && segment->p_filesz != segment->p_memsz)
        return object_damaged(err, "a segment of code or constants is larger in memory than in the file");
    if (segment->p_vaddr < object->end_address)
        return object_damaged(err, "its segments are not in order");
    if (object->end_address == 0)
        object->first_address = segment->p_vaddr;
    object->end_address = segment->p_vaddr + segment->p_memsz;
    return MESH_OK;
}

static mesh_status check_stack(const struct object *object, bool declared, unsigned flags, mesh_error *err)
{
    if (declared && !(flags & PF_X))
        return MESH_OK;
    return object_refuse(object, FINDING_EXECUTABLE_STACK, err, "it asks for an executable stack");
}

static mesh_status check_loads(struct object *object, mesh_error *err)
{
    elf_segment segment;
    for (size_t i = 0; i < object->header.e_phnum; i++) {
        object_segment(object, i, &segment);
        mesh_status status = segment.p_type == PT_LOAD ? check_load(object, &segment, err) : MESH_OK;
        if (status != MESH_OK)
            return status;
    }
    return object->end_address > 0 ? MESH_OK : object_damaged(err, "it has nothing to load");
}

/* What the loader finds by address and we by offset must be the same bytes. */
static mesh_status check_entries(struct object *object, const elf_segment *segment, mesh_error *err)
{
    struct range range;
    if (!object_locate(object, segment->p_vaddr, segment->p_filesz, &range) || range.offset != segment->p_offset)
        return object_damaged(err, "its dynamic section is not where it says");
    object->entries = range;
    return MESH_OK;
}

/* The loader takes the right to write away from whole pages of this range, whosever they are. Linkers round it up to
 * the end of the last page. */
static bool relro_is_ours(const struct object *object, const elf_segment *relro)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    elf_segment load;
    for (size_t i = 0; i < object->header.e_phnum; i++) {
        object_segment(object, i, &load);
        uint64_t end = (load.p_vaddr + load.p_memsz + page - 1) & ~(page - 1);
        if (load.p_type == PT_LOAD && (load.p_flags & PF_W) && relro->p_vaddr >= load.p_vaddr &&
            relro->p_vaddr <= end && relro->p_memsz <= end - relro->p_vaddr)
            return true;
    }
    return false;
}

static mesh_status check_other_segment(struct object *object, const elf_segment *segment, mesh_error *err)
{
    if (!object_fits(object, segment->p_offset, segment->p_filesz))
        return object_cut_off(object, err, "a segment", segment->p_offset, segment->p_filesz);
    if (segment->p_type == PT_DYNAMIC)
        return check_entries(object, segment, err);
    if (segment->p_type == PT_GNU_RELRO && !relro_is_ours(object, segment))
        return object_damaged(err, "what is to become read-only lies outside of it");
    return MESH_OK;
}

static mesh_status check_segments(struct object *object, mesh_error *err)
{
    const elf_header *header = &object->header;
    elf_segment segment;
    if (header->e_phnum == 0 || header->e_phnum > MAX_SEGMENTS || header->e_phentsize != sizeof(segment))
        return object_damaged(err, "it has no table of segments");
    if (!object_fits(object, header->e_phoff, (uint64_t)header->e_phnum * sizeof(segment)))
        return object_cut_off(object, err, "its segment table", header->e_phoff, header->e_phnum * sizeof(segment));

    mesh_status status = check_loads(object, err);
    bool stack_declared = false;
    unsigned stack_flags = 0;
    for (size_t i = 0; status == MESH_OK && i < header->e_phnum; i++) {
        object_segment(object, i, &segment);
        if (segment.p_type == PT_GNU_STACK) {
            stack_declared = true;
            stack_flags = segment.p_flags;
        } else if (segment.p_type != PT_LOAD && segment.p_type != PT_NULL) {
            status = check_other_segment(object, &segment, err);
        }
    }
    if (status == MESH_OK && object->entries.size == 0)
        status = object_damaged(err, "it has no dynamic section");
    return status == MESH_OK ? check_stack(object, stack_declared, stack_flags, err) : status;
}

mesh_status object_check_layout(struct object *object, mesh_error *err)
{
    mesh_status status = check_header(object, err);
    if (status == MESH_OK)
        status = check_sections(object, err);
    if (status == MESH_OK)
        status = check_segments(object, err);
    return status;
}
