/* SPDX-License-Identifier: Apache-2.0 */
/* The monotonic clock and the time of day. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static struct timespec now(clockid_t clock)
{
    struct timespec time = { 0 };

    clock_gettime(clock, &time);
    return time;
}

uint64_t clock_ns(void)
{
    struct timespec time = now(CLOCK_MONOTONIC);

    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}

uint64_t clock_deadline(uint32_t timeout_ms)
{
    return clock_ms() + timeout_ms;
}

uint64_t clock_deadline_or_never(uint32_t timeout_ms)
{
    return timeout_ms == UINT32_MAX ? CLOCK_NEVER : clock_deadline(timeout_ms);
}

uint32_t clock_left_ms(uint64_t deadline)
{
    uint64_t moment = clock_ms();

    if (deadline <= moment)
        return 0;
    return deadline - moment < UINT32_MAX ? (uint32_t)(deadline - moment) : UINT32_MAX;
}

bool clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_cond_init(cond, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return ok;
}

bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline)
{
    if (deadline == CLOCK_NEVER)
        return pthread_cond_wait(cond, lock) == 0;

    struct timespec until = { .tv_sec = (time_t)(deadline / 1000), .tv_nsec = (long)(deadline % 1000) * 1000000 };
    return pthread_cond_timedwait(cond, lock, &until) == 0;
}

void clock_stamp(char stamp[CLOCK_STAMP_SIZE])
{
    struct timespec time = now(CLOCK_REALTIME);
    char fraction[16] = "";
    struct tm day;

    if (time.tv_nsec >= 1000)
        snprintf(fraction, sizeof(fraction), ".%06u", (unsigned)(time.tv_nsec / 1000) % 1000000);
    gmtime_r(&time.tv_sec, &day);
    size_t len = strftime(stamp, CLOCK_STAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &day);
    snprintf(stamp + len, CLOCK_STAMP_SIZE - len, "%s+00:00", fraction);
}
