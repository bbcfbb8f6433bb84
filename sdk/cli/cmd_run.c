/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh run: a plugin that is being written, tried. agentmeshd does it. */
#include <stdio.h>

#include "command.h"
#include "host_program.h"
#include "level.h"
#include "print.h"

enum { NUMBER_SIZE = 16, WORDS_MAX = 24 };

static bool makes_sense(const struct arguments *arguments)
{
    const char *needed = arguments->agent        ? "--agent"
                         : arguments->json       ? "--json"
                         : arguments->timeout_ms ? "--timeout"
                                                 : NULL;
    int32_t level;
    if (arguments->level && !level_parse(arguments->level, false, &level))
        return false;
    if (!arguments->input && needed) {
        print_talk("%s needs --input: without it nobody is asked", needed);
        return false;
    }
    if (arguments->input && arguments->port) {
        print_talk("--port is of no use with --input: there is no server");
        return false;
    }
    return true;
}

static int run(const struct arguments *arguments)
{
    char port[NUMBER_SIZE], timeout[NUMBER_SIZE];
    const char *words[WORDS_MAX];
    size_t count = 0;
    if (!makes_sense(arguments))
        return EXIT_MISUSED;
    snprintf(port, sizeof(port), "%u", (unsigned)arguments->port);
    snprintf(timeout, sizeof(timeout), "%u", (unsigned)arguments->timeout_ms);
    const struct {
        const char *option, *value;
    } pairs[] = {
        { "--run", arguments->operands[0] },
        { "--config", arguments->config },
        { "--log-level", arguments->level },
        { "--input", arguments->input },
        { "--agent", arguments->agent },
        { "--port", arguments->port ? port : NULL },
        { "--timeout", arguments->timeout_ms ? timeout : NULL },
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (!pairs[i].value)
            continue;
        words[count++] = pairs[i].option;
        words[count++] = pairs[i].value;
    }
    if (arguments->json)
        words[count++] = "--json";
    words[count] = NULL;
    return host_program_become(words);
}

static const struct option options[] = {
    { "--config", 'c', OPTION_TEXT, "FILE", "a mesh.ini with settings for the plugin and limits of its agents",
      OPTION_AT(config) },
    { "--port", 'p', OPTION_PORT, "PORT", "where the server listens on 127.0.0.1; any if not given", OPTION_AT(port) },
    { "--log-level", 0, OPTION_TEXT, "LEVEL", "debug, info, warn or error; info if not given", OPTION_AT(level) },
    { "--input", 0, OPTION_TEXT, "FILE", "ask once, without a server; - is the standard input", OPTION_AT(input) },
    { "--agent", 0, OPTION_TEXT, "NAME", "with --input: whom to ask, where there are several", OPTION_AT(agent) },
    { "--timeout", 0, OPTION_SECONDS, "SECONDS", "with --input: how long to wait; 30 if not given",
      OPTION_AT(timeout_ms) },
    { "--json", 0, OPTION_FLAG, NULL, "with --input: print the answer indented, names sorted", OPTION_AT(json) },
    OPTION_END,
};

const struct command command_run = {
    .name = "run",
    .operands = "PLUGIN",
    .summary = "Try a plugin that is being written: serve each build of it",
    .about = "PLUGIN is its file, build/hello.so. It is served on a private mesh, each build in the place of the one\n"
             "before, until Ctrl-C, which leaves nothing behind. With --input it is asked once, without a server.\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
