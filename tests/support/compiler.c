/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler as an author of plugins uses it. */
#include "compiler.h"

#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { MAX_ARGUMENTS = 48 };

extern char **environ;

void compile_plugin(const char *source, const char *path, ...)
{
    /* COMPILER, SDK_INCLUDE, LIBRARY and PLUGIN_SOURCES come from CMake. */
    const char *argv[MAX_ARGUMENTS] = { COMPILER, "-shared",   "-fPIC",   "-Wall", "-fvisibility=hidden",
                                        "-I",     SDK_INCLUDE, "-pthread" };
    size_t count = 8;
    char file[4096];
    snprintf(file, sizeof(file), "%s/%s", PLUGIN_SOURCES, source);

    va_list flags;
    va_start(flags, path);
    for (const char *flag; (flag = va_arg(flags, const char *)) && count + 5 < MAX_ARGUMENTS;)
        argv[count++] = flag;
    va_end(flags);
    argv[count++] = file;
    argv[count++] = "-o";
    argv[count++] = path;
    argv[count++] = LIBRARY;

    pid_t pid;
    int status = 0;
    if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ) != 0 || waitpid(pid, &status, 0) != pid ||
        status != 0) {
        fprintf(stderr, "compiler: cannot compile '%s'\n", file);
        exit(1);
    }
}
