/* SPDX-License-Identifier: Apache-2.0 */
/* Guesses by edit distance. */
#include "base/guess.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

size_t guess_distance(const char *a, const char *b)
{
    size_t rows[3][GUESS_MAX + 1]; /* of a letter of a and the two before it */
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > GUESS_MAX || b_len > GUESS_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = min(min(above[j], row[j - 1]) + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = min(row[j], second[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

struct guess guess_start(const char *found)
{
    /* A third of the letters may be wrong; a short word may have one wrong. */
    size_t len = strlen(found);
    return (struct guess){ .found = found, .distance = (len < 3 ? 1 : len / 3) + 1 };
}

void guess_try(struct guess *guess, const char *word)
{
    size_t distance = guess_distance(guess->found, word);

    if (distance < guess->distance) {
        guess->distance = distance;
        guess->best = word;
    }
}
