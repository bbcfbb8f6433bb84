/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `agentmesh run`: one plugin that is being written, on a mesh of its own. Two processes: this one has what must not
 * stay behind, the server and a folder, and never loads the plugin. A child of it does, agentmeshd --run FILE --url
 * URL, and may crash; then it is started again, and knows by its state folder what to think of that build. [main]
 */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include "arguments.h"

/* Serve until SIGINT, SIGTERM or SIGHUP, or where there is an input, until it is answered. Returns the exit code: where
 * the plugin's crash ended it, 128 and the signal. */
int run_main(const struct arguments *arguments);

/* In the child, before its first thread: end with the process that started us, and talk to an author. */
void run_begin(void);

#endif
