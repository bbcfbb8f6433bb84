/* SPDX-License-Identifier: Apache-2.0 */
/* A caller on the mesh of this program's private server: asks agents, in the foreground or beside the test. */
#ifndef SUPPORT_CALLER_H
#define SUPPORT_CALLER_H

#include <stdbool.h>

#include <agentmesh/agentmesh.h>

/* The one client of all these functions; opened when first asked for, closed at exit. */
mesh_client *caller_client(void);

/* What an agent answers, or "error: TEXT"; to free(). */
char *caller_ask(const char *agent, const char *input, unsigned timeout_ms);

/* Whether it answers so within timeout_ms, asked again and again. */
bool caller_hears(const char *agent, const char *input, const char *answer, unsigned timeout_ms);

/* Whether the catalog lists it, or does not, within timeout_ms. */
bool caller_lists(const char *agent, bool listed, unsigned timeout_ms);

/* One that asks without pause on a thread of its own, until stopped; then it tells how often, and what failed. */
struct stream_of_calls;
struct stream_of_calls *calls_begin(const char *agent, const char *input);
unsigned calls_end(struct stream_of_calls *calls, unsigned *ret_failed);

#endif
