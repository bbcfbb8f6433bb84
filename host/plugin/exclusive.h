/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins of which only one copy can be started at a time (MESH_PLUGIN_EXCLUSIVE): requests wait, the old one hands
 * over and is stopped, the new one is started. If that fails, a fresh copy of the old one is loaded and started in its
 * place.
 */
#ifndef PLUGIN_EXCLUSIVE_H
#define PLUGIN_EXCLUSIVE_H

#include "plugin/move.h"

/*
 * Replace move->serving by move->next, which is loaded and not started. [a move's thread; blocks]
 *
 * MOVE_SERVES    next serves
 * MOVE_FAILED    nothing has changed
 * MOVE_REFUSED   next could not be started; revived serves, or nothing if that is NULL or does not: what served is to
 * be ended
 */
enum move_verdict exclusive_replace(struct move *move);

#endif
