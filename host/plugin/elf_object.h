/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of elf_check(): a file that claims to be a shared object, and readers that never leave it. */
#ifndef PLUGIN_ELF_OBJECT_H
#define PLUGIN_ELF_OBJECT_H

#include <elf.h>
#include <link.h>
#include <stdint.h>

#include "plugin/elf.h"
#include "plugin/finding.h"

typedef ElfW(Ehdr) elf_header;
typedef ElfW(Shdr) elf_section;
typedef ElfW(Phdr) elf_segment;
typedef ElfW(Dyn) elf_entry;
typedef ElfW(Sym) elf_symbol;
typedef ElfW(Addr) elf_address;

/* A table in the file: its first byte and how many bytes it has. */
struct range {
    uint64_t offset, size;
};

/* A symbol table with the strings that name its symbols. */
struct symbols {
    uint64_t offset, count;
    struct range names;
};

/* The entries of the dynamic section that are looked at. */
struct dynamic {
    uint64_t value[DT_NUM]; /* by tag */
    uint64_t gnu_hash, flags_1;
    uint64_t version_needs, version_need_count;
    uint64_t version_definitions, version_definition_count, symbol_versions;
    uint64_t relr, relr_size;
    struct range names;
};

struct object {
    mesh_bytes file;
    const char *library_version;
    struct findings *findings; /* all that is wrong is collected here; NULL: the first refusal is the end */
    struct elf_facts facts;
    /* Filled in by the steps below, in their order. */
    elf_header header;
    size_t section_count;
    uint64_t first_address, end_address; /* of all that is loaded */
    struct range entries;                /* of the dynamic section */
    struct dynamic dynamic;
    unsigned last_version; /* the highest index that a symbol's version may have */
    struct symbols symbols;
};

/* ---- readers ---- */

bool object_fits(const struct object *object, uint64_t offset, uint64_t size);

/* Copy out of the file, since nothing in a foreign file is sure to be aligned. False: it is not all there. */
bool object_read(const struct object *object, uint64_t offset, void *to, size_t size);
bool object_section(const struct object *object, uint64_t index, elf_section *section);
bool object_segment(const struct object *object, uint64_t index, elf_segment *segment);

/* An entry of the dynamic section; false: there are no more. */
bool object_entry(const struct object *object, size_t index, elf_entry *entry);

/* Where the size bytes at an address lie in the file; false: not in what is loaded from it. */
bool object_locate(const struct object *object, uint64_t address, uint64_t size, struct range *ret_range);

/* Read from an address, in the same way. */
bool object_read_address(const struct object *object, uint64_t address, void *to, size_t size);

/* Whether size bytes at an address are in memory with all of these rights (PF_) once the object is loaded. */
bool object_maps(const struct object *object, uint64_t address, uint64_t size, unsigned rights);

/* Whether a version ("0.4") is newer than that of the library that the host runs. */
bool object_is_newer(const struct object *object, const char *version);

/* Whether the loader is to write into what is not writable: such an object is refused, but looked at to its end. */
bool object_has_text_relocations(const struct object *object);

/* A name out of a table of strings; NULL if it does not end inside. */
const char *object_name(const struct object *object, const struct range *names, uint64_t index);

/* ---- refusals ---- */

/* Fails with the text and the remedy of its kind. Where findings are collected it is added to them, and MESH_OK unless
 * nothing more can be said of the file. */
mesh_status object_refuse(const struct object *object, enum finding kind, mesh_error *err, const char *format, ...)
    MESH_PRINTF(4, 5);

/* What is no reason to refuse it: only for those who collect findings. */
void object_note(const struct object *object, enum finding kind, const char *format, ...) MESH_PRINTF(3, 4);

/* There is no going on after these. */
mesh_status object_cut_off(const struct object *object, mesh_error *err, const char *what, uint64_t offset,
                           uint64_t size);
mesh_status object_damaged(mesh_error *err, const char *what);

/* ---- the steps of elf_check() ---- */

mesh_status object_check(struct object *object, mesh_error *err); /* all of them */

mesh_status object_check_layout(struct object *object, mesh_error *err);      /* header, sections, segments */
mesh_status object_check_dynamic(struct object *object, mesh_error *err);     /* what the loader is told */
mesh_status object_check_versions(struct object *object, mesh_error *err);    /* libraries and versions it needs */
mesh_status object_check_symbols(struct object *object, mesh_error *err);     /* what it defines */
mesh_status object_check_relocations(struct object *object, mesh_error *err); /* what the loader writes into it */

#endif
