/* SPDX-License-Identifier: Apache-2.0 */
/* One call into a plugin, on a thread made for it, so that whoever waits for it need not wait for ever. */
#ifndef PLUGIN_STEP_H
#define PLUGIN_STEP_H

#include <stdbool.h>
#include <stdint.h>

struct step;

/* Begin to run. thread_name: at most 15 bytes; threads that the plugin starts inherit it. NULL: no thread is to be had.
 */
struct step *step_start(const char *thread_name, void (*run)(void *closure), void *closure);

/* Wait until it has returned; false: not by the deadline (clock_ms(); CLOCK_NEVER waits for ever). [one thread] */
bool step_wait(struct step *step, uint64_t deadline);

/* After step_wait() has returned true; the thread is gone. Returns NULL; NULL is fine. */
struct step *step_free(struct step *step);

#endif
