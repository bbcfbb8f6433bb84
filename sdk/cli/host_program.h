/* SPDX-License-Identifier: Apache-2.0 */
/* The agentmeshd that belongs to this program: it does for us what needs plugins loaded. */
#ifndef CLI_HOST_PROGRAM_H
#define CLI_HOST_PROGRAM_H

/* Become it: arguments, lent and ended by NULL, follow its name. Returns an exit code only if that failed, which has
 * been told. */
int host_program_become(const char *const *arguments);

#endif
