/* SPDX-License-Identifier: Apache-2.0 */
/* What operators may ask at the control socket, and what it does. [main] */
#ifndef HOST_OPERATE_H
#define HOST_OPERATE_H

#include <agentmesh/error.h>

#include "control.h"
#include "plugin/roster.h"

/* The host as far as operators can see it; the daemon fills it in. */
struct operate_tools {
    struct roster *roster;
    void *closure;
    /* Whether the host is ending: nothing can be ordered any more. */
    bool (*is_ending)(const void *closure);
    /* Read mesh.ini and look at the folders; false: mesh.ini is wrong, and the one in use is kept. */
    bool (*reload)(void *closure);
    /* Look at the folders soon. */
    void (*look)(void *closure);
    /* Members of the answer to "status", as JSON with a comma after each. */
    void (*describe)(void *closure, struct buf *out);
};

/* Hear what was asked; answers now or later. closure: struct operate_tools. */
void operate_hear(void *closure, struct conversation *conversation, const cJSON *asked);

#endif
