/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <agentmesh/version.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "print.h"

enum { HELP_MAX = 64 << 10, OPTION_WIDTH = 20 };

static void write_program(struct buf *out)
{
    buf_puts(out, "Usage: agentmesh COMMAND [OPTION]... [ARGUMENT]...\n\n"
                  "Call agents on the Open Agent Mesh, see who is there, run a mesh of one's own.\n\nCommands:\n");
    for (const struct command *const *command = commands; *command; command++)
        buf_printf(out, "  %-12s %s\n", (*command)->name, (*command)->summary);
    buf_puts(out, "  version      Print the version\n"
                  "  help         Print this, or more about one command\n\n"
                  "The mesh is found by --url, OAM_URL, the nearest .oam-url file, a local server that runs,\n"
                  "and is else nats://localhost:4222.\n"
                  "Exit codes: 0 done, 1 the mesh, the machine or a check said no, 2 wrong command line,\n"
                  "130 interrupted.\n");
}

static void write_option(struct buf *out, const struct option *option)
{
    char names[64];
    if (option->letter)
        snprintf(names, sizeof(names), "-%c, %s%s%s", option->letter, option->name, option->value ? " " : "",
                 option->value ? option->value : "");
    else
        snprintf(names, sizeof(names), "%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
    buf_printf(out, "  %-*s %s\n", OPTION_WIDTH, names, option->help);
}

static void write_command(struct buf *out, const struct command *command)
{
    bool has_operands = *command->operands;
    buf_printf(out, "Usage: agentmesh %s [OPTION]...%s%s\n\n%s.\n%s\nOptions:\n", command->name,
               has_operands ? " " : "", command->operands, command->summary, command->about);
    for (const struct option *option = command->options; option->name; option++)
        write_option(out, option);
    buf_printf(out, "  %-*s %s\n", OPTION_WIDTH, "-h, --help", "print this");
}

static int print_help(struct buf *text)
{
    return print_result(buf_text(text), text->len) ? EXIT_DONE : EXIT_FAILED;
}

int help_for_program(void)
{
    auto_buf struct buf text;
    buf_init(&text, HELP_MAX);
    write_program(&text);
    return print_help(&text);
}

int help_for_command(const struct command *command)
{
    auto_buf struct buf text;
    buf_init(&text, HELP_MAX);
    write_command(&text, command);
    return print_help(&text);
}

int help_for_misuse(void)
{
    auto_buf struct buf text;
    buf_init(&text, HELP_MAX);
    write_program(&text);
    fputs(buf_text(&text), stderr);
    return EXIT_MISUSED;
}

int help_version(void)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "agentmesh %s\n", mesh_version());
    return print_result(line, (size_t)len) ? EXIT_DONE : EXIT_FAILED;
}
