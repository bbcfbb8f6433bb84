/* SPDX-License-Identifier: Apache-2.0 */
/* mesh.ini as it is installed: the table of keys written out as comments. */
#include "config.h"

#include <string.h>

#include "key_text.h"
#include "keys.h"

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

static void write_key(FILE *out, const struct key *key)
{
    fputc('\n', out);
    write_comment(out, key->help);
    fputs("; ", out);
    if (key_text_allowed(out, key))
        fputc(' ', out);
    fprintf(out, "%s\n;%s = %s\n", key_text_change(key), key->name, key->fallback ? key->fallback : key->example);
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
