/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram of times: any number of them in little room, each kept to some three percent. Zeroed it is empty. */
#ifndef SUPPORT_HISTOGRAM_H
#define SUPPORT_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 32, HISTOGRAM_ROOM = 64 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t count, longest_ns;
    uint32_t rooms[HISTOGRAM_ROOM];
};

void histogram_add(struct histogram *histogram, uint64_t ns);

/* Add all that another holds. */
void histogram_join(struct histogram *histogram, const struct histogram *other);

/* The time in milliseconds that so many percent do not exceed; 0 when it is empty. */
double histogram_ms(const struct histogram *histogram, double percent);

#endif
