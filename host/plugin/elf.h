/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bytes of a shared object say of it. Every number is checked before it is used, so that any file may be asked
 * about: a text, a truncated copy, something hostile. Nothing of it is loaded.
 */
#ifndef PLUGIN_ELF_H
#define PLUGIN_ELF_H

#include <stdbool.h>
#include <stddef.h>

#include <agentmesh/bytes.h>
#include <agentmesh/error.h>

/* The one library that plugins and host share. */
#define ELF_LIBRARY "libagentmesh.so"
#define ELF_LIBRARY_SONAME ELF_LIBRARY ".0"

/* The symbol that makes a shared object a plugin. */
#define ELF_ENTRY "mesh_plugin_entry"

enum { ELF_BUILD_ID_SIZE = 65 };

struct elf_facts {
    char build_id[ELF_BUILD_ID_SIZE]; /* hex digits, "" where it has none */
    size_t unique_symbols;            /* GNU_UNIQUE: with one of them it never leaves memory */
    bool never_unloads;               /* linked with -z nodelete */
    bool asks_for_neighbours;         /* looks for its libraries beside itself ($ORIGIN) */
};

/*
 * Decide whether a file may be tried as a plugin by a host that runs library_version ("0.1.0").
 *
 * MESH_E_DATA          not a whole shared object, or one that no host should load: the text says why
 * MESH_E_INCOMPATIBLE  for another machine or another version of the library
 */
mesh_status elf_check(mesh_bytes file, const char *library_version, struct elf_facts *ret_facts, mesh_error *err);

struct findings;

/* Find all that is wrong with it, or strange, instead of the first reason to refuse it. False: it is nothing that could
 * be tried. */
bool elf_examine(mesh_bytes file, const char *library_version, struct findings *findings);

/* Told what a file wants of others; all lent for the call. */
struct elf_import_visitor {
    void (*library)(void *closure, const char *name);
    void (*folders)(void *closure, const char *folders); /* where libraries are to be looked for, separated by colons */
    void (*symbol)(void *closure, const char *name, const char *version); /* version NULL: any */
    void *closure;
};

/* Walk what a file wants of others: folders, then libraries, then symbols. Nothing for one that cannot be tried. */
void elf_imports(mesh_bytes file, const struct elf_import_visitor *visitor);

#endif
