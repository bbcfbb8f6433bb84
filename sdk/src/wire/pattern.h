/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions as JSON Schema has them (ECMA-262, Unicode), on PCRE2 with limits on matches, depth and memory.
 */
#ifndef WIRE_PATTERN_H
#define WIRE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include <agentmesh/error.h>

struct pattern; /* immutable; [any-thread] */

/* MESH_E_INVALID_ARGUMENT: the text says what is wrong at which byte. */
mesh_status pattern_compile(const char *source, struct pattern **ret_pattern, mesh_error *err);
struct pattern *pattern_free(struct pattern *pattern); /* returns NULL; NULL is fine */

/* Whether it would compile; cheaper. */
bool pattern_is_valid(const char *source);

enum pattern_verdict { PATTERN_MATCHES, PATTERN_DIFFERS, PATTERN_GIVES_UP /* over a limit, or no memory */ };

/* A search gives up after so many steps. */
enum { PATTERN_STEPS_MAX = 250000 };

/* Search for the pattern anywhere in a text, which must be valid UTF-8. Allocates nothing after the first time on a
 * thread, unless the text is long. ret_steps: how many it took; NULL is fine; not set if it gives up. */
enum pattern_verdict pattern_search(const struct pattern *pattern, const char *text, size_t len, size_t *ret_steps);

#endif
