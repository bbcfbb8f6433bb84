/* SPDX-License-Identifier: Apache-2.0 */
/* How long something takes, of many times: a histogram whose bounds grow by a quarter, from 1 us to some hours. */
#ifndef SERVE_PACE_H
#define SERVE_PACE_H

#include <stdint.h>

enum { PACE_BOUNDS = 112 };

/* Begins as zeroes. */
struct pace {
    uint64_t counts[PACE_BOUNDS];
    uint64_t total;
};

void pace_note(struct pace *pace, uint64_t us);

/* The time within which this share (0 to 1) of all came, to within a quarter; 0: there was none. */
uint64_t pace_within_us(const struct pace *pace, double share);

#endif
