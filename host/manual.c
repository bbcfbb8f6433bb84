/* SPDX-License-Identifier: Apache-2.0 */
/* mesh.ini(5): the table of keys written out as a manual page, as mdoc. */
#include "config.h"

#include "key_text.h"
#include "keys.h"

static const char opening[] =
    ".\\\" SPDX-License-Identifier: Apache-2.0\n"
    ".\\\" Written by agentmeshd --print-manual.\n"
    ".Dd November 22, 2026\n"
    ".Dt MESH.INI 5\n"
    ".Os agentmesh\n"
    ".Sh NAME\n"
    ".Nm mesh.ini\n"
    ".Nd configuration of agentmeshd\n"
    ".Sh SYNOPSIS\n"
    ".Pa " MESH_SYSCONFDIR "/mesh.ini\n"
    ".Sh DESCRIPTION\n"
    "What\n"
    ".Xr agentmeshd 8\n"
    "reads when it starts, and again at a reload.\n"
    "Every key may be left out, and so may the file.\n"
    ".Ql agentmeshd --print-config\n"
    "prints one with every key explained,\n"
    ".Ql agentmeshd --check\n"
    "tells what is wrong in the one at hand: all of it, each with its line.\n"
    ".Ss Syntax\n"
    ".Bl -bullet -compact\n"
    ".It\n"
    "A section begins with its name in brackets, alone on a line.\n"
    "Below it stand lines\n"
    ".Ar key No = Ar value .\n"
    "Names are compared with case.\n"
    ".It\n"
    "A line that begins with\n"
    ".Sq \\&;\n"
    "or\n"
    ".Sq #\n"
    "is a comment.\n"
    "Behind a section or a value there are none.\n"
    ".It\n"
    "A value goes on in indented lines; they are joined by a newline, which separates the elements of a list as a "
    "comma\n"
    "does.\n"
    ".It\n"
    "A value\n"
    ".Ar @FILE\n"
    "is what that file holds, without its last line end; a value that begins with\n"
    ".Sq @\n"
    "is written\n"
    ".Sq @@ .\n"
    ".It\n"
    "A time is a whole number with its unit: 200ms, 30s, 5m, 1h.\n"
    ".It\n"
    "A switch is\n"
    ".Cm yes , true , on\n"
    "or\n"
    ".Cm \\&no , false , off .\n"
    ".It\n"
    "A relative path starts at the folder of this file.\n"
    ".It\n"
    "A section or a key that stands twice, an unknown one, and an empty value are mistakes.\n"
    ".It\n"
    "The file is UTF-8 of at most 1 MiB, a line has at most 64 KiB, a key 64 bytes.\n"
    ".El\n"
    ".Ss Reload\n"
    "At SIGHUP and at\n"
    ".Ql agentmesh host reload\n"
    "the whole file is read afresh.\n"
    "If anything in it is wrong, all of it is logged, and the configuration in use is kept.\n"
    "Else what each key below says happens; of keys that need a restart the log tells that they have changed.\n"
    ".Sh SECTIONS\n";

static const char closing[] = ".Sh FILES\n"
                              "The first one that is there, unless\n"
                              ".Fl -config\n"
                              "names another:\n"
                              ".Bl -tag -width Ds\n"
                              ".It Pa $XDG_CONFIG_HOME/agentmesh/mesh.ini\n"
                              "Not for root.\n"
                              "Where the variable is not set,\n"
                              ".Pa \\(ti/.config/agentmesh/mesh.ini .\n"
                              ".It Pa " MESH_SYSCONFDIR "/mesh.ini\n"
                              ".El\n"
                              ".Sh EXAMPLES\n"
                              ".Bd -literal\n"
                              "[mesh]\n"
                              "url = tls://a.example.org:4222, tls://b.example.org:4222\n"
                              "credentials = host.creds\n"
                              "\n"
                              "[host]\n"
                              "drain_timeout = 1m\n"
                              "\n"
                              "[settings clock]\n"
                              "every = 500ms\n"
                              "\n"
                              "[agent nlp.summarizer]\n"
                              "concurrency = 4\n"
                              ".Ed\n"
                              ".Sh SEE ALSO\n"
                              ".Xr agentmesh-host 1 ,\n"
                              ".Xr agentmesh-plugin 7 ,\n"
                              ".Xr agentmeshd 8\n";

/* Whether a sentence ends at text, and another one follows it on the same line. */
static bool is_between_sentences(const char *text)
{
    return text[0] == '.' && text[1] == ' ' && text[2];
}

/* Text as a formatter reads it back: what it would obey escaped, a line for each sentence. */
static void write_text(FILE *out, const char *text)
{
    bool begins_line = true;

    for (const char *at = text; *at; at++) {
        if (begins_line && (*at == '.' || *at == '\''))
            fputs("\\&", out);
        if (*at == '\\')
            fputs("\\e", out);
        else if (*at == '~')
            fputs("\\(ti", out);
        else if (*at == '`')
            fputs("\\(ga", out);
        else
            fputc(*at, out);
        begins_line = *at == '\n' || is_between_sentences(at);
        if (is_between_sentences(at)) {
            fputc('\n', out);
            at++;
        }
    }
    fputc('\n', out);
}

static void write_key(FILE *out, const struct key *key)
{
    fprintf(out, ".It Va %s\n", key->name);
    write_text(out, key->help);
    if (key_text_allowed(out, key))
        fputc('\n', out);
    if (key->fallback)
        fprintf(out, "Default: %s.\n", key->fallback);
    fprintf(out, "%s\n", key_text_change(key));
}

static void write_section(FILE *out, enum section section)
{
    const struct section_info *info = &section_infos[section];

    fprintf(out, info->has_name ? ".Ss [%s NAME]\n" : ".Ss [%s]\n", info->word);
    write_text(out, info->help);
    if (!info->has_keys)
        return;
    fputs(".Bl -tag -width Ds\n", out);
    for (const struct key *key = NULL; (key = key_next(key, section));)
        if (!key->not_built)
            write_key(out, key);
    fputs(".El\n", out);
}

void config_write_manual(FILE *out)
{
    fputs(opening, out);
    for (enum section section = 0; section < SECTION_COUNT; section++)
        write_section(out, section);
    fputs(closing, out);
}
