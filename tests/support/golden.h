/* SPDX-License-Identifier: Apache-2.0 */
/* Golden files: what the reference implementation wrote, to compare with (tests/golden/README.md). */
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

/* The text of a file below tests/golden, "contract/rec.echo.json". To free(). Ends the program if it cannot be read. */
char *golden(const char *name);

/* Expect two texts to be the same JSON value; prints both if they are not. */
#define expect_json(got, expected) golden_expect_json((got), (expected), #got, __FILE__, __LINE__)
void golden_expect_json(const char *got, const char *expected, const char *what, const char *file, int line);

#endif
