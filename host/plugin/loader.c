/* SPDX-License-Identifier: Apache-2.0 */
/* The dynamic loader. */
#include "plugin/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Notes are padded to words. */
#define ROUND(size) (((size_t)(size) + 3) & ~(size_t)3)

/* What to do about refusals whose text alone does not tell. */
static const char *advice(const char *text)
{
    static const struct {
        const char *text, *advice;
    } known[] = {
        { "cannot open shared object file", ": install that library, then reload" },
        { "undefined symbol: mesh_", ": it is built for a newer agentmesh, or with a misspelt name" },
        { "undefined symbol", ": link it with the library that defines the symbol (-Wl,-z,defs tells when building)" },
        { "static TLS block", ": start agentmeshd with GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384" },
        { "failed to map", ": the state folder must not be mounted noexec" },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strstr(text, known[i].text))
            return known[i].advice;
    }
    return "";
}

/* The loader's own text, without the path of our private copy, which nobody knows. */
static mesh_status explain(const char *path, mesh_error *err)
{
    const char *text = dlerror();
    if (!text)
        text = "no reason given";
    size_t len = strlen(path);
    if (strncmp(text, path, len) == 0 && strncmp(text + len, ": ", 2) == 0)
        text += len + 2;
    return mesh_error_set(err, MESH_E_DATA, "it cannot be loaded: %s%s", text, advice(text));
}

static bool is_loaded(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (handle)
        dlclose(handle);
    return handle;
}

/* Whether any page of a file is in memory. */
static bool is_mapped(const char *path)
{
    enum { CHUNK = 1 << 18, MAX_PATH = 4096 };
    auto_free char *text = malloc(CHUNK + MAX_PATH + 1);
    auto_fd int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t kept = 0;
    if (!text || fd < 0)
        return false;
    for (ssize_t got; (got = read(fd, text + kept, CHUNK)) > 0;) {
        size_t len = kept + (size_t)got;
        text[len] = '\0';
        if (strstr(text, path))
            return true;
        kept = len < MAX_PATH ? len : MAX_PATH; /* the path may stand across two reads */
        memmove(text, text + len - kept, kept);
    }
    return false;
}

/* Whether anything is in memory at an address; the table of all mappings is long when there are many plugins. */
static bool is_in_memory(const void *address)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char resident;
    return mincore((void *)((uintptr_t)address & ~(page - 1)), page, &resident) == 0 || errno != ENOMEM;
}

mesh_status loader_open(const char *path, void **ret_handle, mesh_error *err)
{
    if (is_loaded(path))
        return mesh_error_set(err, MESH_E_EXISTS, "'%s' is loaded already", path);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return explain(path, err);
    *ret_handle = handle;
    return MESH_OK;
}

mesh_status loader_find(void *handle, const char *name, const void **ret_symbol, size_t *ret_size, mesh_error *err)
{
    const void *symbol = dlsym(handle, name);
    struct link_map *own = NULL, *definer = NULL;
    Dl_info info;
    if (symbol && dlinfo(handle, RTLD_DI_LINKMAP, &own) == 0 &&
        dladdr1(symbol, &info, (void **)&definer, RTLD_DL_LINKMAP) != 0 && definer != own)
        return mesh_error_set(err, MESH_E_DATA, "its '%s' is that of '%s', which it is linked to", name,
                              info.dli_fname);
    const ElfW(Sym) *entry = NULL;
    if (!symbol || !own || dladdr1(symbol, &info, (void **)&entry, RTLD_DL_SYMENT) == 0 || !entry)
        return mesh_error_set(err, MESH_E_DATA, "it exports no '%s'", name);
    *ret_symbol = symbol;
    *ret_size = entry->st_size;
    return MESH_OK;
}

uintptr_t loader_base(void *handle)
{
    struct link_map *map = NULL;
    return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 ? (uintptr_t)map->l_addr : 0;
}

/* ---- build ids ---- */

struct wanted {
    uintptr_t address;
    char *id;
};

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && address >= begin && address - begin < segment->p_memsz)
            return true;
    }
    return false;
}

static void write_id(const unsigned char *bytes, size_t count, char *id)
{
    for (size_t i = 0; i < count && 2 * i + 2 < ELF_BUILD_ID_SIZE; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

static void read_notes(const char *at, size_t len, char *id)
{
    while (len >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)at;
        const char *name = at + sizeof(*note), *content = name + ROUND(note->n_namesz);
        size_t size = sizeof(*note) + ROUND(note->n_namesz) + ROUND(note->n_descsz);
        if (size > len)
            return;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0)
            write_id((const unsigned char *)content, note->n_descsz, id);
        at += size;
        len -= size;
    }
}

static int read_id(struct dl_phdr_info *info, size_t size, void *closure)
{
    const struct wanted *wanted = closure;
    (void)size;
    if (!holds(info, wanted->address))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_NOTE)
            read_notes((const char *)(info->dlpi_addr + segment->p_vaddr), segment->p_memsz, wanted->id);
    }
    return 1;
}

void loader_build_id(const void *address, char ret_id[ELF_BUILD_ID_SIZE])
{
    struct wanted wanted = { (uintptr_t)address, ret_id };
    ret_id[0] = '\0';
    dl_iterate_phdr(read_id, &wanted);
}

/* ---- symbols ---- */

bool loader_owns(void *handle, const void *address)
{
    struct link_map *own = NULL, *owner = NULL;
    Dl_info info;
    return dlinfo(handle, RTLD_DI_LINKMAP, &own) == 0 &&
           dladdr1(address, &info, (void **)&owner, RTLD_DL_LINKMAP) != 0 && owner == own;
}

mesh_status loader_close(void *handle, const char *path, mesh_error *err)
{
    struct link_map *map = NULL;
    const void *inside = dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 ? (const void *)map->l_ld : handle;
    dlclose(handle);
    if (!is_loaded(path) && (!is_in_memory(inside) || !is_mapped(path)))
        return MESH_OK;
    return mesh_error_set(err, MESH_E_SYSTEM, "the loader keeps it in memory");
}
