/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are counted: numbered, each with a reply subject of its own, so that what was not answered, or answered
 * twice, or by a version that should be gone, is found out. The agent is that of numbered.c.
 *
 * Versions are numbers that grow by one, and the answer tells what is left when one is divided by TRAFFIC_VERSIONS.
 */
#ifndef SUPPORT_TRAFFIC_H
#define SUPPORT_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

enum { TRAFFIC_VERSIONS = 8, TRAFFIC_LANES_MAX = 8 };

struct traffic_order {
    const char *url;
    unsigned lanes;      /* connections */
    unsigned window;     /* requests in flight on each, at most */
    unsigned per_second; /* of all lanes together; 0: as many as there are answers */
    unsigned version;    /* that answers now */
};

struct traffic_tally {
    uint64_t requests;
    uint64_t lost; /* not answered, or by an error */
    uint64_t doubled;
    uint64_t stale; /* answered by a version that had been replaced when the request was sent */
    double seconds;
    struct histogram quiet, around; /* times of requests, around: those that have seen a replacement */
    char failure[256];              /* the first error */
};

struct traffic;
struct traffic *traffic_begin(const struct traffic_order *order);

/* The next version is about to be put in place: from now on it may answer. */
void traffic_put(struct traffic *traffic, unsigned version);

/* It serves now, it was said: what is sent from now on is answered by none before it. */
void traffic_settled(struct traffic *traffic, unsigned version);

/* Wait until the version that was put last has answered; when that was (clock_ns()). False: it never did. */
bool traffic_hears(struct traffic *traffic, unsigned timeout_ms, uint64_t *ret_ns);

/* How many were answered so far. */
uint64_t traffic_answered(const struct traffic *traffic);

/* Send no more, and wait until all are answered or nothing comes any more. */
void traffic_stop(struct traffic *traffic);

/* Count up and free. What comes twice is known best when the host has ended. */
void traffic_end(struct traffic *traffic, struct traffic_tally *ret_tally);

#endif
