/* SPDX-License-Identifier: Apache-2.0 */
/* A gate: follows a key or a subject and tells whether its agent is to be active (protocol 7.4). Its predicate is
 * called by a worker. */
#ifndef SERVE_GATE_H
#define SERVE_GATE_H

#include "serve/service.h"

struct gate;

/* Check a gate and make it, for an agent whose contract is there. Given; gate_free(). */
mesh_status gate_new(struct agent *agent, const mesh_gate *spec, struct gate **ret_gate, mesh_error *err);
void gate_free(struct gate *gate); /* it has been ended and is not busy; NULL is fine */

/* Begin to follow, and decide by what is there now. Blocks; not under a lock. Ends with gate_end(). */
mesh_status gate_begin(struct gate *gate, mesh_error *err);

/* Follow no more; what was heard and not looked at yet is dropped. The service counts as leaving until nothing more can
 * come. Under the move lock of serve.c; a second time is fine. */
void gate_end(struct gate *gate);

/* Under the move lock. gate_set() tells whether that is a change. */
bool gate_is_open(const struct gate *gate);
bool gate_set(struct gate *gate, bool is_open);
uint32_t gate_drain_timeout_ms(const struct gate *gate);

/* Under the workers' lock: whether it decides just now, or is to; whether its predicate runs; decide nothing, until it
 * is not held any more. */
bool gate_is_busy(const struct gate *gate);
bool gate_runs(const struct gate *gate);
void gate_hold_locked(struct gate *gate, bool is_held);

#endif
