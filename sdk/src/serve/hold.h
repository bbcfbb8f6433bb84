/* SPDX-License-Identifier: Apache-2.0 */
/* A service that is held: what comes waits, nothing runs. For handing what it knows to another. */
#ifndef SERVE_HOLD_H
#define SERVE_HOLD_H

#include "serve/service.h"

/* Both under the move lock, and fine for one that is not held. What waits for the agents of one goes to those of the
 * same name of the other; what waits goes on. */
void hold_move(struct service *from, struct service *to);
void hold_end(struct service *service);

#endif
