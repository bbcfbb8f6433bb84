/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes of a shared object say of it. */
#include "plugin/elf.h"

#include <string.h>

#include "plugin/elf_object.h"

/* Notes: name size, description size, type; then name and description, each rounded up to four bytes. */
static void read_build_id(const struct object *object, const elf_segment *notes, struct elf_facts *facts)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t at = notes->p_offset, end = notes->p_offset + notes->p_filesz;
    ElfW(Nhdr) note;
    while (at + sizeof(note) <= end && object_read(object, at, &note, sizeof(note))) {
        uint64_t name = at + sizeof(note), id = name + (((uint64_t)note.n_namesz + 3) & ~(uint64_t)3);
        at = id + (((uint64_t)note.n_descsz + 3) & ~(uint64_t)3);
        char owner[4];
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(owner) || at > end ||
            !object_read(object, name, owner, sizeof(owner)) || memcmp(owner, "GNU", sizeof(owner)) != 0)
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
    elf_segment segment;
    for (size_t i = 0; i < object->header.e_phnum && !facts->build_id[0]; i++) {
        object_segment(object, i, &segment);
        if (segment.p_type == PT_NOTE)
            read_build_id(object, &segment, facts);
    }
}

/* What each copy of it takes of the room that the loader has for all objects. */
static void note_static_tls(const struct object *object)
{
    elf_segment segment;
    if (!(object->dynamic.value[DT_FLAGS] & DF_STATIC_TLS))
        return;
    for (size_t i = 0; i < object->header.e_phnum; i++) {
        object_segment(object, i, &segment);
        if (segment.p_type == PT_TLS && segment.p_memsz > 0)
            object_note(object, FINDING_STATIC_TLS, "it needs %ju bytes of static thread-local storage",
                        (uintmax_t)segment.p_memsz);
    }
}

mesh_status object_check(struct object *object, mesh_error *err)
{
    static mesh_status (*const steps[])(struct object *, mesh_error *) = {
        object_check_layout,  object_check_dynamic,     object_check_versions,
        object_check_symbols, object_check_relocations,
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        mesh_status status = steps[i](object, err);
        if (status != MESH_OK)
            return status;
    }
    return MESH_OK;
}

mesh_status elf_check(mesh_bytes file, const char *library_version, struct elf_facts *ret_facts, mesh_error *err)
{
    struct object object = { .file = file, .library_version = library_version };
    mesh_status status = object_check(&object, err);
    if (status != MESH_OK)
        return status;
    find_build_id(&object, &object.facts);
    *ret_facts = object.facts;
    return MESH_OK;
}

bool elf_examine(mesh_bytes file, const char *library_version, struct findings *findings)
{
    struct object object = { .file = file, .library_version = library_version, .findings = findings };
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = object_check(&object, &err);
    if (status == MESH_OK)
        note_static_tls(&object);
    else if (!findings_end(findings))
        findings_add_error(findings, FINDING_DAMAGED, &err, "; ");
    mesh_error_clear(&err);
    return status == MESH_OK;
}
