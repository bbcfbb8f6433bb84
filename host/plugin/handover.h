/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handover: what one generation knows goes to the other, while requests wait and nothing of either runs. Works the
 * same way forwards and back.
 */
#ifndef PLUGIN_HANDOVER_H
#define PLUGIN_HANDOVER_H

#include <stdbool.h>

#include "plugin/generation.h"

/* Whether there is something to hand over from one to the other. */
bool handover_is_due(const struct generation *from, const struct generation *to);

/*
 * Have from save, and to restore. from is held. [a move's thread; blocks]
 *
 * step_timeout_ms  for each of the two
 * MESH_E_TIMEOUT   one of them did not return in time: it is waited for when its generation ends
 * anything else    what the plugin said
 */
mesh_status handover_run(struct generation *from, struct generation *to, uint32_t step_timeout_ms, mesh_error *err);

/* The two halves, for when the one has to be stopped before the other starts. saved: lent. */
mesh_status handover_save(struct generation *from, mesh_saved *saved, uint32_t timeout_ms, mesh_error *err);
mesh_status handover_restore(struct generation *to, const char *version, mesh_bytes saved, uint32_t timeout_ms,
                             mesh_error *err);

/* Wait until a call that came too late has come back. */
void handover_wait(struct generation *generation);

#endif
