/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers as text: to the nearest double, from it, and compared exactly. The program's locale does not matter.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum { NUMBER_SIZE = 40 };

double number_of(const char *text);

/* Whether it is an integer that a double tells from its neighbours: within 2^53. */
bool number_is_whole(double number);

/* The shortest text that reads back as the same number, which must be finite. */
void number_print(char out[NUMBER_SIZE], double number);

/* Whether two texts, each a JSON number, stand for the same value: 1e2 and 100.0 do, 2^53 and 2^53 + 1 do not. */
bool number_equal(const char *a, const char *b);

/* The same texts in order: below, equal to or above 0 as a is less than, equal to or greater than b. Exact. */
int number_compare(const char *a, const char *b);

/* Whether a text, a JSON number, stands for a whole number: 3, 3.0 and 30e-1 do. */
bool number_is_integral(const char *text);

/* Whether a text is a whole multiple of another, which is above 0. Exact: 0.3 is one of 0.1. Bounded time, whatever the
 * exponents; where digits would go into the thousands the nearest doubles decide. */
bool number_is_multiple(const char *text, const char *of);

/* Equal for equal values (base/hash.h). */
uint64_t number_hash(const char *text);

#endif
