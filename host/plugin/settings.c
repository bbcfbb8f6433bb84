/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a plugin. */
#include "plugin/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/guess.h"
#include "plugin/reach.h"
#include "value.h"

enum {
    FIRST_SIZE = offsetof(mesh_setting_spec, is_required) + sizeof(uint32_t), /* of the first release */
    MAX_SIZE = 4096,
    MAX_SPECS = 1000,
    MAX_TEXT = 64 << 10,
    MESSAGE_MAX = 64 << 10
};

/* ---- values ---- */

static mesh_status check_number(const mesh_setting_spec *spec, const char *text, mesh_error *err)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool is_any = spec->min == 0 && spec->max == 0;
    if (end == text || *end || errno || text[0] == ' ')
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "\"%s\" is no whole number", text);
    if (!is_any && (number < spec->min || number > spec->max))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "\"%s\" is out of range; allowed is %" PRId64 " to %" PRId64, text, spec->min, spec->max);
    return MESH_OK;
}

static mesh_status check_choice(const mesh_setting_spec *spec, const char *text, mesh_error *err)
{
    auto_buf struct buf allowed;
    struct guess guess = guess_start(text);
    buf_init(&allowed, MESSAGE_MAX);
    for (const char *const *choice = spec->choices; *choice; choice++) {
        if (strcmp(*choice, text) == 0)
            return MESH_OK;
        guess_try(&guess, *choice);
        buf_printf(&allowed, "%s%s", choice == spec->choices ? "" : ", ", *choice);
    }
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "\"%s\" is not one of %s%s%s%s", text, buf_text(&allowed),
                          guess.best ? "; did you mean \"" : "", guess.best ? guess.best : "", guess.best ? "\"?" : "");
}

/* By the rules of mesh.ini's own keys. */
static mesh_status check_as_key(enum key_type type, const mesh_setting_spec *spec, const char *text, mesh_error *err)
{
    bool is_any = spec->min == 0 && spec->max == 0;
    uint32_t room = 0;
    const struct key key = { .type = type,
                             .min = is_any || spec->min < 0 ? 0 : (uint32_t)spec->min,
                             .max = is_any || spec->max > UINT32_MAX ? UINT32_MAX : (uint32_t)spec->max };
    return value_set(&key, &room, "/", text, err);
}

static mesh_status check_value(const mesh_setting_spec *spec, const char *text, mesh_error *err)
{
    switch (spec->type) {
    case MESH_SETTING_NUMBER:
        return check_number(spec, text, err);
    case MESH_SETTING_SWITCH:
        return check_as_key(KEY_SWITCH, spec, text, err);
    case MESH_SETTING_DURATION:
        return check_as_key(KEY_DURATION, spec, text, err);
    case MESH_SETTING_CHOICE:
        return check_choice(spec, text, err);
    default:
        return MESH_OK;
    }
}

/* ---- reading ---- */

static mesh_status wrong_spec(size_t number, const char *what, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_DATA, "setting %zu of its list %s", number, what);
}

static bool text_is_right(const char *text)
{
    size_t len;
    return reach_text(text, MAX_TEXT, &len);
}

static bool choices_are_right(const char *const *choices)
{
    for (size_t i = 0; choices; i++) {
        if (!reach_bytes(&choices[i], sizeof(*choices)) || !text_is_right(choices[i]))
            return false;
        if (!choices[i])
            break;
    }
    return true;
}

static mesh_status check_spec(const mesh_setting_spec *spec, size_t number, mesh_error *err)
{
    if (!text_is_right(spec->key) || !text_is_right(spec->fallback) || !text_is_right(spec->help) ||
        !choices_are_right(spec->choices))
        return wrong_spec(number, "points outside its memory, or does not end", err);
    if (!spec->key || !*spec->key)
        return wrong_spec(number, "has no key", err);
    if (spec->type > MESH_SETTING_CHOICE)
        return mesh_error_set(err, MESH_E_INCOMPATIBLE, "setting '%s' is of a type that this host does not know",
                              spec->key);
    if (spec->type == MESH_SETTING_CHOICE && (!spec->choices || !spec->choices[0]))
        return wrong_spec(number, "is a choice of nothing", err);
    if (spec->min > spec->max)
        return wrong_spec(number, "has a min above its max", err);
    return MESH_OK;
}

static mesh_status check_fallback(const mesh_setting_spec *spec, mesh_error *err)
{
    mesh_status status = spec->fallback ? check_value(spec, spec->fallback, err) : MESH_OK;
    if (status == MESH_OK || status == MESH_E_NO_MEMORY)
        return status;
    return mesh_error_prefix(err, MESH_E_DATA, "the fallback of setting '%s' does not fit it", spec->key);
}

static mesh_status read_spec(const mesh_setting_spec *foreign, size_t number, mesh_setting_spec *ret_spec,
                             mesh_error *err)
{
    mesh_setting_spec spec = { 0 };
    if (!reach_bytes(foreign, sizeof(foreign->size)) || foreign->size > MAX_SIZE ||
        !reach_bytes(foreign, foreign->size))
        return wrong_spec(number, "points outside its memory", err);
    if (foreign->size < FIRST_SIZE)
        return wrong_spec(number, "is too small for one", err);
    const unsigned char *bytes = (const unsigned char *)foreign;
    for (size_t i = sizeof(spec); i < foreign->size; i++) {
        if (bytes[i] != 0)
            return mesh_error_set(err, MESH_E_INCOMPATIBLE, "setting %zu sets a field that this host does not know",
                                  number);
    }
    memcpy(&spec, foreign, foreign->size < sizeof(spec) ? foreign->size : sizeof(spec));
    *ret_spec = spec;
    mesh_status status = check_spec(ret_spec, number, err);
    return status == MESH_OK ? check_fallback(ret_spec, err) : status;
}

static mesh_status count_specs(const mesh_setting_spec *const *foreign, size_t *ret_count, mesh_error *err)
{
    size_t count = 0;
    for (;; count++) {
        if (count > MAX_SPECS || !reach_bytes(&foreign[count], sizeof(*foreign)))
            return mesh_error_set(err, MESH_E_DATA, "its list of settings does not end");
        if (!foreign[count])
            break;
    }
    *ret_count = count;
    return MESH_OK;
}

mesh_status settings_read(const mesh_setting_spec *const *foreign, struct setting_specs *ret_specs, mesh_error *err)
{
    struct setting_specs specs = { .is_told = foreign };
    mesh_status status = foreign ? count_specs(foreign, &specs.count, err) : MESH_OK;
    if (status != MESH_OK)
        return status;
    specs.items = calloc(specs.count + 1, sizeof(*specs.items));
    if (!specs.items)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    for (size_t i = 0; status == MESH_OK && i < specs.count; i++)
        status = read_spec(foreign[i], i + 1, &specs.items[i], err);
    if (status == MESH_OK)
        *ret_specs = specs;
    else
        settings_clear(&specs);
    return status;
}

void settings_clear(struct setting_specs *specs)
{
    free(specs->items);
    *specs = (struct setting_specs){ 0 };
}

/* ---- resolving ---- */

struct resolution {
    const struct setting_specs *specs;
    const struct config *config;
    const char *plugin;
    struct buf mistakes;
};

static const mesh_setting_spec *find_spec(const struct setting_specs *specs, const char *key)
{
    for (size_t i = 0; i < specs->count; i++)
        if (strcmp(specs->items[i].key, key) == 0)
            return &specs->items[i];
    return NULL;
}

/* "mesh.ini:12: [settings echo] greeting: ..." */
static void tell(struct resolution *to, const char *key, const char *format, ...) MESH_PRINTF(3, 4);

static void tell(struct resolution *to, const char *key, const char *format, ...)
{
    const char *line = config_setting_line(to->config, to->plugin, key);
    va_list args;
    if (to->mistakes.len > 0)
        buf_puts(&to->mistakes, "; ");
    if (*line && to->config->path)
        buf_printf(&to->mistakes, "%s:%s: ", to->config->path, line);
    buf_printf(&to->mistakes, "[settings %s] %s: ", to->plugin, key);
    va_start(args, format);
    buf_vprintf(&to->mistakes, format, args);
    va_end(args);
}

static void tell_unknown(struct resolution *to, const char *key)
{
    auto_buf struct buf known;
    struct guess guess = guess_start(key);
    buf_init(&known, MESSAGE_MAX);
    for (size_t i = 0; i < to->specs->count; i++) {
        guess_try(&guess, to->specs->items[i].key);
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", to->specs->items[i].key);
    }
    if (guess.best)
        tell(to, key, "unknown setting; did you mean \"%s\"?", guess.best);
    else if (to->specs->count > 0)
        tell(to, key, "unknown setting; the plugin has %s", buf_text(&known));
    else
        tell(to, key, "unknown setting; the plugin has none");
}

static void check_pair(struct resolution *to, const char *key, const char *value)
{
    mesh_error err = MESH_ERROR_INIT;
    const mesh_setting_spec *spec = find_spec(to->specs, key);
    if (!spec)
        tell_unknown(to, key);
    else if (check_value(spec, value, &err) != MESH_OK)
        tell(to, key, "%s", mesh_error_text(&err));
    mesh_error_clear(&err);
}

static bool is_given(const char *const *pairs, const char *key)
{
    for (; *pairs; pairs += 2)
        if (strcmp(*pairs, key) == 0)
            return true;
    return false;
}

static bool add_fallbacks(struct resolution *to, const char *const *given, struct config_list *pairs)
{
    for (size_t i = 0; i < to->specs->count; i++) {
        const mesh_setting_spec *spec = &to->specs->items[i];
        if (is_given(given, spec->key))
            continue;
        if (spec->is_required)
            tell(to, spec->key, "must be given%s%s", spec->help ? ": " : "", spec->help ? spec->help : "");
        if (spec->fallback && (!list_add(pairs, spec->key) || !list_add(pairs, spec->fallback)))
            return false;
    }
    return true;
}

static bool copy_pairs(const char *const *given, struct config_list *pairs)
{
    bool fits = list_init(pairs);
    for (; fits && *given; given++)
        fits = list_add(pairs, *given);
    return fits;
}

mesh_status settings_resolve(const struct setting_specs *specs, const struct config *config, const char *plugin,
                             struct config_list *ret_pairs, mesh_error *err)
{
    struct resolution to = { .specs = specs, .config = config, .plugin = plugin };
    struct config_list pairs = { 0 };
    const char *const *given = config_settings(config, plugin);
    mesh_status status = MESH_OK;
    buf_init(&to.mistakes, MESSAGE_MAX);
    bool fits = copy_pairs(given, &pairs);
    for (const char *const *pair = given; specs->is_told && *pair; pair += 2)
        check_pair(&to, pair[0], pair[1]);
    if (!fits || !add_fallbacks(&to, given, &pairs))
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    else if (buf_failed(&to.mistakes))
        status = buf_error(&to.mistakes, err);
    else if (to.mistakes.len > 0)
        status = mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "%s", buf_text(&to.mistakes));
    buf_clear(&to.mistakes);
    if (status == MESH_OK)
        *ret_pairs = pairs;
    else
        list_clear(&pairs);
    return status;
}
