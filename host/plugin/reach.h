/* SPDX-License-Identifier: Apache-2.0 */
/* Whether memory that a plugin points to can be read: a damaged file points anywhere, each time elsewhere. */
#ifndef PLUGIN_REACH_H
#define PLUGIN_REACH_H

#include <stdbool.h>
#include <stddef.h>

/* Where the kernel does not tell, everything counts as readable. */
bool reach_bytes(const void *data, size_t len);

/* Measure a text without its terminator; false if it cannot be read to its end, or has more than max bytes. NULL is a
 * text of no bytes. */
bool reach_text(const char *text, size_t max, size_t *ret_len);

#endif
