/* SPDX-License-Identifier: Apache-2.0 */
/* A load: one deed done over and over for a while by some threads, and how often and how fast it was done. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

struct load {
    void *(*open)(void *closure); /* what one thread needs; NULL: could not be had, and why is on stderr */
    bool (*once)(void *own);      /* the deed; false: it failed, and why is on stderr */
    void (*close)(void *own);
    void *closure; /* for open */
};

struct load_result {
    uint64_t count; /* deeds done in the time that is measured, warm-up left out */
    double seconds; /* that time */
    double p50_us;
    double p99_us;
};

/* Run it with so many threads. False if anything failed: a figure that leaves failures out is none. */
bool load_run(const struct load *load, unsigned threads, unsigned duration_ms, struct load_result *result);

/* Let a time pass in which others do what is measured. */
void load_wait(unsigned ms);

/* Print a figure as `name value`, which is what the script reads. */
void load_print(const char *name, double value);

#endif
