/* SPDX-License-Identifier: Apache-2.0 */
/* Why the loader has refused a file. */
#include "plugin/imports.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "plugin/elf.h"

enum { FILE_MAX = 1 << 30, TEXT_MAX = 1 << 20 };

/* Who defines symbols that begin so. The last one stands for all others. */
static const struct origin {
    const char *prefix, *remedy;
} origins[] = {
    { "mesh_", "if it is built for a newer agentmesh, upgrade agentmeshd; else look the names up in its headers" },
    { "cJSON_", "link it with -lcjson" },
    { "natsConnection_", "link it with -lnats, or better do without: mesh_client is the way to the mesh" },
    { "curl_", "link it with -lcurl" },
    { "sqlite3_", "link it with -lsqlite3" },
    { "SSL_", "link it with -lssl -lcrypto" },
    { "EVP_", "link it with -lcrypto" },
    { "pcre2_", "link it with -lpcre2-8" },
    { "inflate", "link it with -lz" },
    { "deflate", "link it with -lz" },
    { "Py", "link it with -lpython3" },
    { "__asan_", "build it without -fsanitize, or agentmeshd with the same" },
    { "__tsan_", "build it without -fsanitize, or agentmeshd with the same" },
    { "__ubsan_", "build it without -fsanitize, or agentmeshd with the same" },
    { "_ZSt", "link it with the C++ compiler, or with -lstdc++" },
    { "_ZNS", "link it with the C++ compiler, or with -lstdc++" },
    { "__cxa_", "link it with the C++ compiler, or with -lstdc++" },
    { "", NULL },
};

enum { ORIGIN_COUNT = sizeof(origins) / sizeof(origins[0]) };

struct search {
    struct findings *findings;
    struct buf folders;               /* that are absolute, each ended by a newline */
    struct buf missing[ORIGIN_COUNT]; /* names of symbols */
    bool lacks_library;
};

/* ---- libraries ---- */

static void add_folders(void *closure, const char *folders)
{
    struct search *search = closure;
    for (const char *at = folders; *at;) {
        size_t len = strcspn(at, ":");
        if (at[0] == '/' && !memchr(at, '$', len) && !memchr(at, '\n', len))
            buf_printf(&search->folders, "%.*s\n", (int)len, at);
        at += len + (at[len] == ':');
    }
}

static bool load(const char *path)
{
    return dlopen(path, RTLD_LAZY | RTLD_GLOBAL);
}

static bool load_from_folders(const struct search *search, const char *name)
{
    const char *at = buf_text(&search->folders);
    while (*at) {
        size_t len = strcspn(at, "\n");
        auto_free char *path = NULL;
        if (asprintf(&path, "%.*s/%s", (int)len, at, name) < 0)
            return false;
        if (load(path))
            return true;
        at += len + 1;
    }
    return false;
}

static void try_library(void *closure, const char *name)
{
    struct search *search = closure;
    if ((!strchr(name, '/') && load_from_folders(search, name)) || load(name))
        return;
    const char *reason = dlerror();
    if (!reason || strncmp(reason, name, strlen(name)) == 0)
        findings_addf(search->findings, FINDING_MISSING_LIBRARY, "it needs '%s', which is not found", name);
    else
        findings_addf(search->findings, FINDING_MISSING_LIBRARY, "it needs '%s', which cannot be loaded: %s", name,
                      reason);
    search->lacks_library = true;
}

/* ---- symbols ---- */

/* With its version, or any: that another version is missing is a reason the loader tells itself. */
static bool is_defined(const char *name, const char *version)
{
    dlerror();
    if (version && dlvsym(RTLD_DEFAULT, name, version))
        return true;
    dlerror();
    return dlsym(RTLD_DEFAULT, name) || !dlerror();
}

static size_t origin_of(const char *name)
{
    size_t origin = 0;
    while (strncmp(name, origins[origin].prefix, strlen(origins[origin].prefix)) != 0)
        origin++;
    return origin;
}

static void try_symbol(void *closure, const char *name, const char *version)
{
    struct search *search = closure;
    if (search->lacks_library || is_defined(name, version))
        return;
    struct buf *names = &search->missing[origin_of(name)];
    buf_printf(names, "%s'%s'", names->len > 0 ? ", " : "", name);
}

static void tell_symbols(const struct search *search)
{
    for (size_t i = 0; i < ORIGIN_COUNT; i++) {
        if (search->missing[i].len == 0)
            continue;
        auto_buf struct buf text;
        buf_init(&text, TEXT_MAX + 64);
        buf_printf(&text, "no library that it is linked to defines %s", buf_text(&search->missing[i]));
        findings_put(search->findings, FINDING_UNDEFINED, buf_text(&text),
                     origins[i].remedy ? origins[i].remedy : finding_kinds[FINDING_UNDEFINED].remedy);
    }
}

void imports_explain(const char *path, struct findings *findings)
{
    struct search search = { .findings = findings };
    const struct elf_import_visitor visitor = { try_library, add_folders, try_symbol, &search };
    auto_buf struct buf file;
    buf_init(&file, FILE_MAX);
    buf_init(&search.folders, TEXT_MAX);
    for (size_t i = 0; i < ORIGIN_COUNT; i++)
        buf_init(&search.missing[i], TEXT_MAX);
    if (file_read(path, &file, NULL) == MESH_OK)
        elf_imports(buf_bytes(&file), &visitor);
    tell_symbols(&search);
    for (size_t i = 0; i < ORIGIN_COUNT; i++)
        buf_clear(&search.missing[i]);
    buf_clear(&search.folders);
}
