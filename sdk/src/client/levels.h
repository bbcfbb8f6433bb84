/* SPDX-License-Identifier: Apache-2.0 */
/* From which level the events of each agent are published, kept current (protocol 12.3). */
#ifndef CLIENT_LEVELS_H
#define CLIENT_LEVELS_H

#include "client/client.h"

struct levels *levels_new(const struct core *core); /* NULL: no memory */
struct levels *levels_free(struct levels *levels);  /* after the link has been closed; returns NULL */

/* Begin to follow the levels, once; again is fine. Blocks. What was set before is known when this returns. A refusal is
 * told as an event, once on each connection: everybody is at info then. */
void levels_follow(struct levels *levels);
void levels_retry(struct levels *levels); /* there is a new connection, which may be allowed what the last was not */

/* Whether an event of this level is published. Costs next to nothing where no agent is set as low. */
bool levels_allow(struct levels *levels, const char *agent, int level);

#endif
