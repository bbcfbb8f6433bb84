/* SPDX-License-Identifier: Apache-2.0 */
/* The test runner itself: what it exits with, and what it says. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void holds(void)
{
    expect_true(true);
    expect_false(false);
    expect_int(7, 7);
    expect_str("a", "a");
    expect_str(NULL, NULL);
    expect_contains("abc", "b");
}

static void does_not_hold(void)
{
    expect_str("a", "b");
}

static void is_only_left_out(void)
{
    skip("for a reason");
}

static void fails_and_is_left_out(void)
{
    expect_int(1, 2);
    skip("too late");
}

static void does_not_hold_in_many_ways(void)
{
    expect_true(1 > 2);
    expect_false(2 > 1);
    expect_int(-1, 1);
    expect_str("got this", NULL);
    expect_contains("abc", "x");
}

/* What this program runs when it is started by its own tests; each of them picks some by name. */
static const struct test inner[] = {
    TEST(holds),
    TEST(does_not_hold),
    TEST(is_only_left_out),
    TEST(fails_and_is_left_out),
    TEST(does_not_hold_in_many_ways),
};

enum { INNER_COUNT = sizeof(inner) / sizeof(inner[0]) };

#define INNER_VARIABLE "SUITE_TEST_INNER"

/* Start this program on some of the inner tests; gives its exit code and what it printed. */
static int run(const char *one, const char *other, char *output, size_t size)
{
    int ends[2], status = 0;
    size_t len = 0;

    expect_int(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        setenv(INNER_VARIABLE, "1", 1);
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        execl("/proc/self/exe", "suite", one, other, NULL);
        _exit(2);
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], output + len, size - 1 - len)) > 0;)
        len += (size_t)got;
    output[len] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_exit_code_follows_the_tests(void)
{
    static const struct {
        const char *one, *other;
        int expected;
        const char *said;
    } cases[] = {
        { "holds", NULL, 0, "ok   inner: holds" },
        { "holds", "only_left_out", 0, "skip inner: is_only_left_out" },
        { "holds", "does_not_hold", 1, "FAIL inner: does_not_hold" },
        { "left_out", NULL, 1, "FAIL inner: fails_and_is_left_out" },
        { "no such test", NULL, 1, "no test of that name" },
        { NULL, NULL, 1, "ok   inner: holds" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char output[4096];
        expect_int(run(cases[i].one, cases[i].other, output, sizeof(output)), cases[i].expected);
        expect_contains(output, cases[i].said);
    }
}

static void a_suite_of_which_nothing_ran_is_skipped(void)
{
    char output[4096];

    expect_int(run("only_left_out", NULL, output, sizeof(output)), 77);
    expect_contains(output, "for a reason");
}

static void a_failure_tells_place_and_values(void)
{
    char output[4096];

    run("in_many_ways", NULL, output, sizeof(output));
    expect_contains(output, "suite_test.c:");
    expect_contains(output, ": 1 > 2\n");
    expect_contains(output, ": !(2 > 1)\n");
    expect_contains(output, ": -1: got -1, expected 1\n");
    expect_contains(output, ": \"got this\": got \"got this\", expected NULL\n");
    expect_contains(output, ": \"abc\": got \"abc\", expected something with \"x\"\n");
}

int main(int argc, char **argv)
{
    static const struct test outer[] = {
        TEST(the_exit_code_follows_the_tests),
        TEST(a_suite_of_which_nothing_ran_is_skipped),
        TEST(a_failure_tells_place_and_values),
    };

    if (getenv(INNER_VARIABLE))
        return suite_run("inner", inner, INNER_COUNT, argc, argv);
    return suite_run("support_suite", outer, sizeof(outer) / sizeof(outer[0]), argc, argv);
}
