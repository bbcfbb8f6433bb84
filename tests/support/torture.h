/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of memory, everywhere. A program that is linked with torture_link() has its calls of malloc(), calloc(),
 * realloc(), strdup(), strndup() and vasprintf() pass through here, and cJSON's. Those of other threads never fail.
 */
#ifndef SUPPORT_TORTURE_H
#define SUPPORT_TORTURE_H

#include <stdbool.h>

/*
 * Run attempt again and again: first its first allocation fails, then its second, and so on, until none is left to
 * fail. attempt returns whether it succeeded; it must when nothing failed. Leaks and crashes are the sanitizer's to
 * find.
 */
void torture(bool (*attempt)(void));

/* Whether an allocation has failed in this run. */
bool torture_has_struck(void);

#endif
