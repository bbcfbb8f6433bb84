/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers as text: to the nearest double, from it, and compared exactly. The program's locale does not matter.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>

enum { NUMBER_SIZE = 40 };

double number_of(const char *text);

/* Whether it is an integer that a double tells from its neighbours: within 2^53. */
bool number_is_whole(double number);

/* The shortest text that reads back as the same number, which must be finite. */
void number_print(char out[NUMBER_SIZE], double number);

/* Whether two texts, each a JSON number, stand for the same value: 1e2 and 100.0 do, 2^53 and 2^53 + 1 do not. */
bool number_equal(const char *a, const char *b);

#endif
