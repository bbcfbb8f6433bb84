/* SPDX-License-Identifier: Apache-2.0 */
/* The agentmesh program: finds the subcommand. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/guess.h"
#include "command.h"
#include "complete.h"
#include "help.h"
#include "print.h"

/* A missing standard descriptor would become that of a socket. Read-only, so that writing to it is still an error. */
static void fill_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", O_RDONLY);
}

static int unknown_command(const char *name)
{
    struct guess guess = guess_start(name);
    for (const struct command *const *command = commands; *command; command++)
        guess_try(&guess, (*command)->name);
    guess_try(&guess, "help");
    guess_try(&guess, "version");
    if (name[0] == '-')
        print_talk("unknown option '%s': options of a command follow its name", name);
    else if (guess.best)
        print_talk("there is no command '%s': did you mean '%s'?", name, guess.best);
    else
        print_talk("there is no command '%s'", name);
    print_talk("Try: agentmesh --help");
    return EXIT_MISUSED;
}

static int help(const char *name)
{
    const struct command *command = name ? command_find(name) : NULL;
    if (command)
        return help_for_command(command);
    return name ? unknown_command(name) : help_for_program();
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

int main(int argc, char **argv)
{
    fill_descriptors();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of writing, told by the exit code */
    if (argc < 2)
        return help_for_misuse();
    if (is_one_of(argv[1], "help", "--help", "-h"))
        return help(argv[2]);
    if (is_one_of(argv[1], "version", "--version", "-V"))
        return help_version();
    if (strcmp(argv[1], "complete") == 0)
        return complete(argc - 2, argv + 2);

    const struct command *command = command_find(argv[1]);
    struct arguments arguments;
    int code;
    if (!command)
        return unknown_command(argv[1]);
    return command_parse(command, argc - 2, argv + 2, &arguments, &code) ? command->run(&arguments) : code;
}
