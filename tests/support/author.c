/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who writes a plugin. */
#include "author.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder.h"
#include "suite.h"

enum { ARGUMENTS_MAX = 24 };

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

struct desk *desk_new(const char *name)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    const char *cli = getenv("AGENTMESH_CLI");
    if (!desk || !cli)
        die("AGENTMESH_CLI is not set");
    unsetenv("TMPDIR");
    unsetenv("OAM_URL");
    desk->cli = strdup(cli);
    desk->folder = folder_new();
    desk->temporary = folder_new();
    desk->runtime = folder_new();
    desk->plugin = folder_path(desk->folder, name);
    setenv("TMPDIR", desk->temporary, 1);
    setenv("AGENTMESH_RUNTIME_DIR", desk->runtime, 1);
    if (chdir(desk->folder) != 0)
        die(desk->folder);
    return desk;
}

static bool is_empty(const char *folder)
{
    DIR *entries = opendir(folder);
    bool found = false;
    if (!entries)
        die(folder);
    for (const struct dirent *entry; (entry = readdir(entries));) {
        bool is_dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (!is_dots)
            fprintf(stderr, "left behind: %s/%s\n", folder, entry->d_name);
        found = found || !is_dots;
    }
    closedir(entries);
    return !found;
}

struct desk *desk_free(struct desk *desk)
{
    if (!desk)
        return NULL;
    expect_true(is_empty(desk->temporary));
    expect_true(is_empty(desk->runtime));
    expect_true(access(".oam-url", F_OK) != 0);
    unsetenv("TMPDIR");
    if (chdir("/") != 0)
        die("/");
    folder_remove(desk->temporary);
    folder_remove(desk->runtime);
    folder_remove(desk->folder);
    free(desk->plugin);
    free(desk->cli);
    free(desk);
    return NULL;
}

void desk_run(const struct desk *desk, struct outcome *outcome, const char *input, const char *const *arguments)
{
    const char *argv[ARGUMENTS_MAX] = { desk->cli };
    for (size_t i = 0; arguments[i] && i + 2 < ARGUMENTS_MAX; i++)
        argv[i + 1] = arguments[i];
    program_run(outcome, input, argv);
}

void desk_start(const struct desk *desk, struct program *program, const char *const *more)
{
    const char *argv[ARGUMENTS_MAX] = { "/bin/sh", "-c", "exec \"$@\" 2>&1", "sh", desk->cli, "run", desk->plugin };
    for (size_t i = 0; more && more[i] && i + 8 < ARGUMENTS_MAX; i++)
        argv[i + 7] = more[i];
    program_start(program, argv);
}

char *desk_hears(const struct program *program, const char *words)
{
    for (char *line; (line = program_line(program)); free(line)) {
        if (getenv("DESK_VERBOSE"))
            fprintf(stderr, "%s\n", line);
        if (strstr(line, words))
            return line;
    }
    fprintf(stderr, "it did not say \"%s\"\n", words);
    return NULL;
}
