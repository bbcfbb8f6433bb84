/* SPDX-License-Identifier: Apache-2.0 */
/* Agent names, and the subjects made of them (protocol 1). */
#ifndef WIRE_SUBJECT_H
#define WIRE_SUBJECT_H

#include <stdbool.h>

#include <agentmesh/error.h>

#define SUBJECT_DEATH_ALL "mesh.death.>"

/* Whether a name is one of the protocol's; every byte is compared. For publish() subjects the same grammar holds. */
bool name_is_valid(const char *name);

/* Whether an id can be a token of a subject: no blanks, dots, wildcards, control characters; not empty. */
bool token_is_valid(const char *id);

/* Whether a subject is of tokens of visible ASCII without wildcards: to answer to, or to listen to one publisher. */
bool subject_is_plain(const char *subject);

/* Whether one may listen to it: tokens without blanks and control characters; "*" and a last ">" are wildcards. */
bool subject_is_pattern(const char *subject);
bool subject_has_wildcard(const char *subject);

enum { OWN_NAME_MAX = 1024 }; /* an agent's contract stands under its name, and no key is longer */

/* Refuse a name with the rule that it breaks; also those that are legal but hazardous (protocol 1.1): "global", names
 * that end in ".events", and long ones. MESH_E_INVALID_ARGUMENT. For registration. */
mesh_status name_check(const char *name, mesh_error *err);

/* Each gives a string to free(), or NULL without memory. The name must be valid. */
char *subject_for_agent(const char *name);       /* mesh.agent.{name} */
char *subject_for_queue_group(const char *name); /* q.{name}: the queue group, not a subject */
char *subject_for_stream(const char *id);        /* mesh.stream.{id} */
char *subject_for_results(const char *id);       /* mesh.results.{id} */
char *subject_for_errors(const char *name);      /* mesh.errors.{name} */
char *subject_for_death(const char *name);       /* mesh.death.{name} */
char *subject_for_logs(const char *name);        /* mesh.logs.{name} */
char *subject_for_events(const char *name);      /* mesh.agent.{name}.events */
char *subject_for_channel(const char *channel);  /* mesh.agent.{channel}.>: a pattern */

/* The agent of a death notice's subject: lent from subject, or NULL if it is none. */
const char *subject_death_agent(const char *subject);

#endif
