/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh check: whether plugins will load, serve and unload. agentmeshd finds that out. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "command.h"
#include "host_program.h"
#include "print.h"

enum { OPTIONS_MAX = 8, TIME_SIZE = 16 };

static int run(const struct arguments *arguments)
{
    char time[TIME_SIZE];
    size_t count = 0;
    auto_free const char **words = calloc(arguments->operand_count + OPTIONS_MAX + 1, sizeof(*words));
    if (!words) {
        print_talk("Error: out of memory");
        return EXIT_FAILED;
    }
    words[count++] = "--inspect";
    if (arguments->json)
        words[count++] = "--json";
    if (arguments->strict)
        words[count++] = "--strict";
    if (arguments->plugins) {
        words[count++] = "--plugins";
        words[count++] = arguments->plugins;
    }
    if (arguments->timeout_ms) {
        snprintf(time, sizeof(time), "%u", (unsigned)arguments->timeout_ms);
        words[count++] = "--timeout";
        words[count++] = time;
    }
    words[count++] = "--";
    for (size_t i = 0; i < arguments->operand_count; i++)
        words[count + i] = arguments->operands[i];
    return host_program_become(words);
}

static const struct option options[] = {
    { "--json", 0, OPTION_FLAG, NULL, "print one JSON document", OPTION_AT(json) },
    { "--strict", 0, OPTION_FLAG, NULL, "end with 1 also because of warnings", OPTION_AT(strict) },
    { "--plugins", 0, OPTION_TEXT, "DIR", "look also for agents that plugins in DIR have", OPTION_AT(plugins) },
    { "--timeout", 0, OPTION_SECONDS, "SECONDS", "for each file; 10 if not given", OPTION_AT(timeout_ms) },
    OPTION_END,
};

const struct command command_check = {
    .name = "check",
    .operands = "PLUGIN.so...",
    .summary = "Tell whether plugins will load, serve and unload, and what mends them",
    .about = "Each file is looked at and tried in a process of its own; neither a host nor a mesh is needed. Prints\n"
             "what stands in the way, why it matters, and the flag that mends it. Ends with 0 if all of them load,\n"
             "serve and unload.\n",
    .options = options,
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .run = run,
};
