/* SPDX-License-Identifier: Apache-2.0 */
/* The log in the words of somebody who writes a plugin and looks on: what each build has come to, and why. */
#ifndef HOST_WORDING_H
#define HOST_WORDING_H

#include <stdbool.h>
#include <stddef.h>

/* A log_wording, see log.h. [any-thread] */
bool wording_for_authors(const char *text, const char *const *fields, char *words, size_t size);

#endif
