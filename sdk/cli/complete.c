/* SPDX-License-Identifier: Apache-2.0 */
#include "complete.h"

#include <agentmesh/discover.h>
#include <agentmesh/observe.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "command.h"
#include "control_line.h"
#include "print.h"
#include "session.h"

enum { PATIENCE_S = 1, LINE_MAX = 64 << 10 };

/* What has been typed before the last word. */
struct typed {
    const struct command *command;
    struct arguments found; /* texts of options */
    const char *operand;    /* the first one; NULL: none */
    size_t operand_count;
    const struct option *pending; /* the option whose value the last word is; NULL: none */
    bool options_end;             /* there was a "--" */
};

static const struct option *find_option(const struct command *command, const char *word)
{
    size_t len = strcspn(word, "=");
    for (const struct option *option = command->options; option->name; option++) {
        bool is_letter = option->letter && word[0] == '-' && word[1] == option->letter && word[2] == '\0';
        if (is_letter || (strlen(option->name) == len && memcmp(option->name, word, len) == 0))
            return option;
    }
    return NULL;
}

/* ---- one candidate ---- */

/* word: plain ASCII, as names of agents and plugins are. about: may be foreign; of several lines the first one. */
static void offer(const char *word, const char *about)
{
    auto_buf struct buf first, line;
    buf_init(&first, LINE_MAX);
    buf_init(&line, LINE_MAX);
    buf_append(&first, about, strcspn(about, "\n"));
    buf_printf(&line, "%s\t", word);
    print_clean(&line, buf_text(&first), true);
    buf_putc(&line, '\n');
    if (!buf_failed(&first) && !buf_failed(&line))
        fputs(buf_text(&line), stdout);
}

static void offer_commands(void)
{
    for (const struct command *const *command = commands; *command; command++)
        offer((*command)->name, (*command)->summary);
}

static void offer_options(const struct command *command)
{
    for (const struct option *option = command->options; option->name; option++)
        offer(option->name, option->help);
    offer("--help", "print this");
}

static void offer_levels(const struct typed *typed)
{
    static const int32_t levels[] = { MESH_LOG_DEBUG, MESH_LOG_INFO, MESH_LOG_WARN, MESH_LOG_ERROR };
    (void)typed;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        offer(mesh_level_name(levels[i]), "");
}

/* ---- names that a mesh or a host knows ---- */

static int offer_agents_of(mesh_client *client, const struct arguments *arguments, const struct buf *payload)
{
    mesh_catalog *catalog = NULL;
    (void)arguments;
    (void)payload;
    if (mesh_catalog_read(client, NULL, &catalog, NULL) != MESH_OK)
        return EXIT_FAILED;
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++)
        offer(mesh_catalog_at(catalog, i)->name, mesh_catalog_at(catalog, i)->description);
    mesh_catalog_free(catalog);
    return EXIT_DONE;
}

/* A command that can be told no mesh knows no agents. */
static void offer_agents(const struct typed *typed)
{
    if (find_option(typed->command, "--url"))
        session_run(&typed->found, NULL, offer_agents_of);
}

/* To the host a plugin is a name, to all others it is a file. */
static void offer_plugins(const struct typed *typed)
{
    auto_json cJSON *result = NULL;
    const cJSON *plugin;
    if (typed->command != &command_host) {
        puts(":files");
        return;
    }
    if (control_line_ask(typed->found.socket, mesh_text("{\"do\": \"status\"}"), &result, NULL) != MESH_OK)
        return;
    cJSON_ArrayForEach(plugin, json_get(result, "plugins"))
    {
        offer(json_string(plugin, "plugin", ""), json_string(plugin, "state", ""));
    }
}

/* ---- what "agentmesh host" can do: the lines of its help ---- */

/* The next line that tells of a deed, "  reload [PLUGIN]     look at ...", from at on; NULL: there is none. */
static const char *next_deed(const char *at)
{
    while (*at && (strncmp(at, "  ", 2) != 0 || at[2] == ' ')) {
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return *at ? at + 2 : NULL;
}

static void offer_deeds(const struct typed *typed)
{
    for (const char *deed = next_deed(typed->command->about); deed; deed = next_deed(deed + strcspn(deed, "\n") + 1)) {
        char word[64];
        const char *about = strstr(deed, "  ");
        snprintf(word, sizeof(word), "%.*s", (int)strcspn(deed, " "), deed);
        offer(word, about ? about + strspn(about, " ") : "");
    }
}

/* What follows a deed: "[PLUGIN]"; "" for nothing. */
static const char *operand_of_deed(const struct command *command, const char *name)
{
    size_t len = strlen(name);
    const char *deed = next_deed(command->about);
    while (deed && (strncmp(deed, name, len) != 0 || deed[len] != ' '))
        deed = next_deed(deed + strcspn(deed, "\n") + 1);
    return deed ? deed + len + 1 : "";
}

/* ---- the line ---- */

static void keep_text(struct typed *typed, const struct option *option, const char *text)
{
    if (option->kind == OPTION_TEXT)
        *(const char **)((char *)&typed->found + option->at) = text;
}

static void take_option(struct typed *typed, const char *word)
{
    const struct option *option = find_option(typed->command, word);
    const char *value = strchr(word, '=');
    if (strcmp(word, "--") == 0)
        typed->options_end = true;
    else if (option && value)
        keep_text(typed, option, value + 1);
    else if (option && option->kind != OPTION_FLAG)
        typed->pending = option;
}

static void take_word(struct typed *typed, const char *word)
{
    const struct option *pending = take(&typed->pending);
    if (pending)
        keep_text(typed, pending, word);
    else if (word[0] == '-' && !typed->options_end)
        take_option(typed, word);
    else if (typed->operand_count++ == 0)
        typed->operand = word;
}

/* ---- what fits where ---- */

static void offer_files(const struct typed *typed)
{
    (void)typed;
    puts(":files");
}

static void offer_folders(const struct typed *typed)
{
    (void)typed;
    puts(":folders");
}

/* By what the help calls a value or an operand. */
static const struct {
    const char *kind;
    void (*offer)(const struct typed *typed);
} kinds[] = {
    { "NAME", offer_agents },    { "AGENT", offer_agents },   { "FILE", offer_files },  { "INSTANCE", offer_files },
    { "PATH", offer_files },     { "FOLDER", offer_folders }, { "DIR", offer_folders }, { "VERB", offer_deeds },
    { "PLUGIN", offer_plugins }, { "LEVEL", offer_levels },
};

/* text: "[PLUGIN] ..." */
static void offer_kind(const struct typed *typed, const char *text)
{
    text += *text == '[';
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strlen(kinds[i].kind) == len && memcmp(kinds[i].kind, text, len) == 0)
            kinds[i].offer(typed);
}

/* "FILE..." */
static bool is_repeated(const char *operand, size_t len)
{
    return len > 3 && memcmp(operand + len - 3, "...", 3) == 0;
}

static void offer_operand(const struct typed *typed)
{
    const char *operand = typed->command->operands;
    size_t count = typed->operand_count;
    for (size_t len; count > 0 && *operand && !is_repeated(operand, len = strcspn(operand, " ")); count--)
        operand += len + (operand[len] == ' ');
    if (typed->command == &command_host && typed->operand_count == 1)
        operand = operand_of_deed(typed->command, typed->operand);
    offer_kind(typed, operand);
}

/* Choices at the end of an option's help, "...: debug, info, warn": the length of the one at at; 0: none stands there.
 */
static size_t choice_len(const char *at)
{
    size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return at[len] == '\0' || at[len] == ',' ? len : 0;
}

static const char *next_choice(const char *at)
{
    at += strcspn(at, ",");
    return at + strspn(at, ", \n");
}

/* The first of an option's choices; NULL: its help tells of none. */
static const char *choices_of(const struct option *option)
{
    const char *colon = strrchr(option->help, ':');
    const char *first = colon ? colon + 1 + strspn(colon + 1, " \n") : "", *at = first;
    while (choice_len(at) > 0)
        at = next_choice(at);
    return *at || !strchr(first, ',') ? NULL : first;
}

static void offer_choices(const char *first)
{
    for (const char *at = first; *at; at = next_choice(at)) {
        char word[64];
        snprintf(word, sizeof(word), "%.*s", (int)choice_len(at), at);
        offer(word, "");
    }
}

static void offer_value(const struct typed *typed, const struct option *option)
{
    const char *choices = choices_of(option);
    if (choices)
        offer_choices(choices);
    else
        offer_kind(typed, option->value);
}

/* In "--port=" the value begins behind the sign, which the shell leaves out. */
static void offer_last(const struct typed *typed, const char *last)
{
    const struct option *attached = last[0] == '-' && strchr(last, '=') ? find_option(typed->command, last) : NULL;
    if (typed->pending)
        offer_value(typed, typed->pending);
    else if (attached && attached->kind != OPTION_FLAG)
        offer_value(typed, attached);
    else if (last[0] == '-' && !typed->options_end)
        offer_options(typed->command);
    else
        offer_operand(typed);
}

/* ---- all of it ---- */

static void give_up(int signal)
{
    (void)signal;
    _exit(EXIT_DONE); /* what is known is not worth waiting for */
}

static void offer_first(const char *last)
{
    if (last[0] == '-') {
        offer("--help", "print a list of the commands");
        offer("--version", "print the version");
    } else {
        offer_commands();
        offer("version", "Print the version");
        offer("help", "Print the commands, or more about one");
    }
}

int complete(int count, char **words)
{
    struct typed typed = { .command = count > 1 ? command_find(words[0]) : NULL };
    const struct sigaction action = { .sa_handler = give_up };
    if (!freopen("/dev/null", "w", stderr))
        return EXIT_FAILED;
    sigaction(SIGALRM, &action, NULL);
    alarm(PATIENCE_S);
    if (count == 1)
        offer_first(words[0]);
    else if (count == 2 && strcmp(words[0], "help") == 0)
        offer_commands();
    if (typed.command) {
        for (int i = 1; i < count - 1; i++)
            take_word(&typed, words[i]);
        offer_last(&typed, words[count - 1]);
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
