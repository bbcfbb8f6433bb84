/* SPDX-License-Identifier: Apache-2.0 */
/* The builder: what the reader hands over is looked up in the table of keys and put in its place. */
#include "builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/guess.h"
#include "base/map.h"
#include "base/utf8.h"
#include "keys.h"
#include "reader.h"
#include "text.h"
#include "value.h"

enum {
    FILE_MAX = 1024 * 1024,  /* bytes of a file that a value names */
    HEADING_SHOWN_MAX = 72,  /* bytes of a section's name that messages repeat */
    MESSAGE_MAX = 256 * 1024 /* bytes; a path may stand in it, all else is cut */
};

#define SECTIONS_ALLOWED "sections are [mesh], [host], [plugin NAME], [settings NAME], [agent NAME]"

/* The file that is being read, and what has been made of it. */
struct builder {
    struct config *config;
    struct config_report *report;
    const char *file;   /* as messages call it */
    const char *folder; /* where relative paths start */

    enum section section; /* SECTION_COUNT: none yet, or an unknown one whose entries are left out */
    char *heading;        /* owned, of the section: "plugin echo"; NULL: none yet */
    void *target;         /* what its keys fill */
    struct map lines;     /* where "heading" and "heading\nkey" were seen: the line, as a pointer */

    bool is_wrong;
    bool no_memory;
};

mesh_status builder_defaults(enum section section, void *target, mesh_error *err)
{
    mesh_status status = MESH_OK;

    for (const struct key *key = NULL; status == MESH_OK && (key = key_next(key, section));)
        if (key->fallback)
            status = value_set(key, target, "/", key->fallback, err);
    return status;
}

/* Each adds a section and gives its place, good until the next one is added; NULL: no memory. */
static void *plugin_add(struct config *config, const char *name)
{
    struct config_plugin *plugins = reallocarray(config->plugins, config->plugin_count + 1, sizeof(*plugins));
    if (!plugins)
        return NULL;
    config->plugins = plugins;
    struct config_plugin *plugin = &plugins[config->plugin_count];
    *plugin = (struct config_plugin){ .name = strdup(name) };
    if (!plugin->name || builder_defaults(SECTION_PLUGIN, plugin, NULL) != MESH_OK) {
        free(plugin->name);
        return NULL;
    }
    config->plugin_count++;
    return plugin;
}

static void *settings_add(struct config *config, const char *name)
{
    struct config_settings *all = reallocarray(config->settings, config->settings_count + 1, sizeof(*all));
    if (!all)
        return NULL;
    config->settings = all;
    struct config_settings *settings = &all[config->settings_count];
    *settings = (struct config_settings){ .name = strdup(name) };
    if (!settings->name || !list_init(&settings->pairs)) {
        free(settings->name);
        return NULL;
    }
    config->settings_count++;
    return settings;
}

static void *agent_add(struct config *config, const char *name)
{
    struct config_agent *agents = reallocarray(config->agents, config->agent_count + 1, sizeof(*agents));
    if (!agents)
        return NULL;
    config->agents = agents;
    struct config_agent *agent = &agents[config->agent_count];
    *agent = (struct config_agent){ .name = strdup(name) };
    if (!agent->name)
        return NULL;
    config->agent_count++;
    return agent;
}

/* ---- mistakes ---- */

/* What is wrong in a line; where a section is open, its name and the key come first. */
static void MESH_PRINTF(4, 5) wrong(struct builder *builder, size_t line, const char *key, const char *format, ...)
{
    bool is_open = builder->section != SECTION_COUNT;
    struct buf text;
    va_list args;

    buf_init(&text, MESSAGE_MAX);
    if (is_open && strlen(builder->heading) <= HEADING_SHOWN_MAX)
        buf_printf(&text, "[%s]", builder->heading);
    else if (is_open)
        buf_printf(&text, "[%s ...]", section_infos[builder->section].word);
    buf_printf(&text, "%s%s%s", is_open && key ? " " : "", key ? key : "", is_open || key ? ": " : "");
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (buf_failed(&text))
        builder->no_memory = true;
    config_report_add(builder->report, builder->file, line, "%s", buf_text(&text));
    builder->is_wrong = true;
    buf_clear(&text);
}

/* Remember where a section or a key was seen; false: it was seen before, and that has been told. */
static bool first_seen(struct builder *builder, size_t line, const char *key)
{
    struct buf id;
    bool is_first = true;

    buf_init(&id, SIZE_MAX - 1);
    buf_printf(&id, "%s%s%s", builder->heading, key ? "\n" : "", key ? key : "");
    const void *before = map_get(&builder->lines, buf_text(&id));
    if (buf_failed(&id)) {
        builder->no_memory = true;
    } else if (before) {
        is_first = false;
        wrong(builder, line, key, "stands here a second time; first in line %zu", (size_t)(uintptr_t)before);
    } else if (!map_put(&builder->lines, buf_text(&id), (void *)(uintptr_t)line)) {
        builder->no_memory = true;
    }
    buf_clear(&id);
    return is_first;
}

/* ---- sections ---- */

/* Protocol 1.1. */
static bool agent_name_is_valid(const char *name)
{
    for (;;) {
        size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
        if (len == 0)
            return false;
        if (name[len] == '\0')
            return true;
        if (name[len] != '.')
            return false;
        name += len + 1;
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t text_len = strlen(text), end_len = strlen(end);
    return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

static const struct section_info *section_guess(const char *word)
{
    const struct section_info *info = section_infos;
    struct guess guess = guess_start(word);

    for (enum section section = 0; section < SECTION_COUNT; section++)
        guess_try(&guess, section_infos[section].word);
    while (guess.best && info->word != guess.best)
        info++;
    return guess.best ? info : NULL;
}

static void section_unknown(struct builder *builder, size_t line, const char *heading, const char *word,
                            const char *name)
{
    const struct section_info *meant = section_guess(word);
    bool is_short = strlen(name) <= HEADING_SHOWN_MAX;
    auto_free char *quoted = text_quoted(heading);

    if (!quoted)
        builder->no_memory = true;
    else if (!meant)
        wrong(builder, line, NULL, "unknown section %s; " SECTIONS_ALLOWED, quoted);
    else if (meant->has_name)
        wrong(builder, line, NULL, "unknown section %s; did you mean [%s %s]?", quoted, meant->word,
              *name && is_short ? name : "NAME");
    else
        wrong(builder, line, NULL, "unknown section %s; did you mean [%s]?", quoted, meant->word);
}

/* Whether name suits the section that is open. */
static void section_name_check(struct builder *builder, size_t line, const char *name)
{
    const struct section_info *info = &section_infos[builder->section];
    bool is_agent = builder->section == SECTION_AGENT;

    if (!info->has_name && *name != '\0')
        wrong(builder, line, NULL, "this section has no name; expected [%s]", info->word);
    else if (info->has_name && *name == '\0')
        wrong(builder, line, NULL, "this section needs a name; expected [%s NAME]", info->word);
    else if (is_agent && !agent_name_is_valid(name))
        wrong(builder, line, NULL,
              "no agent has such a name; allowed are A-Z a-z 0-9 _ - in one part, or in more with a dot between");
    else if (info->has_name && !is_agent && !config_plugin_name_is_valid(name))
        wrong(builder, line, NULL, "no plugin has such a name; allowed are A-Z a-z 0-9 . _ -, 1 to %d of them",
              CONFIG_PLUGIN_NAME_MAX);
    else if (info->has_name && !is_agent && ends_with(name, ".so"))
        wrong(builder, line, NULL, "a plugin's name is that of its file without \".so\"; expected [%s %.*s]",
              info->word, (int)strlen(name) - 3, name);
}

static void *section_target(struct config *config, enum section section, const char *name)
{
    switch (section) {
    case SECTION_PLUGIN:
        return plugin_add(config, name);
    case SECTION_SETTINGS:
        return settings_add(config, name);
    case SECTION_AGENT:
        return agent_add(config, name);
    case SECTION_MESH:
    case SECTION_HOST:
    case SECTION_COUNT:
        break;
    }
    return config;
}

static void section_close(struct builder *builder)
{
    free(take(&builder->heading));
    builder->section = SECTION_COUNT;
    builder->target = NULL;
}

/* heading with exactly one blank between its words. */
static char *heading_tidied(const char *heading)
{
    size_t word_len = strcspn(heading, " \t");
    const char *name = heading + word_len + strspn(heading + word_len, " \t");

    return text_format("%.*s%s%s", (int)word_len, heading, *name ? " " : "", name);
}

static enum section section_of(const char *word)
{
    enum section section = 0;

    while (section < SECTION_COUNT && strcmp(section_infos[section].word, word) != 0)
        section++;
    return section;
}

static void on_section(void *data, size_t line, const char *heading)
{
    struct builder *builder = data;

    section_close(builder);
    builder->heading = heading_tidied(heading ? heading : "");
    auto_free char *word = builder->heading ? strdup(builder->heading) : NULL;
    if (!word) {
        builder->no_memory = true;
        return;
    }
    char *name = word + strcspn(word, " ");
    if (*name)
        *name++ = '\0';
    builder->section = section_of(word);
    if (builder->section == SECTION_COUNT && heading)
        section_unknown(builder, line, heading, word, name);
    if (builder->section == SECTION_COUNT)
        return;
    section_name_check(builder, line, name);
    first_seen(builder, line, NULL);
    builder->target = section_target(builder->config, builder->section, name);
    if (!builder->target)
        builder->no_memory = true;
}

/* ---- entries ---- */

static char *without_line_end(struct buf *text)
{
    size_t len = text->len;

    if (len > 0 && text->data[len - 1] == '\n')
        len--;
    if (len < text->len && len > 0 && text->data[len - 1] == '\r')
        len--;
    buf_truncate(text, len);
    return buf_take(text);
}

/* The content of the file that a value names. */
static char *value_from_file(struct builder *builder, size_t line, const char *key, const char *name)
{
    auto_free char *path = text_path(builder->folder, name);
    mesh_error err = MESH_ERROR_INIT;
    struct buf text;
    char *value = NULL;

    buf_init(&text, FILE_MAX);
    mesh_status status = path ? file_read(path, &text, &err) : MESH_E_NO_MEMORY;
    if (status == MESH_E_NO_MEMORY)
        builder->no_memory = true;
    else if (status != MESH_OK)
        wrong(builder, line, key, "%s; a value that begins with \"@\" is written \"@@\"", mesh_error_text(&err));
    else if (memchr(buf_text(&text), '\0', text.len) || !utf8_is_valid(buf_text(&text), text.len))
        wrong(builder, line, key, "'%s' holds bytes that are no text in UTF-8", path);
    else if (!(value = without_line_end(&text)))
        builder->no_memory = true;
    buf_clear(&text);
    mesh_error_clear(&err);
    return value;
}

/* The value that is meant: itself, what stands in a file, or what follows an escaped "@". Given; NULL: it was told. */
static char *value_meant(struct builder *builder, size_t line, const char *key, const char *value)
{
    if (value[0] == '@' && value[1] != '@' && !strchr(value, '\n'))
        return value_from_file(builder, line, key, value + 1);
    if (value[0] == '@' && value[1] != '@') {
        wrong(builder, line, key,
              "\"@\" and a second line; it names one file, and any other value that begins so is "
              "written \"@@\"");
        return NULL;
    }
    char *copy = strdup(value[0] == '@' ? value + 1 : value);
    if (!copy)
        builder->no_memory = true;
    return copy;
}

/* Every key of the open section, for a message. */
static void put_keys(struct buf *out, enum section section)
{
    bool is_first = true;

    for (const struct key *key = NULL; (key = key_next(key, section));) {
        if (!key->not_built)
            buf_printf(out, "%s%s", is_first ? "" : ", ", key->name);
        is_first = is_first && key->not_built;
    }
}

static void key_unknown(struct builder *builder, size_t line, const char *name)
{
    const char *near = key_guess(builder->section, name);
    enum section home = key_home(name);
    struct buf allowed;

    if (home != SECTION_COUNT) {
        const struct section_info *info = &section_infos[home];
        wrong(builder, line, name, "this key belongs in [%s%s]", info->word, info->has_name ? " NAME" : "");
        return;
    }
    if (near) {
        wrong(builder, line, name, "unknown key; did you mean \"%s\"?", near);
        return;
    }
    buf_init(&allowed, MESSAGE_MAX);
    put_keys(&allowed, builder->section);
    wrong(builder, line, name, "unknown key; keys here are %s", buf_text(&allowed));
    buf_clear(&allowed);
}

static void key_without_section(struct builder *builder, size_t line, const char *name)
{
    enum section home = key_home(name);

    if (home == SECTION_COUNT)
        wrong(builder, line, name, "stands before the first section; " SECTIONS_ALLOWED);
    else
        wrong(builder, line, name, "stands before the first section; it belongs in [%s%s]", section_infos[home].word,
              section_infos[home].has_name ? " NAME" : "");
}

static void setting_add(struct builder *builder, size_t line, const char *name, const char *value)
{
    struct config_settings *settings = builder->target;
    auto_free char *meant = value_meant(builder, line, name, value);
    char place[32];

    snprintf(place, sizeof(place), "%zu", line);
    if (meant && (!list_add(&settings->pairs, name) || !list_take(&settings->pairs, take(&meant)) ||
                  !list_add(&settings->lines, place)))
        builder->no_memory = true;
}

/* Whether what was meant as a comment may stand behind the value. */
static bool has_comment(const char *value)
{
    return strstr(value, " ;") || strstr(value, " #") || strstr(value, "\t;") || strstr(value, "\t#");
}

static void key_fill(struct builder *builder, size_t line, const struct key *key, const char *value)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_free char *meant = value_meant(builder, line, key->name, value);
    mesh_status status = meant ? value_set(key, builder->target, builder->folder, meant, &err) : MESH_OK;

    if (status == MESH_E_NO_MEMORY)
        builder->no_memory = true;
    else if (status != MESH_OK)
        wrong(builder, line, key->name, "%s%s", mesh_error_message(&err),
              has_comment(value) ? "; a comment needs a line of its own" : "");
    mesh_error_clear(&err);
}

static void on_entry(void *data, size_t line, const char *name, const char *value)
{
    struct builder *builder = data;

    if (!builder->heading)
        key_without_section(builder, line, name);
    if (!builder->target || !first_seen(builder, line, name))
        return;
    if (!section_infos[builder->section].has_keys) {
        setting_add(builder, line, name, value);
        return;
    }
    const struct key *key = key_find(builder->section, name);
    if (!key)
        key_unknown(builder, line, name);
    else if (key->not_built)
        wrong(builder, line, name, "%s", key->not_built);
    else
        key_fill(builder, line, key, value);
}

static void on_mistake(void *data, size_t line, const char *text)
{
    struct builder *builder = data;

    config_report_add(builder->report, builder->file, line, "%s", text);
    builder->is_wrong = true;
}

/* ---- the whole file ---- */

static size_t line_of(const struct builder *builder, const char *id)
{
    return (size_t)(uintptr_t)map_get(&builder->lines, id);
}

/* What no single line shows. */
static void check_pairs(struct builder *builder)
{
    size_t cert = line_of(builder, "mesh\ntls_cert"), key = line_of(builder, "mesh\ntls_key");

    section_close(builder);
    if (cert && !key)
        wrong(builder, cert, NULL, "[mesh] tls_cert: needs its key; add tls_key");
    if (key && !cert)
        wrong(builder, key, NULL, "[mesh] tls_key: needs its certificate; add tls_cert");
}

static mesh_status builder_run(struct builder *builder, mesh_bytes text)
{
    const struct reader_sink sink = {
        .data = builder, .section = on_section, .entry = on_entry, .mistake = on_mistake
    };
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = reader_run(text, &sink, &err);

    if (status == MESH_OK)
        check_pairs(builder);
    else if (status != MESH_E_NO_MEMORY)
        config_report_add(builder->report, builder->file, 0, "%s", mesh_error_message(&err));
    mesh_error_clear(&err);
    if (builder->no_memory)
        return MESH_E_NO_MEMORY;
    return status == MESH_OK && builder->is_wrong ? MESH_E_DATA : status;
}

mesh_status builder_fill(struct config *config, const char *file, const char *folder, mesh_bytes text,
                         struct config_report *report)
{
    struct builder builder = {
        .config = config, .report = report, .file = file, .folder = folder, .section = SECTION_COUNT
    };

    map_init(&builder.lines);
    mesh_status status = builder_run(&builder, text);
    section_close(&builder);
    map_clear(&builder.lines, NULL);
    return status;
}
