/* SPDX-License-Identifier: Apache-2.0 */
/* `agentmesh run --input`: one request to a plugin, in a mesh inside this process. [main] */
#ifndef HOST_ASK_H
#define HOST_ASK_H

#include "arguments.h"

/* Load the plugin, start it, ask, print the answer to stdout and what goes wrong to stderr, stop it. Returns the exit
 * code; does not return where something of the plugin does not end. */
int ask_main(const struct arguments *arguments);

#endif
