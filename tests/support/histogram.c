/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram of times: powers of two, each in equal steps. */
#include "histogram.h"

static unsigned power_of(uint64_t ns)
{
    return 63 - (unsigned)__builtin_clzll(ns | HISTOGRAM_STEPS);
}

static unsigned room_for(uint64_t ns)
{
    unsigned power = power_of(ns), shift = power - 5;
    return shift * HISTOGRAM_STEPS + (unsigned)(ns >> shift);
}

/* The longest time of a room. */
static uint64_t end_of(unsigned room)
{
    if (room < 2 * HISTOGRAM_STEPS)
        return room;
    unsigned shift = room / HISTOGRAM_STEPS - 1;
    return ((uint64_t)(room % HISTOGRAM_STEPS + HISTOGRAM_STEPS + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    histogram->rooms[room_for(ns)]++;
    histogram->count++;
    histogram->longest_ns = ns > histogram->longest_ns ? ns : histogram->longest_ns;
}

void histogram_join(struct histogram *histogram, const struct histogram *other)
{
    for (unsigned i = 0; i < HISTOGRAM_ROOM; i++)
        histogram->rooms[i] += other->rooms[i];
    histogram->count += other->count;
    histogram->longest_ns = other->longest_ns > histogram->longest_ns ? other->longest_ns : histogram->longest_ns;
}

double histogram_ms(const struct histogram *histogram, double percent)
{
    double wanted = (double)histogram->count * percent / 100;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_ROOM; i++) {
        seen += histogram->rooms[i];
        if (histogram->rooms[i] > 0 && (double)seen >= wanted) {
            uint64_t end_ns = end_of(i);
            return (double)(end_ns < histogram->longest_ns ? end_ns : histogram->longest_ns) / 1e6;
        }
    }
    return 0;
}
