/* SPDX-License-Identifier: Apache-2.0 */
/* The runner behind SUITE(): CUnit counts, this tells. */
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>

enum { EXIT_SKIPPED = 77 };

/* Guarded by lock: checks may be made on any thread of a test. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned failures, skipped;
static bool is_skipped;

/* Set before the first test. */
static const struct test *all_tests;
static size_t test_count;

static bool name_is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return true;
    return argc < 2;
}

static void test_begins(const CU_pTest test, const CU_pSuite suite)
{
    (void)test;
    (void)suite;
    pthread_mutex_lock(&lock);
    failures = 0;
    is_skipped = false;
    pthread_mutex_unlock(&lock);
}

/* For the table that tests/run makes: a line for each statement that the test shows. */
static void tell_statements(const char *verdict, const char *suite, const char *name)
{
    const char *numbers = NULL;
    for (size_t i = 0; i < test_count; i++)
        if (strcmp(all_tests[i].name, name) == 0)
            numbers = all_tests[i].statements;
    while (numbers && *numbers) {
        size_t len = strcspn(numbers, " ");
        printf("     statement %.*s %s %s: %s\n", (int)len, numbers, verdict, suite, name);
        numbers += len + strspn(numbers + len, " ");
    }
}

static void test_ends(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    (void)failure;
    pthread_mutex_lock(&lock);
    const char *verdict = failures > 0 ? "FAIL" : is_skipped ? "skip" : "ok";
    skipped += is_skipped && failures == 0;
    pthread_mutex_unlock(&lock);
    printf("%-4s %s: %s\n", verdict, suite->pName, test->pName);
    tell_statements(verdict, suite->pName, test->pName);
    fflush(stdout);
}

static int verdict_of(unsigned run, unsigned failed)
{
    if (run == 0 || failed > 0)
        return 1;
    return skipped == run ? EXIT_SKIPPED : 0;
}

int suite_run(const char *name, const struct test *tests, size_t count, int argc, char **argv)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    all_tests = tests;
    test_count = count;
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    unsigned added = 0;
    for (size_t i = 0; suite && i < count; i++)
        if (name_is_wanted(tests[i].name, argc, argv))
            added += CU_add_test(suite, tests[i].name, tests[i].run) != NULL;
    if (added == 0)
        fprintf(stderr, "%s: no test of that name\n", name);

    CU_set_test_start_handler(test_begins);
    CU_set_test_complete_handler(test_ends);
    CU_run_all_tests();
    int verdict = verdict_of(CU_get_number_of_tests_run(), CU_get_number_of_tests_failed());
    CU_cleanup_registry();
    return verdict;
}

const char *suite_current(void)
{
    return CU_get_current_test()->pName;
}

void skip(const char *reason)
{
    pthread_mutex_lock(&lock);
    is_skipped = true;
    printf("     skipped: %s\n", reason);
    pthread_mutex_unlock(&lock);
}

/* Both texts NULL: nothing more to say than what was checked. */
static bool judge(bool value, const char *what, const char *file, int line, const char *got, const char *expected)
{
    pthread_mutex_lock(&lock);
    if (!value) {
        failures++;
        fprintf(stderr, "%s:%d: %s", file, line, what);
        if (got)
            fprintf(stderr, ": got %s, expected %s", got, expected);
        fprintf(stderr, "\n");
    }
    CU_assertImplementation(value, (unsigned)line, what, file, "", CU_FALSE);
    pthread_mutex_unlock(&lock);
    return value;
}

bool suite_expect_true(bool value, const char *what, const char *file, int line)
{
    return judge(value, what, file, line, NULL, NULL);
}

bool suite_expect_int(long long got, long long expected, const char *what, const char *file, int line)
{
    char got_text[32], expected_text[32];

    snprintf(got_text, sizeof(got_text), "%lld", got);
    snprintf(expected_text, sizeof(expected_text), "%lld", expected);
    return judge(got == expected, what, file, line, got_text, expected_text);
}

enum { SHOWN = 2000 };

/* In quotes, cut where it is very long; NULL is told apart from "NULL". */
static const char *show(char out[SHOWN], const char *before, const char *text)
{
    if (text)
        snprintf(out, SHOWN, "%s\"%.*s\"", before, SHOWN - 64, text);
    else
        snprintf(out, SHOWN, "%sNULL", before);
    return out;
}

bool suite_expect_str(const char *got, const char *expected, const char *what, const char *file, int line)
{
    char shown[2][SHOWN];
    bool same = got && expected ? strcmp(got, expected) == 0 : got == expected;

    return judge(same, what, file, line, show(shown[0], "", got), show(shown[1], "", expected));
}

bool suite_expect_contains(const char *got, const char *part, const char *what, const char *file, int line)
{
    char shown[2][SHOWN];
    bool found = got && part && strstr(got, part);

    return judge(found, what, file, line, show(shown[0], "", got), show(shown[1], "something with ", part));
}
