/* SPDX-License-Identifier: Apache-2.0 */
/* A value that fits a schema, for showing how an agent is called. */
#ifndef HOST_SAMPLE_H
#define HOST_SAMPLE_H

#include <stdbool.h>

#include "base/buf.h"

/* Append the smallest value that the schema's own words suggest: its examples and defaults, else something of the type.
 * False: none was found that fits. [any-thread] */
bool sample_write(struct buf *out, const char *schema);

#endif
