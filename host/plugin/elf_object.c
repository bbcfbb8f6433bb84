/* SPDX-License-Identifier: Apache-2.0 */
/* A file that claims to be a shared object, and readers that never leave it. */
#include "plugin/elf_object.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { TEXT_MAX = 64 << 10 };

bool object_fits(const struct object *object, uint64_t offset, uint64_t size)
{
    return offset <= object->file.len && size <= object->file.len - offset;
}

bool object_read(const struct object *object, uint64_t offset, void *to, size_t size)
{
    if (!object_fits(object, offset, size))
        return false;
    memcpy(to, object->file.data + offset, size);
    return true;
}

mesh_status object_refuse(const struct object *object, enum finding kind, mesh_error *err, const char *format, ...)
{
    const struct finding_kind *known = &finding_kinds[kind];
    auto_buf struct buf text;
    va_list args;
    buf_init(&text, TEXT_MAX);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (object->findings && !findings_has(object->findings, kind))
        findings_add(object->findings, kind, buf_text(&text));
    if (object->findings && !known->is_last)
        return MESH_OK;
    return mesh_error_set(err, known->status, "%s: %s", buf_text(&text), known->remedy);
}

void object_note(const struct object *object, enum finding kind, const char *format, ...)
{
    va_list args;
    if (!object->findings)
        return;
    va_start(args, format);
    findings_addv(object->findings, kind, format, args);
    va_end(args);
}

mesh_status object_cut_off(const struct object *object, mesh_error *err, const char *what, uint64_t offset,
                           uint64_t size)
{
    return mesh_error_set(err, MESH_E_DATA,
                          "it is not whole: %s needs %" PRIu64 " bytes from byte %" PRIu64
                          " on, the file has %zu; copy it again",
                          what, size, offset, object->file.len);
}

mesh_status object_damaged(mesh_error *err, const char *what)
{
    return mesh_error_set(err, MESH_E_DATA, "it is damaged: %s; build or copy it again", what);
}

bool object_section(const struct object *object, uint64_t index, elf_section *section)
{
    return object_read(object, object->header.e_shoff + index * sizeof(*section), section, sizeof(*section));
}

bool object_segment(const struct object *object, uint64_t index, elf_segment *segment)
{
    return object_read(object, object->header.e_phoff + index * sizeof(*segment), segment, sizeof(*segment));
}

bool object_entry(const struct object *object, size_t index, elf_entry *entry)
{
    return (index + 1) * sizeof(*entry) <= object->entries.size &&
           object_read(object, object->entries.offset + index * sizeof(*entry), entry, sizeof(*entry)) &&
           entry->d_tag != DT_NULL;
}

bool object_locate(const struct object *object, uint64_t address, uint64_t size, struct range *ret_range)
{
    elf_segment segment;
    for (size_t i = 0; i < object->header.e_phnum; i++) {
        object_segment(object, i, &segment);
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

bool object_read_address(const struct object *object, uint64_t address, void *to, size_t size)
{
    struct range range;
    return object_locate(object, address, size, &range) && object_read(object, range.offset, to, size);
}

bool object_maps(const struct object *object, uint64_t address, uint64_t size, unsigned rights)
{
    elf_segment segment;
    for (size_t i = 0; i < object->header.e_phnum; i++) {
        object_segment(object, i, &segment);
        if (segment.p_type != PT_LOAD || (segment.p_flags & rights) != rights || address < segment.p_vaddr)
            continue;
        uint64_t into = address - segment.p_vaddr;
        if (into <= segment.p_memsz && size <= segment.p_memsz - into)
            return true;
    }
    return false;
}

bool object_is_newer(const struct object *object, const char *version)
{
    unsigned theirs[3] = { 0 }, ours[3] = { 0 };
    if (sscanf(version, "%u.%u.%u", &theirs[0], &theirs[1], &theirs[2]) < 1)
        return false;
    sscanf(object->library_version, "%u.%u.%u", &ours[0], &ours[1], &ours[2]);
    for (int i = 0; i < 3; i++) {
        if (theirs[i] != ours[i])
            return theirs[i] > ours[i];
    }
    return false;
}

bool object_has_text_relocations(const struct object *object)
{
    return object->dynamic.value[DT_TEXTREL] || (object->dynamic.value[DT_FLAGS] & DF_TEXTREL);
}

const char *object_name(const struct object *object, const struct range *names, uint64_t index)
{
    if (index >= names->size)
        return NULL;
    const char *name = object->file.data + names->offset + index;
    return memchr(name, '\0', names->size - index) ? name : NULL;
}
