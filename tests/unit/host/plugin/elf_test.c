/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/elf.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "suite.h"

/* A plugin as the compiler made it (PLUGIN, from CMake), in memory that may be written to. */
struct bytes {
    char *data;
    size_t len;
};

static void bytes_clear(struct bytes *bytes)
{
    free(bytes->data);
}

#define auto_bytes __attribute__((cleanup(bytes_clear)))

static struct bytes read_file(const char *path)
{
    struct buf file;
    buf_init(&file, 64 << 20);
    if (file_read(path, &file, NULL) != MESH_OK) {
        fprintf(stderr, "cannot read '%s'\n", path);
        exit(1);
    }
    size_t len = file.len;
    return (struct bytes){ buf_take(&file), len };
}

static ElfW(Ehdr) * header_of(const struct bytes *bytes)
{
    return (ElfW(Ehdr) *)(void *)bytes->data;
}

static ElfW(Phdr) * segment_of(const struct bytes *bytes, unsigned type)
{
    ElfW(Phdr) *segments = (ElfW(Phdr) *)(void *)(bytes->data + header_of(bytes)->e_phoff);
    for (size_t i = 0; i < header_of(bytes)->e_phnum; i++) {
        if (segments[i].p_type == type)
            return &segments[i];
    }
    return NULL;
}

static ElfW(Dyn) * entry_of(const struct bytes *bytes, ElfW(Sxword) tag)
{
    ElfW(Dyn) *entry = (ElfW(Dyn) *)(void *)(bytes->data + segment_of(bytes, PT_DYNAMIC)->p_offset);
    for (; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == tag)
            return entry;
    }
    return NULL;
}

/* What is loaded to an address. */
static void *at_address(const struct bytes *bytes, ElfW(Addr) address)
{
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(void *)(bytes->data + header_of(bytes)->e_phoff);
    for (size_t i = 0; i < header_of(bytes)->e_phnum; i++) {
        const ElfW(Phdr) *segment = &segments[i];
        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr && address < segment->p_vaddr + segment->p_filesz)
            return bytes->data + segment->p_offset + (address - segment->p_vaddr);
    }
    return NULL;
}

/* Change a name wherever it stands; both have the same length. */
static void rename_all(const struct bytes *bytes, const char *from, const char *to)
{
    size_t len = strlen(from);
    for (size_t i = 0; i + len <= bytes->len; i++) {
        if (memcmp(bytes->data + i, from, len) == 0)
            memcpy(bytes->data + i, to, len);
    }
}

/* A copy of its own for each length, so that a sanitizer sees a read beyond the end. */
static mesh_status check_first(const struct bytes *bytes, size_t len)
{
    struct elf_facts facts;
    auto_free char *copy = malloc(len + 1);
    memcpy(copy, bytes->data, len);
    char *shrunk = realloc(copy, len ? len : 1);
    copy = shrunk ? shrunk : copy;
    return elf_check(mesh_bytes_of(copy, len), "0.1.0", &facts, NULL);
}

static void expect_refusal_by(const struct bytes *bytes, const char *version, mesh_status status, const char *text)
{
    mesh_error err = MESH_ERROR_INIT;
    struct elf_facts facts;
    expect_int(elf_check(mesh_bytes_of(bytes->data, bytes->len), version, &facts, &err), status);
    expect_contains(mesh_error_text(&err), text);
    mesh_error_clear(&err);
}

static void expect_refusal(const struct bytes *bytes, mesh_status status, const char *text)
{
    expect_refusal_by(bytes, "0.1.0", status, text);
}

/* ---- what is accepted ---- */

static void a_plugin_is_accepted(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    struct elf_facts facts;
    expect_int(elf_check(mesh_bytes_of(plugin.data, plugin.len), "0.1.0", &facts, NULL), MESH_OK);
    expect_false(facts.never_unloads);
    expect_false(facts.asks_for_neighbours);
    expect_int(facts.unique_symbols, 0);
}

static void a_plugin_without_sections_is_accepted(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    header_of(&plugin)->e_shoff = header_of(&plugin)->e_shnum = 0;
    expect_int(check_first(&plugin, plugin.len), MESH_OK);
}

static void what_will_not_unload_is_told(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    struct elf_facts facts;
    ElfW(Dyn) *flags = entry_of(&plugin, DT_FLAGS_1);
    if (!flags) {
        skip("this linker writes no DT_FLAGS_1");
        return;
    }
    flags->d_un.d_val |= DF_1_NODELETE;
    expect_int(elf_check(mesh_bytes_of(plugin.data, plugin.len), "0.1.0", &facts, NULL), MESH_OK);
    expect_true(facts.never_unloads);
}

/* ---- what is not whole ---- */

static void every_truncation_is_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    const ElfW(Ehdr) *header = header_of(&plugin);
    size_t needed = header->e_shoff + (size_t)header->e_shnum * sizeof(ElfW(Shdr)), accepted = 0;
    for (size_t len = 0; len < needed; len++)
        accepted += check_first(&plugin, len) == MESH_OK;
    expect_int(accepted, 0);
}

static void every_truncation_without_sections_is_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    ElfW(Ehdr) *header = header_of(&plugin);
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(void *)(plugin.data + header->e_phoff);
    size_t needed = 0, accepted = 0;
    for (size_t i = 0; i < header->e_phnum; i++) {
        size_t end = segments[i].p_offset + segments[i].p_filesz;
        needed = segments[i].p_type == PT_LOAD && end > needed ? end : needed;
    }
    header->e_shoff = header->e_shnum = 0;
    for (size_t len = 0; len < needed; len++)
        accepted += check_first(&plugin, len) == MESH_OK;
    expect_int(accepted, 0);
}

static void a_zero_filled_tail_is_survived(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    for (size_t len = plugin.len; len > 0; len -= len > 64 ? 64 : len) {
        memset(plugin.data + len - 1, 0, plugin.len - len + 1);
        check_first(&plugin, plugin.len);
    }
    memset(plugin.data, 0, plugin.len);
    expect_refusal(&plugin, MESH_E_DATA, "not a shared object");
}

static void any_wrong_byte_is_survived(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    struct elf_facts facts;
    for (size_t i = 0; i < plugin.len; i++) {
        char right = plugin.data[i];
        plugin.data[i] = (char)~right;
        elf_check(mesh_bytes_of(plugin.data, plugin.len), "0.1.0", &facts, NULL);
        plugin.data[i] = right;
    }
    expect_int(check_first(&plugin, plugin.len), MESH_OK);
}

/* ---- what would have the loader write or read somewhere else ---- */

static void relocations_stay_inside(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    ElfW(Rela) *relocation = at_address(&plugin, entry_of(&plugin, DT_RELA)->d_un.d_ptr);
    ElfW(Rela) right = *relocation;
    relocation->r_offset = (ElfW(Addr))1 << 30;
    expect_refusal(&plugin, MESH_E_DATA, "the loader would write outside of it");
    *relocation = right;
    relocation->r_offset = 0; /* the header, which is not to be written to */
    expect_refusal(&plugin, MESH_E_DATA, "the loader would write outside of it");
    *relocation = right;
    relocation->r_info = ELF64_R_INFO(0xffffff, ELF64_R_TYPE(right.r_info));
    expect_refusal(&plugin, MESH_E_DATA, "a symbol that it does not have");
    *relocation = right;
    expect_int(check_first(&plugin, plugin.len), MESH_OK);
}

static void constructors_are_inside(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    ElfW(Addr) constructors = entry_of(&plugin, DT_INIT_ARRAY)->d_un.d_ptr;
    ElfW(Rela) *relocation = at_address(&plugin, entry_of(&plugin, DT_RELA)->d_un.d_ptr);
    while (relocation->r_offset != constructors)
        relocation++;
    relocation->r_addend ^= 1 << 19;
    expect_refusal(&plugin, MESH_E_DATA, "a function to be called at once lies outside of its code");
}

static void segments_come_in_order(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    ElfW(Phdr) *first = segment_of(&plugin, PT_LOAD);
    ElfW(Phdr) second = first[1];
    first[1] = first[0];
    first[0] = second;
    expect_refusal(&plugin, MESH_E_DATA, "its segments are not in order");
}

static void only_its_own_memory_becomes_read_only(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    segment_of(&plugin, PT_GNU_RELRO)->p_memsz += 1 << 20;
    expect_refusal(&plugin, MESH_E_DATA, "what is to become read-only lies outside of it");
}

static void symbols_have_versions_that_exist(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    uint16_t *versions = at_address(&plugin, entry_of(&plugin, DT_VERSYM)->d_un.d_ptr);
    versions[1] = 0x7000;
    expect_refusal(&plugin, MESH_E_DATA, "no name or no version");
}

/* ---- what is no plugin ---- */

static void what_is_no_shared_object_is_named(void)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        { "", "it is empty" },
        { "hello\n", "it is not a shared object" },
        { "\177EL", "it is not a shared object" },
        { "\177ELF", "it is not whole" },
        { "!<arch>\n", "it is not a shared object" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes text = { (char *)cases[i].text, strlen(cases[i].text) };
        expect_refusal(&text, MESH_E_DATA, cases[i].reason);
    }
}

static void a_program_is_refused(void)
{
    auto_bytes struct bytes program = read_file("/proc/self/exe");
    expect_refusal(&program, MESH_E_DATA, "program");
}

static void a_library_that_is_no_plugin_is_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    rename_all(&plugin, "mesh_plugin_entry", "mash_plugin_entry");
    expect_refusal(&plugin, MESH_E_DATA, "it exports no 'mesh_plugin_entry'");
}

static void another_machine_is_named(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    header_of(&plugin)->e_machine = header_of(&plugin)->e_machine == EM_AARCH64 ? EM_RISCV : EM_AARCH64;
    expect_refusal(&plugin, MESH_E_INCOMPATIBLE, "it is built for ");
}

static void another_word_size_is_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    plugin.data[EI_CLASS] = plugin.data[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
    expect_refusal(&plugin, MESH_E_INCOMPATIBLE, "word size");
}

/* ---- what no host should load ---- */

static void an_executable_stack_is_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    segment_of(&plugin, PT_GNU_STACK)->p_flags |= PF_X;
    expect_refusal(&plugin, MESH_E_DATA, "executable stack");
    segment_of(&plugin, PT_GNU_STACK)->p_type = PT_NULL;
    expect_refusal(&plugin, MESH_E_DATA, "executable stack");
}

static void text_relocations_are_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    ElfW(Dyn) *spare = entry_of(&plugin, DT_RELACOUNT);
    if (!spare) {
        skip("this linker writes no entry that can be spared");
        return;
    }
    spare->d_tag = DT_TEXTREL;
    expect_refusal(&plugin, MESH_E_DATA, "-fPIC");
}

static void another_soname_of_ours_is_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    rename_all(&plugin, "libagentmesh.so.0", "libagentmesh.so.7");
    expect_refusal(&plugin, MESH_E_INCOMPATIBLE,
                   "it is built for libagentmesh.so.7, this agentmeshd runs libagentmesh.so.0");
}

static void a_newer_version_is_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN);
    expect_refusal_by(&plugin, "0.0.9", MESH_E_INCOMPATIBLE, "this agentmeshd runs 0.0.9");
    rename_all(&plugin, "AGENTMESH_0.1", "AGENTMESH_4.0");
    expect_refusal(&plugin, MESH_E_INCOMPATIBLE, "it is built for agentmesh 4.0, this agentmeshd runs 0.1.0");
}

static void a_bundled_copy_of_the_library_is_refused(void)
{
    auto_bytes struct bytes plugin = read_file(PLUGIN_WITH_COPY);
    expect_refusal(&plugin, MESH_E_INCOMPATIBLE, "a copy of libagentmesh of its own");
}

SUITE(host_plugin_elf, TEST(a_plugin_is_accepted), TEST(a_plugin_without_sections_is_accepted),
      TEST(what_will_not_unload_is_told), TEST(every_truncation_is_refused),
      TEST(every_truncation_without_sections_is_refused), TEST(a_zero_filled_tail_is_survived),
      TEST(any_wrong_byte_is_survived), TEST(relocations_stay_inside), TEST(constructors_are_inside),
      TEST(segments_come_in_order), TEST(only_its_own_memory_becomes_read_only), TEST(symbols_have_versions_that_exist),
      TEST(what_is_no_shared_object_is_named), TEST(a_program_is_refused), TEST(a_library_that_is_no_plugin_is_refused),
      TEST(another_machine_is_named), TEST(another_word_size_is_refused), TEST(an_executable_stack_is_refused),
      TEST(text_relocations_are_refused), TEST(another_soname_of_ours_is_refused), TEST(a_newer_version_is_refused),
      TEST(a_bundled_copy_of_the_library_is_refused))
