/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/entry.h"

#include <stdint.h>
#include <string.h>

#include "suite.h"

static mesh_status call(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set(err, MESH_E_MESH, "never called");
}

static const mesh_agent echo = MESH_RESPONDER("echo", "Echoes.", call, "{}", "{}");
static const mesh_agent *const agents[] = { &echo, NULL };

/* An entry as a compiler of another time may have written it: ours, with room behind it. */
struct later {
    mesh_plugin plugin;
    unsigned char beyond[8192];
};

static struct later later_of(size_t size)
{
    struct later later = { .plugin = { MESH_PLUGIN_MAGIC, MESH_PLUGIN_ABI, 0, 0x000400, 0, "1.0.0", agents, NULL, NULL,
                                       NULL, NULL, NULL } };
    later.plugin.size = size;
    return later;
}

static void expect_refused(const struct later *later, size_t available, mesh_status status, const char *text)
{
    struct entry entry;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(entry_read(later, available, &entry, &err), status);
    expect_contains(mesh_error_text(&err), text);
    mesh_error_clear(&err);
}

static void an_entry_is_read_with_its_agents(void)
{
    struct later later = later_of(sizeof(mesh_plugin));
    struct entry entry;
    expect_int(entry_read(&later, sizeof(later), &entry, NULL), MESH_OK);
    expect_str(entry.plugin.version, "1.0.0");
    expect_int(entry.agent_count, 1);
    expect_str(entry.agents[0].name, "echo");
    entry_clear(&entry);
}

static void an_entry_without_agents_is_fine(void)
{
    struct later later = later_of(sizeof(mesh_plugin));
    struct entry entry;
    later.plugin.agents = NULL;
    later.plugin.version = NULL;
    expect_int(entry_read(&later, sizeof(later), &entry, NULL), MESH_OK);
    expect_int(entry.agent_count, 0);
    entry_clear(&entry);
}

static void fields_of_a_later_version_are_fine_while_they_are_zero(void)
{
    struct later later = later_of(sizeof(mesh_plugin) + 64);
    struct entry entry;
    expect_int(entry_read(&later, sizeof(later), &entry, NULL), MESH_OK);
    entry_clear(&entry);

    later.beyond[63] = 1;
    expect_refused(
        &later, sizeof(later), MESH_E_INCOMPATIBLE,
        "it sets a field that this host does not know: it is built for agentmesh 0.4.0, this agentmeshd runs");
    later.beyond[63] = 0;
    later.beyond[64] = 1;
    expect_int(entry_read(&later, sizeof(later), &entry, NULL), MESH_OK);
    entry_clear(&entry);
}

static void flags_of_a_later_version_are_refused(void)
{
    struct later later = later_of(sizeof(mesh_plugin));
    later.plugin.flags = 8;
    expect_refused(&later, sizeof(later), MESH_E_INCOMPATIBLE, "it sets a flag that this host does not know");
}

static void sizes_out_of_bounds_are_refused(void)
{
    static const size_t sizes[] = { 0, 1, 16, sizeof(mesh_plugin) - 1, 4097, SIZE_MAX };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct later later = later_of(sizes[i]);
        expect_refused(&later, sizeof(later), MESH_E_DATA, "says that it has");
    }
}

static void a_size_beyond_the_symbol_is_refused(void)
{
    struct later later = later_of(sizeof(mesh_plugin) + 8);
    expect_refused(&later, sizeof(mesh_plugin), MESH_E_DATA, "says that it has");
    expect_refused(&later, 3, MESH_E_DATA, "too few");
}

static void another_abi_is_named(void)
{
    struct later later = later_of(sizeof(mesh_plugin));
    later.plugin.abi = 7;
    expect_refused(&later, sizeof(later), MESH_E_INCOMPATIBLE, "built for plugin ABI 7, this agentmeshd runs ABI 1");
    later.plugin.magic = 0;
    expect_refused(&later, sizeof(later), MESH_E_DATA, "does not begin as one");
}

static void an_agent_of_a_later_version_is_refused_by_its_place(void)
{
    struct {
        mesh_agent agent;
        uint64_t beyond;
    } next = { echo, 1 };
    next.agent.size = sizeof(next);
    const mesh_agent *const list[] = { &echo, &next.agent, NULL };
    struct later later = later_of(sizeof(mesh_plugin));
    later.plugin.agents = list;
    expect_refused(&later, sizeof(later), MESH_E_INCOMPATIBLE, "agent 2 of its list");
    next.beyond = 0;
    struct entry entry;
    expect_int(entry_read(&later, sizeof(later), &entry, NULL), MESH_OK);
    expect_int(entry.agent_count, 2);
    entry_clear(&entry);
}

/* What a wrong bit makes of a pointer, in turn: nothing is mapped at either. */
static const uintptr_t astray[] = { 0x10, 0x7fffdead00001000 };

static void pointers_that_lead_nowhere_are_refused(void)
{
    for (size_t i = 0; i < sizeof(astray) / sizeof(astray[0]); i++) {
        mesh_agent wrong = echo;
        const mesh_agent *const wrong_agent[] = { (const mesh_agent *)astray[i], NULL };
        const mesh_agent *const wrong_text[] = { &wrong, NULL };
        struct later later = later_of(sizeof(mesh_plugin));

        later.plugin.agents = (const mesh_agent *const *)astray[i];
        expect_refused(&later, sizeof(later), MESH_E_DATA, "its list of agents points outside its memory");
        later.plugin.agents = wrong_agent;
        expect_refused(&later, sizeof(later), MESH_E_DATA, "agent 1 of its list: the list points outside its memory");
        later.plugin.agents = wrong_text;
        wrong.description = (const char *)astray[i];
        expect_refused(&later, sizeof(later), MESH_E_DATA, "one of its texts points outside its memory");
        wrong = echo;
        wrong.sources = (const mesh_source *const *)astray[i];
        expect_refused(&later, sizeof(later), MESH_E_DATA, "its list of sources points outside its memory");
        wrong.sources = (const mesh_source *const[]){ (const mesh_source *)astray[i], NULL };
        expect_refused(&later, sizeof(later), MESH_E_DATA, "one of its sources points outside its memory");
        const mesh_source source = { sizeof(source), (const char *)astray[i], NULL, NULL, 0, 0 };
        wrong.sources = (const mesh_source *const[]){ &source, NULL };
        expect_refused(&later, sizeof(later), MESH_E_DATA, "a text of its sources points outside its memory");
        wrong = echo;
        wrong.active_when = (const mesh_gate *)astray[i];
        expect_refused(&later, sizeof(later), MESH_E_DATA, "its gate points outside its memory");
        const mesh_gate gate = { sizeof(gate), (const char *)astray[i], NULL, NULL, 0, 0 };
        wrong.active_when = &gate;
        expect_refused(&later, sizeof(later), MESH_E_DATA, "a text of its gate points outside its memory");
        later = later_of(sizeof(mesh_plugin));
        later.plugin.version = (const char *)astray[i];
        expect_refused(&later, sizeof(later), MESH_E_DATA, "its version points outside its memory");
    }
}

SUITE(host_plugin_entry, TEST(an_entry_is_read_with_its_agents), TEST(an_entry_without_agents_is_fine),
      TEST(fields_of_a_later_version_are_fine_while_they_are_zero), TEST(flags_of_a_later_version_are_refused),
      TEST(sizes_out_of_bounds_are_refused), TEST(a_size_beyond_the_symbol_is_refused), TEST(another_abi_is_named),
      TEST(an_agent_of_a_later_version_is_refused_by_its_place), TEST(pointers_that_lead_nowhere_are_refused))
