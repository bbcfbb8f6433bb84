/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stall: all handlers of an agent are long past their deadline. Until one of them returns the agent takes no
 * requests, so that they go to its replicas, or their callers learn at once that it is not available.
 */
#ifndef SERVE_STALL_H
#define SERVE_STALL_H

#include "serve/service.h"

/* A handler is past its deadline for as long again; one that was has returned. The caller has a reference to its
 * request. Not under a lock. */
void stall_add(struct agent *agent);
void stall_remove(struct agent *agent);

#endif
