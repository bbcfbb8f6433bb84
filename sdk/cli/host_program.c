/* SPDX-License-Identifier: Apache-2.0 */
#include "host_program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "command.h"
#include "print.h"

/* From the folder of this program: as it is installed, and as it is built. */
static const char *const beside[] = { "agentmeshd", "../sbin/agentmeshd", "../../host/agentmeshd" };

static char *find_beside(void)
{
    char own[PATH_MAX], path[PATH_MAX + 64];
    ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
    if (len <= 0)
        return NULL;
    own[len] = '\0';
    *(strrchr(own, '/') + 1) = '\0';
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", own, beside[i]);
        if (program_is_runnable(path))
            return realpath(path, NULL);
    }
    return NULL;
}

static char *find(void)
{
    char *path = find_beside();
    return path ? path : program_find("agentmeshd", "/usr/sbin:/usr/local/sbin");
}

int host_program_become(const char *const *arguments)
{
    size_t count = 0;
    while (arguments[count])
        count++;
    auto_free char *program = find();
    auto_free char **argv = calloc(count + 2, sizeof(*argv));
    if (!program) {
        print_talk("Error: there is no agentmeshd beside this program, in PATH, /usr/sbin or /usr/local/sbin: install "
                   "the package 'agentmesh-host'");
        return EXIT_FAILED;
    }
    if (!argv) {
        print_talk("Error: out of memory");
        return EXIT_FAILED;
    }
    argv[0] = program;
    for (size_t i = 0; i < count; i++)
        argv[i + 1] = (char *)arguments[i];
    execv(program, argv);
    print_talk("Error: cannot start '%s': %s", program, strerror(errno));
    return EXIT_FAILED;
}
