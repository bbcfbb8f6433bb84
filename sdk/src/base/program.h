/* SPDX-License-Identifier: Apache-2.0 */
/* Where programs are. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include <stdbool.h>

/* A regular file that we may run. */
bool program_is_runnable(const char *path);

/* The path of a program in the first folder of PATH that has it, else of more folders, separated by colons (NULL:
 * none). To free(); NULL: there is none, or no memory. [any-thread] */
char *program_find(const char *name, const char *more_folders);

#endif
