/* SPDX-License-Identifier: Apache-2.0 */
/* A service that is held: what comes waits, nothing runs. For handing what it knows to another. */
#ifndef SERVE_HOLD_H
#define SERVE_HOLD_H

#include "serve/service.h"

/* All under the move lock, and without effect where the service is not held. */

/* What waits for the agents of one goes to those of the same name of the other. */
void hold_move(struct service *from, struct service *to);

/* An agent has joined it, or its gate has opened or closed: one that is closed finishes what it has. */
void hold_follow(struct agent *agent);

/* What waits goes on: with who serves its name now, else here. */
void hold_end(struct service *service);

/* The same for good: what would go on here is answered, or dropped. */
void hold_give_up(struct service *service);

#endif
