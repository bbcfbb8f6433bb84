/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody who writes a plugin: a folder to work in, which is the working directory while the desk is there, and a
 * folder for temporary files of its own, in which nothing may be left. Whatever fails here ends the program.
 */
#ifndef SUPPORT_AUTHOR_H
#define SUPPORT_AUTHOR_H

#include <stdbool.h>

#include "program.h"

struct desk {
    char *folder, *temporary, *runtime;
    char *plugin; /* path of the plugin's file */
    char *cli;
};

/* name: of the plugin's file, "answer.so". */
struct desk *desk_new(const char *name);
struct desk *desk_free(struct desk *desk); /* expects that nothing was left behind; returns NULL; NULL is fine */

static inline void cleanup_desk(struct desk **slot)
{
    desk_free(*slot);
}

#define auto_desk __attribute__((cleanup(cleanup_desk)))

/* agentmesh ARGUMENTS..., ending with NULL, run to the end. */
void desk_run(const struct desk *desk, struct outcome *outcome, const char *input, const char *const *arguments);

/* `agentmesh run` beside the test, its stdout and stderr in one. more: further arguments, ending with NULL; may be
 * NULL. */
void desk_start(const struct desk *desk, struct program *program, const char *const *more);

/* The next line of it that contains these words, to free(); NULL: it ended before, or was silent for too long. */
char *desk_hears(const struct program *program, const char *words);

#endif
