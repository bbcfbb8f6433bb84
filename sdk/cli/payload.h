/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent to an agent: the argument, else the standard input if it is no terminal, else nothing. */
#ifndef CLI_PAYLOAD_H
#define CLI_PAYLOAD_H

#include "base/buf.h"

/* Fill an initialised buffer with one JSON value, or leave it empty. Returns the exit code; not EXIT_DONE: told why. */
int payload_read(const char *argument, struct buf *payload);

/* The same from a file; "-" is the standard input. */
int payload_read_file(const char *path, struct buf *payload);

enum { PAYLOAD_MAX = 64 << 20 }; /* no server takes more in one message */

#endif
