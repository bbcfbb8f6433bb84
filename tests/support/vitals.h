/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has taken from the system: to be the same before and after. */
#ifndef SUPPORT_VITALS_H
#define SUPPORT_VITALS_H

#include <sys/types.h>

struct vitals {
    unsigned descriptors, threads, mappings;
    unsigned long resident_kb;
};

/* Of a living process; what cannot be read ends the program. */
struct vitals vitals_of(pid_t pid);

void vitals_print(const char *when, const struct vitals *vitals);

#endif
