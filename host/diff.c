/* SPDX-License-Identifier: Apache-2.0 */
/* The difference between two configs, by the table of keys. */
#include "config.h"

#include <string.h>

#include "keys.h"
#include "text.h"
#include "value.h"

static bool list_has(const struct config_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static bool add_name(struct config_list *names, const char *name)
{
    return list_has(names, name) || list_add(names, name);
}

static bool key_changed(const struct key *key, const struct config *old, const struct config *fresh)
{
    if (key->type == KEY_URL && old->local != fresh->local)
        return true;
    return !value_equal(key, old, fresh);
}

static bool compare_keys(enum section section, const struct config *old, const struct config *fresh,
                         struct config_diff *diff)
{
    bool fits = true;

    for (const struct key *key = NULL; fits && (key = key_next(key, section));) {
        struct config_list *list = key->change == CHANGE_LIVE ? &diff->live : &diff->restart;
        if (key_changed(key, old, fresh))
            fits = list_take(list, text_format("[%s] %s", section_infos[section].word, key->name));
    }
    return fits;
}

/* Whether all keys of two sections are equal; a section that is missing equals one that says nothing. */
static bool sections_equal(enum section section, const void *a, const void *b)
{
    for (const struct key *key = NULL; (key = key_next(key, section));)
        if (!key->not_built && !value_equal(key, a, b))
            return false;
    return true;
}

static bool settings_equal(const char *const *a, const char *const *b)
{
    for (; *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == *b;
}

static bool agents_equal(const struct config_agent *a, const struct config_agent *b)
{
    static const struct config_agent nothing;
    return sections_equal(SECTION_AGENT, a ? a : &nothing, b ? b : &nothing);
}

/* What of one config is different in the other; called both ways, so that sections that are gone are seen too. */
static bool compare_names(const struct config *one, const struct config *other, struct config_diff *diff)
{
    bool fits = true;

    for (size_t i = 0; fits && i < one->plugin_count; i++) {
        const char *name = one->plugins[i].name;
        if (one->plugins[i].enabled != config_plugin_enabled(other, name))
            fits = add_name(&diff->plugins, name);
    }
    for (size_t i = 0; fits && i < one->settings_count; i++) {
        const char *name = one->settings[i].name;
        if (!settings_equal(config_settings(one, name), config_settings(other, name)))
            fits = add_name(&diff->plugins, name);
    }
    for (size_t i = 0; fits && i < one->agent_count; i++) {
        const char *name = one->agents[i].name;
        if (!agents_equal(&one->agents[i], config_agent(other, name)))
            fits = add_name(&diff->agents, name);
    }
    return fits;
}

mesh_status config_diff(const struct config *old, const struct config *fresh, struct config_diff *ret_diff)
{
    struct config_diff diff = { 0 };
    bool fits =
        list_init(&diff.restart) && list_init(&diff.live) && list_init(&diff.plugins) && list_init(&diff.agents);

    fits = fits && compare_keys(SECTION_MESH, old, fresh, &diff) && compare_keys(SECTION_HOST, old, fresh, &diff) &&
           compare_names(old, fresh, &diff) && compare_names(fresh, old, &diff);
    if (!fits) {
        config_diff_clear(&diff);
        return MESH_E_NO_MEMORY;
    }
    *ret_diff = diff;
    return MESH_OK;
}

void config_diff_clear(struct config_diff *diff)
{
    list_clear(&diff->restart);
    list_clear(&diff->live);
    list_clear(&diff->plugins);
    list_clear(&diff->agents);
}
