/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/guess.h"
#include "help.h"
#include "print.h"

const struct command *const commands[] = {
    &command_call,  &command_stream,       &command_catalog, &command_contract, &command_logs,
    &command_level, &command_up,           &command_down,    &command_new,      &command_run,
    &command_check, &command_check_schema, &command_host,    &command_monitor,  NULL,
};

const struct command *command_find(const char *name)
{
    for (const struct command *const *at = commands; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}

/* What is left to read, and what has been read. */
struct parse {
    const struct command *command;
    char **at, **end;
    const char **operands; /* the front of argv, of which all has been read that they are written over */
    struct arguments *found;
};

/* Always false. */
static bool misused(const struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool misused(const struct parse *parse, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_talkv(format, args);
    va_end(args);
    print_talk("Try: agentmesh %s --help", parse->command->name);
    return false;
}

/* ---- values ---- */

static bool read_seconds(const char *text, uint32_t *ret_ms)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !isfinite(seconds) || seconds <= 0 || seconds > UINT32_MAX / 1000)
        return false;
    *ret_ms = (uint32_t)ceil(seconds * 1000);
    return true;
}

static bool read_port(const char *text, uint32_t *ret_port)
{
    uint32_t port = 0;
    for (; *text >= '0' && *text <= '9' && port <= UINT16_MAX; text++)
        port = port * 10 + (uint32_t)(*text - '0');
    *ret_port = port;
    return *text == '\0' && port > 0 && port <= UINT16_MAX;
}

static bool keep_value(struct parse *parse, const struct option *option, const char *value)
{
    void *slot = (char *)parse->found + option->at;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)slot = true;
        return true;
    case OPTION_TEXT:
        *(const char **)slot = value;
        return *value || misused(parse, "%s needs a value, not ''", option->name);
    case OPTION_SECONDS:
        return read_seconds(value, slot) ||
               misused(parse, "%s '%s' is not a number of seconds above 0, like 2.5", option->name, value);
    case OPTION_PORT:
        return read_port(value, slot) ||
               misused(parse, "%s '%s' is not a port: one of 1 to 65535 is", option->name, value);
    }
    return false;
}

/* ---- options ---- */

static const struct option *find_long(const struct command *command, const char *name, size_t len)
{
    for (const struct option *option = command->options; option->name; option++)
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
            return option;
    return NULL;
}

static const struct option *find_letter(const struct command *command, char letter)
{
    for (const struct option *option = command->options; option->name; option++)
        if (option->letter == letter)
            return option;
    return NULL;
}

static bool unknown_option(const struct parse *parse, const char *name, size_t len)
{
    char found[GUESS_MAX] = "";
    if (len < sizeof(found))
        memcpy(found, name, len);
    struct guess guess = guess_start(found);
    for (const struct option *option = parse->command->options; option->name; option++)
        guess_try(&guess, option->name);
    guess_try(&guess, "--help");
    if (guess.best)
        return misused(parse, "'%s' has no option '%.*s': did you mean '%s'?", parse->command->name, (int)len, name,
                       guess.best);
    return misused(parse, "'%s' has no option '%.*s'", parse->command->name, (int)len, name);
}

/* The value stands behind "=", or is the next word. */
static bool take_value(struct parse *parse, const struct option *option, const char *attached)
{
    if (option->kind == OPTION_FLAG)
        return attached ? misused(parse, "%s takes no value", option->name) : keep_value(parse, option, NULL);
    if (attached)
        return keep_value(parse, option, attached);
    if (parse->at == parse->end)
        return misused(parse, "%s needs a value: %s %s", option->name, option->name, option->value);
    return keep_value(parse, option, *parse->at++);
}

static bool take_long(struct parse *parse, const char *word)
{
    size_t len = strcspn(word, "=");
    const struct option *option = find_long(parse->command, word, len);
    if (!option)
        return unknown_option(parse, word, len);
    return take_value(parse, option, word[len] ? word + len + 1 : NULL);
}

/* -f, -p 4223, -p4223, -fp 4223 */
static bool take_letters(struct parse *parse, const char *word)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const struct option *option = find_letter(parse->command, *letter);
        if (!option)
            return misused(parse, "'%s' has no option '-%c'", parse->command->name, *letter);
        if (option->kind != OPTION_FLAG)
            return take_value(parse, option, letter[1] ? letter + 1 : NULL);
        keep_value(parse, option, NULL);
    }
    return true;
}

/* ---- the whole line ---- */

static bool take_operand(struct parse *parse, const char *word)
{
    struct arguments *found = parse->found;
    if (found->operand_count == parse->command->operands_max)
        return misused(parse, "'%s' is one argument too many for 'agentmesh %s'%s", word, parse->command->name,
                       strstr(parse->command->operands, "PAYLOAD") ? ": a payload with blanks must be quoted" : "");
    parse->operands[found->operand_count++] = word;
    return true;
}

/* A dash before a digit is a number, which is a fine payload. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] && !(word[1] >= '0' && word[1] <= '9');
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool take_word(struct parse *parse, bool *options_end)
{
    const char *word = *parse->at++;
    if (*options_end || !is_option(word))
        return take_operand(parse, word);
    if (strcmp(word, "--") == 0) {
        *options_end = true;
        return true;
    }
    return word[1] == '-' ? take_long(parse, word) : take_letters(parse, word);
}

bool command_parse(const struct command *command, int argc, char **argv, struct arguments *ret, int *ret_exit)
{
    struct parse parse = {
        .command = command, .at = argv, .end = argv + argc, .operands = (const char **)argv, .found = ret
    };
    bool options_end = false;
    *ret = (struct arguments){ .operands = parse.operands };
    while (parse.at < parse.end) {
        if (!options_end && asks_for_help(*parse.at)) {
            *ret_exit = help_for_command(command);
            return false;
        }
        if (!take_word(&parse, &options_end)) {
            *ret_exit = EXIT_MISUSED;
            return false;
        }
    }
    parse.operands[ret->operand_count] = NULL;
    if (ret->operand_count < command->operands_min) {
        misused(&parse, "'agentmesh %s' needs %s", command->name, command->operands);
        *ret_exit = EXIT_MISUSED;
        return false;
    }
    return true;
}
