/* SPDX-License-Identifier: Apache-2.0 */
/* agentmeshd --inspect: tells people whether files will load, serve and unload, without any of that happening here. */
#ifndef HOST_INSPECT_H
#define HOST_INSPECT_H

#include "arguments.h"

/* Inspect the files of the command line and print the report. Returns the exit code: 0 all is well with all of them, 1
 * not so, or it could not be found out. [main] */
int inspect(const struct arguments *arguments);

#endif
