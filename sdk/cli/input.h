/* SPDX-License-Identifier: Apache-2.0 */
/* A file, or the standard input, read to its end. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>

#include "base/buf.h"

/* Append all that can still be read from a descriptor. what: "the payload from the standard input". False: it could not
 * be read, which has been said; over the buffer's ceiling is for the caller to see. */
bool input_read(int fd, const char *what, struct buf *out);

/* The same for a file by its path; "-" is the standard input. Here over the ceiling has been said too. */
bool input_read_file(const char *path, struct buf *out);

/* How to call it when talking. */
const char *input_name(const char *path);

#endif
