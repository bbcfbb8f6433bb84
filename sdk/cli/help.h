/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says of itself; written from the table of commands. Each returns the exit code. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "command.h"

int help_for_program(void);
int help_for_command(const struct command *command);
int help_for_misuse(void); /* the program's, on stderr */
int help_version(void);

#endif
