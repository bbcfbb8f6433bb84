/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CUnit in few words. A test is a function whose name is a sentence that is true when it passes; SUITE() makes a main()
 * that runs them all and exits 0, 1 when one failed, or 77 when everything was skipped.
 *
 *   static void names_are_checked(void) { expect_true(name_is_valid("echo")); }
 *   SUITE(wire_subject, TEST(names_are_checked))
 *
 * A test that shows a statement of the protocol's checklist (tests/statements.txt) carries its number, or several:
 * STATEMENT("31 32", what_does_not_fit_is_answered).
 */
#ifndef SUPPORT_SUITE_H
#define SUPPORT_SUITE_H

#include <stdbool.h>
#include <stddef.h>

struct test {
    const char *name;
    void (*run)(void);
    const char *statements; /* numbers, separated by spaces; NULL: none */
};

#define TEST(function) { #function, function, NULL }
#define STATEMENT(numbers, function) { #function, function, numbers }

#define SUITE(name, ...)                                                                 \
    int main(int argc, char **argv)                                                      \
    {                                                                                    \
        static const struct test tests[] = { __VA_ARGS__ };                              \
        return suite_run(#name, tests, sizeof(tests) / sizeof(tests[0]), argc, argv);    \
    }

/* With arguments, runs only the tests whose names contain one of them. */
int suite_run(const char *name, const struct test *tests, size_t count, int argc, char **argv);

/* The name of the running test, for a function that stands behind several. */
const char *suite_current(void);

/* Leave the running test as skipped, with the reason; return from the test after it. */
void skip(const char *reason);

/* Each prints what was got and what was expected, and returns whether it held. */
#define expect_true(value) suite_expect_true((value), #value, __FILE__, __LINE__)
#define expect_false(value) suite_expect_true(!(value), "!(" #value ")", __FILE__, __LINE__)
#define expect_int(got, expected) suite_expect_int((long long)(got), (long long)(expected), #got, __FILE__, __LINE__)
#define expect_str(got, expected) suite_expect_str((got), (expected), #got, __FILE__, __LINE__)
#define expect_contains(got, part) suite_expect_contains((got), (part), #got, __FILE__, __LINE__)

bool suite_expect_true(bool value, const char *what, const char *file, int line);
bool suite_expect_int(long long got, long long expected, const char *what, const char *file, int line);
bool suite_expect_str(const char *got, const char *expected, const char *what, const char *file, int line);
bool suite_expect_contains(const char *got, const char *part, const char *what, const char *file, int line);

#endif
