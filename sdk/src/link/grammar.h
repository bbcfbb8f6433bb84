/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand in a subject, a queue group, a key, a pattern of keys: the same on every bus. All checks set err. */
#ifndef LINK_GRAMMAR_H
#define LINK_GRAMMAR_H

#include "link/link.h"

/* Subjects that are sendable and fit into one line, and no more bytes than max, headers counted as they stand on the
 * wire. */
mesh_status grammar_check_outgoing(const struct link_outgoing *message, size_t max, mesh_error *err);

/* What can be subscribed to: tokens with wildcards for whole ones; and in which group, NULL for none. Both fit
 * into one line. */
mesh_status grammar_check_subscription(const char *subject, const char *queue, mesh_error *err);

/* What every SDK takes as a key (protocol 2.3). */
mesh_status grammar_check_key(const char *key, mesh_error *err);
mesh_status grammar_check_pattern(const char *pattern, mesh_error *err);

#endif
