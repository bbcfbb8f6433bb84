/* SPDX-License-Identifier: Apache-2.0 */
/* struct config: its defaults, where it is read from, and what it says. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "builder.h"
#include "keys.h"
#include "text.h"
#include "value.h"

enum { FILE_MAX = 1024 * 1024 }; /* bytes of mesh.ini */

static void free_values(enum section section, void *target)
{
    for (const struct key *key = NULL; (key = key_next(key, section));)
        if (!key->not_built)
            value_free(key, target);
}

struct config *config_free(struct config *config)
{
    if (!config)
        return NULL;
    for (size_t i = 0; i < config->plugin_count; i++)
        free(config->plugins[i].name);
    for (size_t i = 0; i < config->settings_count; i++) {
        free(config->settings[i].name);
        list_clear(&config->settings[i].pairs);
        list_clear(&config->settings[i].lines);
    }
    for (size_t i = 0; i < config->agent_count; i++) {
        free(config->agents[i].name);
        free_values(SECTION_AGENT, &config->agents[i]);
    }
    free(config->plugins);
    free(config->settings);
    free(config->agents);
    free_values(SECTION_MESH, config);
    free_values(SECTION_HOST, config);
    free(config->path);
    free(config->only);
    free(config);
    return NULL;
}

static struct config *config_new(void)
{
    auto_config struct config *config = calloc(1, sizeof(*config));

    if (!config)
        return NULL;
    config->trusted_gid = (gid_t)-1;
    if (builder_defaults(SECTION_MESH, config, NULL) != MESH_OK ||
        builder_defaults(SECTION_HOST, config, NULL) != MESH_OK)
        return NULL;
    return take(&config);
}

/* ---- defaults ---- */

/* A path below the folder that the variable names, else below a folder of the user's home, else the fallback. Given;
 * NULL without memory. */
static char *user_path(const char *variable, const char *below_home, const char *path, const char *fallback)
{
    const char *folder = getenv(variable), *home = getenv("HOME");

    if (folder && *folder == '/')
        return text_format("%s/%s", folder, path);
    if (home && *home == '/')
        return text_format("%s/%s/%s", home, below_home, path);
    return strdup(fallback);
}

/* The folder that is ours by the rules of whoever started us. */
static char *default_state(void)
{
    const char *service = getenv("STATE_DIRECTORY");

    if (service && *service == '/')
        return strndup(service, strcspn(service, ":"));
    if (geteuid() == 0)
        return strdup(MESH_STATEDIR);
    return user_path("XDG_STATE_HOME", ".local/state", "agentmesh", MESH_STATEDIR);
}

/* What follows from other values. */
static bool fill_derived(struct config *config)
{
    if (config->url && strcmp(config->url, "local") == 0) {
        config->local = true;
        free(take(&config->url));
    }
    if (!config->state)
        config->state = default_state();
    if (config->state && !config->local_store)
        config->local_store = text_path(config->state, "server");
    return config->state && config->local_store;
}

struct config *config_default(void)
{
    auto_config struct config *config = config_new();

    return config && fill_derived(config) ? take(&config) : NULL;
}

/* ---- reading ---- */

static mesh_status no_memory(const char *file, struct config_report *report)
{
    config_report_add(report, file, 0, "out of memory");
    return MESH_E_NO_MEMORY;
}

mesh_status config_parse(const char *name, const char *folder, const void *text, size_t len, struct config **ret_config,
                         struct config_report *report)
{
    auto_config struct config *config = config_new();
    mesh_status status =
        config ? builder_fill(config, name, folder, mesh_bytes_of(text, len), report) : MESH_E_NO_MEMORY;

    if (status == MESH_OK && !fill_derived(config))
        status = MESH_E_NO_MEMORY;
    if (status == MESH_E_NO_MEMORY)
        return no_memory(name, report);
    if (status == MESH_OK)
        *ret_config = take(&config);
    return status;
}

static bool is_missing(const char *path)
{
    return access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

char *config_default_path(void)
{
    static const char installed[] = MESH_SYSCONFDIR "/mesh.ini";

    if (geteuid() == 0)
        return strdup(installed);
    auto_free char *own = user_path("XDG_CONFIG_HOME", ".config", "agentmesh/mesh.ini", installed);
    return own && is_missing(own) ? strdup(installed) : take(&own);
}

/* Given; NULL: it was told. */
static char *absolute(const char *path, struct config_report *report)
{
    auto_free char *here = *path == '/' ? strdup("/") : getcwd(NULL, 0);
    char *whole = here ? text_path(here, path) : NULL;

    if (!whole)
        config_report_add(report, path, 0, "cannot be found from here: %s", strerror(errno));
    return whole;
}

/* Read the file and parse it. path is absolute, shown is what messages call it. */
static mesh_status load(const char *path, const char *shown, struct buf *text, struct config **ret_config,
                        struct config_report *report)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = file_read(path, text, &err);

    if (status != MESH_OK) {
        config_report_add(report, shown, 0, "%s", mesh_error_text(&err));
        mesh_error_clear(&err);
        return status == MESH_E_NO_MEMORY ? status : MESH_E_SYSTEM;
    }
    auto_free char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
    return folder ? config_parse(shown, folder, buf_text(text), text->len, ret_config, report)
                  : no_memory(shown, report);
}

static mesh_status load_given(const char *shown, struct config **ret_config, struct config_report *report)
{
    auto_free char *path = absolute(shown, report);
    auto_config struct config *config = NULL;
    struct buf text;

    if (!path)
        return MESH_E_SYSTEM;
    buf_init(&text, FILE_MAX);
    mesh_status status = load(path, shown, &text, &config, report);
    buf_clear(&text);
    if (status != MESH_OK)
        return status;
    config->path = take(&path);
    *ret_config = take(&config);
    return MESH_OK;
}

mesh_status config_load(const char *path, struct config **ret_config, struct config_report *report)
{
    if (path)
        return load_given(path, ret_config, report);

    auto_free char *found = config_default_path();
    if (found && !is_missing(found))
        return load_given(found, ret_config, report);
    auto_config struct config *config = found ? config_default() : NULL;
    if (!config)
        return no_memory(found ? found : "mesh.ini", report);
    *ret_config = take(&config);
    return MESH_OK;
}

/* ---- what it says ---- */

bool config_plugin_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= CONFIG_PLUGIN_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

const struct config_plugin *config_plugin(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->plugin_count; i++)
        if (strcmp(config->plugins[i].name, name) == 0)
            return &config->plugins[i];
    return NULL;
}

const struct config_agent *config_agent(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->agent_count; i++)
        if (strcmp(config->agents[i].name, name) == 0)
            return &config->agents[i];
    return NULL;
}

bool config_plugin_enabled(const struct config *config, const char *name)
{
    const struct config_plugin *plugin = config_plugin(config, name);
    return !plugin || plugin->enabled;
}

static const struct config_settings *find_settings(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->settings_count; i++)
        if (strcmp(config->settings[i].name, name) == 0)
            return &config->settings[i];
    return NULL;
}

const char *config_setting_line(const struct config *config, const char *name, const char *key)
{
    const struct config_settings *settings = find_settings(config, name);

    for (size_t i = 0; settings && i < settings->lines.count; i++)
        if (strcmp(settings->pairs.items[2 * i], key) == 0)
            return settings->lines.items[i];
    return "";
}

const char *const *config_settings(const struct config *config, const char *name)
{
    static const char *const none[] = { NULL };
    const struct config_settings *settings = find_settings(config, name);

    return settings ? (const char *const *)settings->pairs.items : none;
}
