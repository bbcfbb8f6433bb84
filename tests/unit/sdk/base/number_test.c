/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text: their order, their multiples, their hashes. */
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* A digit so often, between two texts; to free(). */
static char *long_number(const char *before, char digit, size_t count, const char *after)
{
    char *text = malloc(strlen(before) + count + strlen(after) + 1);
    char *at = stpcpy(text, before);

    memset(at, digit, count);
    memcpy(at + count, after, strlen(after) + 1);
    return text;
}

static void order_is_exact(void)
{
    static const struct {
        const char *a, *b;
        int order;
    } cases[] = {
        { "0", "-0", 0 },
        { "0", "0.0", 0 },
        { "-0.0", "0e5", 0 },
        { "0", "0e999999999999999999999", 0 },
        { "1", "1.0", 0 },
        { "1", "10e-1", 0 },
        { "100", "1e2", 0 },
        { "1E+2", "0.1e3", 0 },
        { "1", "2", -1 },
        { "10", "9", 1 },
        { "-1", "1", -1 },
        { "-2", "-1", -1 },
        { "-0.5", "0", -1 },
        { "0", "0.001", -1 },
        { "0.1", "0.01", 1 },
        { "1.5", "1.25", 1 },
        { "19.99", "0", 1 },
        { "19.99", "20", -1 },
        { "9007199254740992", "9007199254740993", -1 },
        { "9007199254740993", "9007199254740993.0", 0 },
        { "9007199254740993", "9007199254740992.9", 1 },
        { "-9007199254740993", "-9007199254740992", -1 },
        { "18446744073709551600", "18446744073709551615", -1 },
        { "-18446744073709551600", "-18446744073709551615", 1 },
        { "99999999999999999", "100000000000000000", -1 },
        { "999999999999999999", "1000000000000000000", -1 },
        { "972783798187987123879878123.188781371", "972783798187987123879878123.18878137", 1 },
        { "-972783798187987123879878123.188781371", "-972783798187987123879878123.18878137", -1 },
        { "0.1", "0.1000000000000000000000000000000001", -1 },
        { "1e400", "1e308", 1 },
        { "1e400", "1e401", -1 },
        { "1e-400", "0", 1 },
        { "-1e-400", "0", -1 },
        { "1e999999999", "1e999999998", 1 },
        { "1e-999999999999999999999999", "0", 1 },
        { "1e999999999999999999999999", "1", 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!expect_int(number_compare(cases[i].a, cases[i].b), cases[i].order) ||
            !expect_int(number_compare(cases[i].b, cases[i].a), -cases[i].order) ||
            !expect_int(number_equal(cases[i].a, cases[i].b), cases[i].order == 0))
            printf("    %s and %s\n", cases[i].a, cases[i].b);
    }
}

static void integers_are_told_by_their_value(void)
{
    static const struct {
        const char *text;
        bool integral;
    } cases[] = {
        { "0", true },
        { "-0.0", true },
        { "0e-5", true },
        { "3", true },
        { "-3.0", true },
        { "30e-1", true },
        { "1.50e1", true },
        { "1.5", false },
        { "1e-1", false },
        { "1.50e0", false },
        { "100e-2", true },
        { "100e-3", false },
        { "1e400", true },
        { "1e-400", false },
        { "12345678910111213141516171819202122232425262728293031", true },
        { "12345678910111213141516171819202122232425262728293031.5", false },
        { "9007199254740993.0000000000000000000000001", false },
        { "1e999999999999999999999", true },
        { "1.1e-999999999999999999999", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (!expect_int(number_is_integral(cases[i].text), cases[i].integral))
            printf("    %s\n", cases[i].text);
}

static void multiples_are_exact(void)
{
    static const struct {
        const char *text, *of;
        bool multiple;
    } cases[] = {
        { "10", "2", true },
        { "7", "2", false },
        { "-10", "2", true },
        { "0", "3", true },
        { "-0.0", "0.3", true },
        { "4.5", "1.5", true },
        { "35", "1.5", false },
        { "0.0075", "0.0001", true },
        { "0.00751", "0.0001", false },
        { "0.3", "0.1", true },
        { "0.35", "0.1", false },
        { "1.1", "0.1", true },
        { "-0.7", "0.1", true },
        { "1e22", "0.1", true },
        { "19.99", "0.01", true },
        { "19.999", "0.01", false },
        { "3.0", "1", true },
        { "300", "3e2", true },
        { "300", "0.3e4", false },
        { "12391239123", "1e-8", true },
        { "1e308", "0.5", true },
        { "1e308", "0.123456789", false },
        { "1e400", "7", false },
        { "1e400", "2e399", true },
        { "1e400", "1024", true },
        { "7e400", "7", true },
        { "9007199254740993", "3", true },
        { "9007199254740992", "3", false },
        { "9007199254740993", "9007199254740992", false },
        { "18446744073709551616", "18446744073709551616", true },
        { "36893488147419103232", "18446744073709551616", true },
        { "36893488147419103233", "18446744073709551616", false },
        { "170141183460469231731687303715884105727", "170141183460469231731687303715884105727e-3", true },
        { "1e50", "340282366920938463463374607431768211456", false },
        { "340282366920938463463374607431768211456e9", "340282366920938463463374607431768211456", true },
        { "1e999999999", "3", false },
        { "3e999999999", "3", true },
        { "1e999999999", "1e999999998", true },
        { "1e999999999", "1180591620717411303424", true },
        { "1e999999999", "3541774862152233910272", false },
        { "1e-999999999", "3", false },
        { "3", "1e-999999999999", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (!expect_int(number_is_multiple(cases[i].text, cases[i].of), cases[i].multiple))
            printf("    %s of %s\n", cases[i].text, cases[i].of);
}

static void long_numbers_take_no_long_time(void)
{
    auto_free char *nines = long_number("", '9', 1000000, "");
    auto_free char *more = long_number("", '9', 1000000, ".5");
    auto_free char *divisor = long_number("1", '3', 1000, "e-3");
    uint64_t before = clock_ms();

    expect_int(number_compare(nines, more), -1);
    expect_true(number_is_integral(nines));
    expect_false(number_is_integral(more));
    expect_true(number_is_multiple(nines, "9"));
    expect_false(number_is_multiple(nines, "7"));
    number_is_multiple(nines, divisor);
    expect_false(number_is_multiple("1e999999999", divisor));
    expect_true(clock_ms() - before < 2000);
}

static void equal_numbers_hash_equal(void)
{
    static const char *const groups[][4] = {
        { "0", "-0", "0.0", "0e7" },
        { "1", "1.0", "1e0", "10e-1" },
        { "-1200", "-1.2e3", "-1200.00", "-0.0012E6" },
        { "123456789012345678901234567890", "123456789012345678901234567890.0", "12345678901234567890123456789e1",
          "0.123456789012345678901234567890e30" },
        { "1e400", "10e399", "0.1e401", "1.0e400" },
    };
    for (size_t i = 0; i < COUNT(groups); i++)
        for (size_t k = 1; k < 4; k++)
            expect_true(number_hash(groups[i][0]) == number_hash(groups[i][k]));
    for (size_t i = 0; i < COUNT(groups); i++)
        for (size_t k = 0; k < i; k++)
            expect_false(number_hash(groups[i][0]) == number_hash(groups[k][0]));
    expect_false(number_hash("1") == number_hash("-1"));
    expect_false(number_hash("9007199254740992") == number_hash("9007199254740993"));
}

SUITE(base_number, TEST(order_is_exact), TEST(integers_are_told_by_their_value), TEST(multiples_are_exact),
      TEST(long_numbers_take_no_long_time), TEST(equal_numbers_hash_equal))
