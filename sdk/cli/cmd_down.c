/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh down: the end of the local mesh. */
#include <agentmesh/local.h>

#include <stdio.h>

#include "command.h"
#include "print.h"

static int run(const struct arguments *arguments)
{
    mesh_error err = MESH_ERROR_INIT;
    int32_t pid = 0;
    if (mesh_local_stop_running(arguments->store, &pid, &err) != MESH_OK) {
        print_talk("Error: %s", mesh_error_text(&err));
        mesh_error_clear(&err);
        return EXIT_FAILED;
    }
    char line[64];
    int len = snprintf(line, sizeof(line), "Stopped the local mesh (pid %d)\n", (int)pid);
    return print_result(line, (size_t)len) ? EXIT_DONE : EXIT_FAILED;
}

static const struct option options[] = { OPTION_STORE, OPTION_END };

const struct command command_down = {
    .name = "down",
    .operands = "",
    .summary = "Stop the local mesh that 'agentmesh up' started",
    .about = "",
    .options = options,
    .run = run,
};
