/* SPDX-License-Identifier: Apache-2.0 */
/* How often the program, with all of its libraries, has asked for memory. */
#ifndef BENCH_MALLOC_COUNT_H
#define BENCH_MALLOC_COUNT_H

#include <stddef.h>

size_t malloc_count(void);

#endif
