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
 * MOVE_REFUSED, MOVE_FAILED  it does not. Where took_turns is set, what served is to be ended: revived serves in its place,
 *                            or nothing does, and it is to be tried again
 */
enum move_verdict exclusive_replace(struct move *move);

#endif
