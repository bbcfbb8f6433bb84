/* SPDX-License-Identifier: Apache-2.0 */
/* Why the loader has refused a file, all of it: the loader itself names the first library or symbol that is missing. */
#ifndef PLUGIN_IMPORTS_H
#define PLUGIN_IMPORTS_H

#include "plugin/finding.h"

/*
 * Find the libraries that are not there and, if all are, the symbols that none of them defines. Loads what it needs for
 * that, for good and for everybody: only for a process that is about to end. [any-thread; blocks]
 *
 * path  of a file that elf_examine() found fit to be tried
 */
void imports_explain(const char *path, struct findings *findings);

#endif
