/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source: a subject or shared keys whose messages an agent handles, one at a time, in order (protocol 7.3). The
 * messages that wait are a lane.
 */
#ifndef SERVE_SOURCE_H
#define SERVE_SOURCE_H

#include "serve/service.h"

struct source;

/* Check a source and make it, for an agent whose contract is there. Given; source_free(). */
mesh_status source_new(struct agent *agent, const mesh_source *spec, struct source **ret_source, mesh_error *err);

/* Nothing of it waits or runs, and its subscription is gone. */
void source_free(struct source *source);

/* Begin to listen; what comes waits until source_release(). Both under the move lock of serve.c. */
mesh_status source_bind(struct source *source, mesh_error *err);
void source_release(struct source *source);

/* Listen no more; what has come is still handled. The service counts as leaving until nothing more can come. Under the
 * move lock; fine for one that does not listen. */
void source_unbind(struct source *source);

/* Under the workers' lock: handle none of what waits, until it is not held any more; whether it handles something now.
 */
void source_hold_locked(struct source *source, bool is_held);
bool source_runs(const struct source *source);

/* Taking over from another agent's source, all under the move lock. Whether one need not begin to listen, because it
 * will go on where the other stands; doing so: the subscription, if it needs none of its own, and what waits go to it,
 * and it begins when the other has handled its last message. Nothing happens if they do not listen to the same. */
bool source_can_succeed(const struct source *from, const struct source *to);
void source_succeed(struct source *from, struct source *to);

/* Under the move lock: what waits for one goes to another, if that listens to the same: then true. Values of keys of
 * which the other is told anyway do not. */
bool source_move(struct source *from, struct source *to);

/* Under the workers' lock: whether something waits or runs; the next that waits, to be dropped. */
bool source_is_busy(const struct source *source);
struct job *source_pop_locked(struct source *source);

#endif
