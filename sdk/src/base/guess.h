/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the known words was meant. */
#ifndef BASE_GUESS_H
#define BASE_GUESS_H

#include <stdbool.h>
#include <stddef.h>

/* A search for the known word that is nearest to the one found. */
struct guess {
    const char *found;
    const char *best; /* NULL: nothing is near enough; lent from the words tried */
    size_t distance;
};

struct guess guess_start(const char *found);
void guess_try(struct guess *guess, const char *word);

/* Letters to change, insert, drop or swap with their neighbour to make one word of the other; case costs nothing. Words
 * of more than GUESS_MAX bytes are infinitely far. */
enum { GUESS_MAX = 64 };
size_t guess_distance(const char *a, const char *b);

#endif
