/* SPDX-License-Identifier: Apache-2.0 */
/* What can be wrong with a plugin. */
#include "plugin/finding.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { TEXT_MAX = 1 << 20 };

#define CMAKE_WAY "; agentmesh_add_plugin() in CMake does it"

const struct finding_kind finding_kinds[FINDING_COUNT] = {
    [FINDING_UNREADABLE] = { "unreadable", MESH_E_SYSTEM, HINDERS_LOAD, true, NULL, NULL },
    [FINDING_NAME] = { "name", MESH_E_DATA, HINDERS_LOAD, false, "a host takes no notice of such a file",
                       "call it NAME.so, where NAME has 1 to 64 letters, digits, '.', '_' and '-' and does not begin "
                       "with a dot" },
    [FINDING_TRUST] = { "trust", MESH_E_SYSTEM, 0, false,
                        "a host loads only what root, its own user and a trusted group can change", NULL },
    [FINDING_SAME_NAME] = { "same-name", MESH_E_EXISTS, 0, false, "of two files of one name a host loads one",
                            "give one of them another name, unless it is to replace the other" },

    [FINDING_NOT_ELF] = { "not-elf", MESH_E_DATA, HINDERS_LOAD, true, NULL,
                          "build a shared object with -shared -fPIC" CMAKE_WAY },
    [FINDING_DAMAGED] = { "damaged", MESH_E_DATA, HINDERS_LOAD, true,
                          "the loader believes what it reads, and would take the host down", NULL },
    [FINDING_MACHINE] = { "machine", MESH_E_INCOMPATIBLE, HINDERS_LOAD, true, NULL,
                          "build it on this machine, or with a compiler for it" },
    [FINDING_NOT_SHARED] = { "not-shared", MESH_E_DATA, HINDERS_LOAD, true, NULL, "link it with -shared" },
    [FINDING_EXECUTABLE_STACK] = { "executable-stack", MESH_E_DATA, HINDERS_LOAD, false,
                                   "it would make the stacks of the whole host executable; the usual causes are an "
                                   "assembler source without that section, and nested functions in C",
                                   "link it with -z noexecstack, and give every assembler source a .note.GNU-stack "
                                   "section" },
    [FINDING_TEXT_RELOCATIONS] = { "text-relocations", MESH_E_DATA, HINDERS_LOAD, false,
                                   "its code would have to be writable while it is loaded",
                                   "compile all of it with -fPIC" },
    [FINDING_GLOBAL_SYMBOLS] = { "global-symbols", MESH_E_DATA, HINDERS_LOAD, false,
                                 "another plugin could be bound to them", "link it without -z global" },
    [FINDING_OTHER_LIBRARY] = { "other-library", MESH_E_INCOMPATIBLE, HINDERS_LOAD, false,
                                "plugins and host share one library", "build it again" },
    [FINDING_NEWER] = { "newer", MESH_E_INCOMPATIBLE, HINDERS_LOAD, false,
                        "it calls functions that this libagentmesh does not have",
                        "upgrade agentmeshd or build the plugin with older headers" },
    [FINDING_OWN_COPY] = { "own-copy", MESH_E_INCOMPATIBLE, HINDERS_LOAD, false,
                           "its calls would go to that copy, which knows nothing of the host's mesh",
                           "link it to the shared library" },
    [FINDING_NO_ENTRY] = { "no-entry", MESH_E_DATA, HINDERS_LOAD, false, "that symbol is what makes it a plugin",
                           "end its source with MESH_PLUGIN()" },
    [FINDING_HIDDEN_ENTRY] = { "hidden-entry", MESH_E_DATA, HINDERS_LOAD, false, "a host cannot find it",
                               "leave it global in the version script" },
    [FINDING_MANGLED_ENTRY] = { "mangled-entry", MESH_E_DATA, HINDERS_LOAD, false, "a host looks for the plain name",
                                "write it with MESH_PLUGIN(), which makes it extern \"C\", outside of all namespaces" },
    [FINDING_NEWER_HEADERS] = { "newer-headers", MESH_E_INCOMPATIBLE, 0, false,
                                "it is loaded as long as it uses nothing that this version does not know",
                                "upgrade agentmeshd before the plugin, or build the plugin with older headers" },
    [FINDING_RUNPATH] = { "runpath", MESH_E_DATA, 0, false,
                          "a host loads a private copy of the file from a folder of its own",
                          "link it with -Wl,-rpath and an absolute path, or without any, and install its libraries "
                          "for all programs" },
    [FINDING_STATIC_TLS] = { "static-tls", MESH_E_DATA, 0, false,
                             "each loaded copy, the old version beside the new one, takes them from room that the "
                             "whole host shares: 16384 bytes with GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384, "
                             "as for agentmeshd.service, else about 1600",
                             "compile it with -fPIC and -ftls-model=global-dynamic, and without a tls_model "
                             "attribute" },
    [FINDING_UNIQUE] = { "unique-symbols", MESH_E_DATA, HINDERS_UNLOAD, false,
                         "with one of them an object never leaves memory, and the next version goes on with the data "
                         "of this one",
                         "compile it with -fno-gnu-unique (clang makes none) and -fvisibility=hidden" CMAKE_WAY },
    [FINDING_NODELETE] = { "nodelete", MESH_E_DATA, HINDERS_UNLOAD, false,
                           "each version of it stays in memory until the host ends", "link it without -z nodelete" },

    [FINDING_TRIAL] = { "trial", MESH_E_AGENT_DIED, HINDERS_LOAD, false,
                        "a host tries each file in a process of its own before it loads it",
                        "let constructors touch their own memory only; open files, sockets and threads in start" },
    [FINDING_LOADER] = { "loader", MESH_E_DATA, HINDERS_LOAD, false, NULL, NULL },
    [FINDING_MISSING_LIBRARY] = { "missing-library", MESH_E_DATA, HINDERS_LOAD, false, NULL,
                                  "install that library, or link the plugin without it" },
    [FINDING_UNDEFINED] = { "undefined-symbols", MESH_E_DATA, HINDERS_LOAD, false,
                            "a host binds all symbols when it loads a plugin, so that none is missing later",
                            "link it with the library that defines them; -Wl,-z,defs tells of them when it is "
                            "built" CMAKE_WAY },
    [FINDING_FOREIGN_ENTRY] = { "foreign-entry", MESH_E_DATA, HINDERS_LOAD, false,
                                "a library that it is linked to is a plugin, it is none itself",
                                "end its source with MESH_PLUGIN(), and do not link plugins to plugins" },
    [FINDING_ABI] = { "abi", MESH_E_INCOMPATIBLE, HINDERS_LOAD, false, NULL,
                      "build it with the headers of the agentmesh that the host runs, or upgrade the host" },
    [FINDING_ENTRY] = { "entry", MESH_E_DATA, HINDERS_LOAD, false, NULL,
                        "write it with MESH_PLUGIN() or MESH_PLUGIN_WITH(), and sizes with sizeof" },

    [FINDING_SCHEMA] = { "schema", MESH_E_INVALID_ARGUMENT, HINDERS_SERVE, false,
                         "an agent is served only with schemas that can be checked",
                         "mend the schema; 'agentmesh check-schema FILE' tells the same of a file" },
    [FINDING_AGENT] = { "agent", MESH_E_INVALID_ARGUMENT, HINDERS_SERVE, false, NULL,
                        "mend that agent; <agentmesh/agent.h> tells the rules" },
    [FINDING_CLASH] = { "name-clash", MESH_E_EXISTS, HINDERS_SERVE, false,
                        "a name is served by one plugin; the other waits until that one leaves",
                        "give one of the agents another name, or remove one of the plugins" },
    [FINDING_NO_AGENTS] = { "no-agents", MESH_E_DATA, HINDERS_SERVE, false, NULL,
                            "name its agents in MESH_PLUGIN(), or register them in start" },

    [FINDING_THREAD] = { "thread", MESH_E_DATA, HINDERS_UNLOAD, false,
                         "what still runs cannot be unloaded, and starts again in each trial load",
                         "start threads in start, and end them in stop" },
    [FINDING_DESTRUCTOR] = { "destructor", MESH_E_DATA, HINDERS_UNLOAD, false,
                             "destructors run in the host when a version is unloaded",
                             "let destructors touch their own memory only; give back the rest in stop" },
    [FINDING_STAYS] = { "stays", MESH_E_DATA, HINDERS_UNLOAD, false,
                        "each version of it stays in memory until the host ends",
                        "look for thread-local objects with destructors, and for libraries that are linked to it" },
};

enum finding finding_find(const char *code)
{
    size_t kind = 0;
    while (kind < FINDING_COUNT && strcmp(finding_kinds[kind].code, code) != 0)
        kind++;
    return (enum finding)kind;
}

/* ---- the list ---- */

static void clear_found(struct found *found)
{
    free(found->text);
    free(found->remedy);
}

void findings_clear(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        clear_found(&findings->items[i]);
    free(findings->items);
    *findings = (struct findings){ 0 };
}

static bool is_there(const struct findings *findings, enum finding kind, const char *text)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].kind == kind && strcmp(findings->items[i].text, text) == 0)
            return true;
    return false;
}

void findings_put(struct findings *findings, enum finding kind, const char *text, const char *remedy)
{
    if (is_there(findings, kind, text))
        return;
    struct found *items = reallocarray(findings->items, findings->count + 1, sizeof(*items));
    if (items)
        findings->items = items;
    struct found found = { kind, strdup(text), remedy ? strdup(remedy) : NULL };
    if (!items || !found.text || (remedy && !found.remedy)) {
        clear_found(&found);
        findings->failed = true;
        return;
    }
    items[findings->count++] = found;
}

void findings_add(struct findings *findings, enum finding kind, const char *text)
{
    findings_put(findings, kind, text, finding_kinds[kind].remedy);
}

void findings_addv(struct findings *findings, enum finding kind, const char *format, va_list args)
{
    auto_buf struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_vprintf(&text, format, args);
    if (buf_failed(&text))
        findings->failed = true;
    else
        findings_add(findings, kind, buf_text(&text));
}

void findings_addf(struct findings *findings, enum finding kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    findings_addv(findings, kind, format, args);
    va_end(args);
}

void findings_add_error(struct findings *findings, enum finding kind, const mesh_error *err, const char *separator)
{
    const char *text = mesh_error_text(err);
    const char *end = strstr(text, separator);
    auto_free char *before = end ? strndup(text, (size_t)(end - text)) : strdup(text);
    if (!before)
        findings->failed = true;
    else
        findings_put(findings, kind, before, end ? end + strlen(separator) : finding_kinds[kind].remedy);
}

bool findings_has(const struct findings *findings, enum finding kind)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].kind == kind)
            return true;
    return false;
}

void findings_drop(struct findings *findings, enum finding kind)
{
    size_t kept = 0;
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].kind == kind)
            clear_found(&findings->items[i]);
        else
            findings->items[kept++] = findings->items[i];
    }
    findings->count = kept;
}

bool findings_end(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (finding_kinds[findings->items[i].kind].is_last)
            return true;
    return false;
}

unsigned findings_hinder(const struct findings *findings)
{
    unsigned hinders = 0;
    for (size_t i = 0; i < findings->count; i++)
        hinders |= finding_kinds[findings->items[i].kind].hinders;
    return hinders;
}
