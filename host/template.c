/* SPDX-License-Identifier: Apache-2.0 */
/* mesh.ini as it is installed: the table of keys written out as comments. */
#include "config.h"

#include <string.h>

#include "keys.h"
#include "value.h"

static const char opening[] =
    "; What agentmeshd reads when it starts, and again at \"systemctl reload agentmeshd\" (SIGHUP). Every key stands\n"
    "; here behind a \";\" with its default, or with an example where there is none. agentmeshd --check tells what is\n"
    "; wrong with this file.\n"
    ";\n"
    "; A line that begins with \";\" or \"#\" is a comment; behind a value there are none. A value goes on in "
    "indented\n"
    "; lines. Times have a unit: 200ms, 30s, 5m, 1h. A value @FILE is what that file holds; one that begins with "
    "\"@\"\n"
    "; is written \"@@\". Relative paths start at the folder of this file.\n";

/* Each line of text behind "; ". */
static void write_comment(FILE *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        fprintf(out, "; %.*s\n", (int)len, text);
        text += text[len] ? len + 1 : len;
    }
}

static void write_choices(FILE *out, const struct key *key)
{
    fputs("One of ", out);
    for (const struct key_choice *choice = key->choices; choice->word; choice++)
        fprintf(out, "%s%s", choice == key->choices ? "" : ", ", choice->word);
    fputs(". ", out);
}

/* What a value may be, beyond what the help says. */
static void write_allowed(FILE *out, const struct key *key)
{
    char low[VALUE_DURATION_SIZE], high[VALUE_DURATION_SIZE];

    if (key->type == KEY_DURATION)
        fprintf(out, "A time from %s to %s. ", value_duration(low, key->min), value_duration(high, key->max));
    else if (key->type == KEY_COUNT)
        fprintf(out, "A number from %u to %u. ", key->min, key->max);
    else if (key->type == KEY_CHOICE)
        write_choices(out, key);
    else if (key->type == KEY_SWITCH)
        fputs("yes or no. ", out);
}

static void write_key(FILE *out, const struct key *key)
{
    static const char *const changes[] = {
        [CHANGE_LIVE] = "A reload takes it up.",
        [CHANGE_RESTART] = "A change needs a restart.",
        [CHANGE_PLUGIN] = "A reload takes it up; the plugin is loaded anew.",
    };

    fputc('\n', out);
    write_comment(out, key->help);
    fputs("; ", out);
    write_allowed(out, key);
    fprintf(out, "%s\n;%s = %s\n", changes[key->change], key->name, key->fallback ? key->fallback : key->example);
}

static void write_section(FILE *out, enum section section)
{
    const struct section_info *info = &section_infos[section];

    fputc('\n', out);
    write_comment(out, info->help);
    fprintf(out, info->has_name ? ";[%s NAME]\n" : "[%s]\n", info->word);
    for (const struct key *key = NULL; (key = key_next(key, section));)
        if (!key->not_built)
            write_key(out, key);
    if (!info->has_keys)
        fputs(";key = value\n", out);
}

void config_write_template(FILE *out)
{
    fputs(opening, out);
    for (enum section section = 0; section < SECTION_COUNT; section++)
        write_section(out, section);
}
