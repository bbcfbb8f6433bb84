/* SPDX-License-Identifier: Apache-2.0 */
/* The files of which `agentmesh new` makes a project; written from templates/ by the build. */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

struct template_file {
    const char *name; /* "responder.c", "README.md" */
    const char *text; /* with @NAME@ and its like */
};

/* Ended by a name that is NULL. */
extern const struct template_file template_files[];

#endif
