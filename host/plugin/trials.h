/* SPDX-License-Identifier: Apache-2.0 */
/* Which contents have passed their trial load, so that none is tried twice. [any-thread] */
#ifndef PLUGIN_TRIALS_H
#define PLUGIN_TRIALS_H

#include <stdint.h>

#include "plugin/image.h"

struct trials;

struct trials *trials_new(void);                   /* NULL: no memory */
struct trials *trials_free(struct trials *trials); /* nobody is in trials_pass(); returns NULL */

/*
 * Pass if the content has passed before and the libraries it needs are the same files, else load it on trial. A few at
 * a time; the others wait. [blocks]
 *
 * Errors are those of trial_load().
 */
mesh_status trials_pass(struct trials *trials, const struct image *image, uint32_t timeout_ms, mesh_error *err);

#endif
