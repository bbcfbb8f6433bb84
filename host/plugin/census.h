/* SPDX-License-Identifier: Apache-2.0 */
/* The names of all threads of this process. Taking a census costs as much as there are threads, so those who ask at the
 * same time share one. [any-thread] */
#ifndef PLUGIN_CENSUS_H
#define PLUGIN_CENSUS_H

#include <stdbool.h>

enum { CENSUS_NAME_SIZE = 16 };

/*
 * Whether, at a moment after this was called, a thread lives whose name begins with prefix. Without the means to find
 * out it is taken to be so. [blocks]
 *
 * ret_name  of one of them
 */
bool census_finds(const char *prefix, char ret_name[CENSUS_NAME_SIZE]);

#endif
