/* SPDX-License-Identifier: Apache-2.0 */
/* What a host has answered, as text for people: appended to a buffer. */
#ifndef CLI_HOST_REPORT_H
#define CLI_HOST_REPORT_H

#include <cjson/cJSON.h>

#include "base/buf.h"

/* Of the answer to "status": the host with its plugins; their names; what is loaded of each, and was set aside. */
void report_status(struct buf *out, const cJSON *status);
void report_names(struct buf *out, const cJSON *status);
void report_generations(struct buf *out, const cJSON *status);

/* A table of plugins, with remarks on those that are not as they should be. */
void report_plugins(struct buf *out, const cJSON *plugins);

#endif
