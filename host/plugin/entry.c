/* SPDX-License-Identifier: Apache-2.0 */
/* What a loaded plugin exports. */
#include "plugin/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "plugin/elf.h"
#include "plugin/loader.h"
#include "plugin/reach.h"

enum {
    FIRST_SIZE = offsetof(mesh_plugin, restore) + sizeof(void (*)(void)), /* of the first release */
    MAX_SIZE = 4096,
    MAX_TEXT = 64 << 20
};

/* "0.4.0" of a version number as headers write it. */
static const char *version_text(uint32_t version, char text[16])
{
    snprintf(text, 16, "%u.%u.%u", (unsigned)(version >> 16 & 0xff), (unsigned)(version >> 8 & 0xff),
             (unsigned)(version & 0xff));
    return text;
}

static mesh_status unknown_field(const mesh_plugin *plugin, const char *what, mesh_error *err)
{
    char version[16];
    return mesh_error_set(
        err, MESH_E_INCOMPATIBLE,
        "it sets a %s that this host does not know: it is built for agentmesh %s, this agentmeshd runs "
        "%s",
        what, version_text(plugin->header_version, version), mesh_version());
}

static mesh_status check_abi(const mesh_plugin *plugin, size_t available, mesh_error *err)
{
    if (plugin->magic != MESH_PLUGIN_MAGIC)
        return mesh_error_set(err, MESH_E_DATA, "its '%s' does not begin as one: write it with MESH_PLUGIN()",
                              ELF_ENTRY);
    if (plugin->abi != MESH_PLUGIN_ABI)
        return mesh_error_set(err, MESH_E_INCOMPATIBLE,
                              "it is built for plugin ABI %u, this agentmeshd runs ABI %u: build it again",
                              (unsigned)plugin->abi, (unsigned)MESH_PLUGIN_ABI);
    if (plugin->size < FIRST_SIZE || plugin->size > MAX_SIZE || plugin->size > available)
        return mesh_error_set(err, MESH_E_DATA,
                              "its '%s' says that it has %zu bytes; it has %zu, and %d to %d are possible", ELF_ENTRY,
                              plugin->size, available, (int)FIRST_SIZE, (int)MAX_SIZE);
    return MESH_OK;
}

/* Copy what the plugin's size covers over zeroes; what lies beyond our own knowledge must be zero. */
static mesh_status read_plugin(const void *foreign, size_t size, mesh_plugin *ret_plugin, mesh_error *err)
{
    mesh_plugin plugin = { 0 };
    if (size < FIRST_SIZE)
        return mesh_error_set(err, MESH_E_DATA, "its '%s' has %zu bytes, too few for one", ELF_ENTRY, size);
    memcpy(&plugin, foreign, FIRST_SIZE);
    mesh_status status = check_abi(&plugin, size, err);
    if (status != MESH_OK)
        return status;

    const unsigned char *bytes = foreign;
    for (size_t i = sizeof(plugin); i < plugin.size; i++) {
        if (bytes[i] != 0)
            return unknown_field(&plugin, "field", err);
    }
    memcpy(&plugin, foreign, plugin.size < sizeof(plugin) ? plugin.size : sizeof(plugin));
    if (plugin.flags & ~(uint32_t)MESH_PLUGIN_EXCLUSIVE)
        return unknown_field(&plugin, "flag", err);
    *ret_plugin = plugin;
    return MESH_OK;
}

static mesh_status points_astray(const char *what, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_DATA, "%s points outside its memory, or does not end: copy or build it again",
                          what);
}

static bool add_text(struct entry *entry, const char *text)
{
    size_t len;
    bool reached = reach_text(text, MAX_TEXT, &len);
    entry->text_len += len;
    return reached;
}

static mesh_status walk_tags(struct entry *entry, const mesh_agent *agent, mesh_error *err)
{
    for (const char *const *tag = agent->tags; tag; tag++) {
        if (!reach_bytes(tag, sizeof(*tag)))
            return points_astray("its list of tags", err);
        if (!*tag)
            break;
        if (!add_text(entry, *tag))
            return points_astray("one of its tags", err);
    }
    return MESH_OK;
}

/* Whether a struct that begins with its size is there as far as it says, or far enough to be refused. */
static bool reach_sized(const void *sized)
{
    size_t size;
    if (!reach_bytes(sized, sizeof(size)))
        return false;
    memcpy(&size, sized, sizeof(size));
    return size > MAX_SIZE || reach_bytes(sized, size);
}

static mesh_status walk_sources(struct entry *entry, const mesh_agent *agent, mesh_error *err)
{
    for (const mesh_source *const *at = agent->sources; at; at++) {
        if (!reach_bytes(at, sizeof(*at)))
            return points_astray("its list of sources", err);
        if (!*at)
            break;
        if (!reach_sized(*at))
            return points_astray("one of its sources", err);
        const mesh_source *source = *at;
        if (source->size >= sizeof(*source) && source->size <= MAX_SIZE &&
            !(add_text(entry, source->subject) && add_text(entry, source->keys) && add_text(entry, source->queue)))
            return points_astray("a text of its sources", err);
    }
    return MESH_OK;
}

static mesh_status walk_gate(struct entry *entry, const mesh_agent *agent, mesh_error *err)
{
    const mesh_gate *gate = agent->active_when;
    if (!gate)
        return MESH_OK;
    if (!reach_sized(gate))
        return points_astray("its gate", err);
    if (gate->size >= sizeof(*gate) && gate->size <= MAX_SIZE &&
        !(add_text(entry, gate->key) && add_text(entry, gate->subject)))
        return points_astray("a text of its gate", err);
    return MESH_OK;
}

/* Everything that a spec points to, to its end. */
static mesh_status walk_spec(struct entry *entry, const mesh_agent *agent, mesh_error *err)
{
    const char *const texts[] = { agent->name,         agent->description,   agent->version,
                                  agent->input_schema, agent->output_schema, agent->message_schema };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!add_text(entry, texts[i]))
            return points_astray("one of its texts", err);
    mesh_status status = walk_tags(entry, agent, err);
    if (status == MESH_OK)
        status = walk_sources(entry, agent, err);
    return status == MESH_OK ? walk_gate(entry, agent, err) : status;
}

static mesh_status read_spec(struct entry *entry, const mesh_agent *listed, mesh_agent *ret_agent, mesh_error *err)
{
    bool reached =
        reach_bytes(listed, sizeof(listed->size)) && (listed->size > MAX_SIZE || reach_bytes(listed, listed->size));
    mesh_status status = reached ? mesh_agent_read(listed, ret_agent, err) : points_astray("the list", err);
    return status == MESH_OK ? walk_spec(entry, ret_agent, err) : status;
}

static mesh_status count_agents(const mesh_agent *const *listed, size_t *ret_count, mesh_error *err)
{
    for (size_t count = 0;; count++) {
        if (listed && !reach_bytes(&listed[count], sizeof(*listed)))
            return points_astray("its list of agents", err);
        if (!listed || !listed[count]) {
            *ret_count = count;
            return MESH_OK;
        }
    }
}

static mesh_status read_agents(struct entry *entry, mesh_error *err)
{
    const mesh_agent *const *listed = entry->plugin.agents;
    size_t count = 0;
    mesh_status counted = count_agents(listed, &count, err);
    if (counted != MESH_OK)
        return counted;
    entry->agents = calloc(count + 1, sizeof(*entry->agents));
    if (!entry->agents)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");

    for (size_t i = 0; i < count; i++) {
        mesh_status status = read_spec(entry, listed[i], &entry->agents[i], err);
        if (status != MESH_OK)
            return mesh_error_prefix(err, status, "agent %zu of its list", i + 1);
    }
    entry->agent_count = count;
    if (entry->text_len > MAX_TEXT)
        return mesh_error_set(err, MESH_E_TOO_LARGE, "names and schemas of its agents have %zu bytes, more than %d",
                              entry->text_len, (int)MAX_TEXT);
    return MESH_OK;
}

mesh_status entry_read(const void *foreign, size_t size, struct entry *ret_entry, mesh_error *err)
{
    struct entry entry = { 0 };
    mesh_status status = read_plugin(foreign, size, &entry.plugin, err);
    if (status == MESH_OK) {
        status = add_text(&entry, entry.plugin.version) ? read_agents(&entry, err) : points_astray("its version", err);
    }
    if (status == MESH_OK)
        status = settings_read(entry.plugin.settings, &entry.settings, err);
    if (status == MESH_OK)
        *ret_entry = entry;
    else
        entry_clear(&entry);
    return status;
}

mesh_status entry_load(void *handle, struct entry *ret_entry, mesh_error *err)
{
    const void *symbol;
    size_t size;
    mesh_status status = loader_find(handle, ELF_ENTRY, &symbol, &size, err);
    if (status == MESH_OK)
        status = entry_read(symbol, size, ret_entry, err);
    return status;
}

void entry_clear(struct entry *entry)
{
    free(entry->agents);
    settings_clear(&entry->settings);
    *entry = (struct entry){ 0 };
}
