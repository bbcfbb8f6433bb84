/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of requests: one thread that ends those whose time is over. */
#ifndef SERVE_DEADLINE_H
#define SERVE_DEADLINE_H

#include <agentmesh/call.h>
#include <agentmesh/error.h>

struct deadlines;

struct deadlines *deadlines_new(void); /* NULL: no memory. The thread starts with the first request. */
void deadlines_free(struct deadlines *deadlines); /* ends the thread; NULL is fine */

/* Watch a request, whose due is set; it may be moved later at any time. Without a thread to be had, it is not watched. */
void deadlines_add(struct deadlines *deadlines, mesh_request *request);
void deadlines_remove(struct deadlines *deadlines, mesh_request *request);

#endif
