/* SPDX-License-Identifier: Apache-2.0 */
/* Monotonic deadlines in milliseconds, and the time of day as the protocol writes it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Milliseconds, nanoseconds since some fixed moment; never goes back. */
uint64_t clock_ms(void);
uint64_t clock_ns(void);

#define CLOCK_NEVER UINT64_MAX

/* The moment timeout_ms from now, and what is left until a moment (0 when it has passed; at most UINT32_MAX). */
uint64_t clock_deadline(uint32_t timeout_ms);
uint32_t clock_left_ms(uint64_t deadline);

/* The same for callers of ours, who say UINT32_MAX for CLOCK_NEVER. */
uint64_t clock_deadline_or_never(uint32_t timeout_ms);

/* A condition variable that waits by this clock; false: the system has no more. */
bool clock_cond_init(pthread_cond_t *cond);

/* Wait until signalled (true; it may also wake early) or the deadline has passed (false). CLOCK_NEVER: for ever. */
bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline);

/* Now, UTC, ISO 8601 with microseconds: 2026-11-22T10:57:06.078226+00:00 (the fraction is left out when zero). */
enum { CLOCK_STAMP_SIZE = 40 };
void clock_stamp(char stamp[CLOCK_STAMP_SIZE]);

#endif
