/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers as text. */
#include "base/number.h"

#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static locale_t plain_locale;

static void make_plain_locale(void)
{
    plain_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* The locale that writes a point, for this thread; returns the one to go back to. */
static locale_t enter_plain_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_plain_locale);
    return uselocale(plain_locale);
}

double number_of(const char *text)
{
    locale_t before = enter_plain_locale();
    double number = strtod(text, NULL);

    uselocale(before);
    return number;
}

bool number_is_whole(double number)
{
    return number > -0x1p53 && number < 0x1p53 && (double)(int64_t)number == number;
}

void number_print(char out[NUMBER_SIZE], double number)
{
    locale_t before = enter_plain_locale();

    if (number_is_whole(number)) {
        snprintf(out, NUMBER_SIZE, "%.0f", number);
    } else {
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(out, NUMBER_SIZE, "%.*g", digits, number);
            if (strtod(out, NULL) == number)
                break;
        }
    }
    uselocale(before);
}

/* A decimal number taken apart: 0.digits times ten to the exponent; no digits: zero. The digits lie in the text, which
 * may have a point among them. */
struct decimal {
    bool negative;
    const char *first, *end; /* of the digits; no zero at either end */
    long long exponent;
};

/* An exponent, limited to what no text can come near by its digits. */
static long long exponent_of(const char *text)
{
    const long long limit = LLONG_MAX / 4;
    long long exponent = 0;
    bool negative = *text == '-';

    text += *text == '-' || *text == '+';
    for (; *text >= '0' && *text <= '9'; text++)
        exponent = exponent < limit / 10 ? exponent * 10 + (*text - '0') : limit;
    return negative ? -exponent : exponent;
}

static struct decimal decimal_of(const char *text)
{
    struct decimal number = { .negative = *text == '-' };

    text += number.negative;
    size_t mantissa = strcspn(text, "eE");
    size_t whole = strcspn(text, ".eE");
    const char *first = text + strspn(text, "0.");
    const char *end = text + mantissa;
    if (first >= end)
        return (struct decimal){ 0 };
    while (end[-1] == '0' || end[-1] == '.')
        end--;
    number.first = first;
    number.end = end;
    number.exponent = (text + whole) - first + (first > text + whole);
    if (text[mantissa])
        number.exponent += exponent_of(text + mantissa + 1);
    return number;
}

static const char *next_digit(const char *at, const char *end)
{
    return at < end && *at == '.' ? at + 1 : at;
}

static bool decimals_are_equal(const struct decimal *a, const struct decimal *b)
{
    const char *left = a->first, *right = b->first;

    if (a->negative != b->negative || a->exponent != b->exponent || !left != !right)
        return false;
    while (left < a->end && right < b->end) {
        left = next_digit(left, a->end);
        right = next_digit(right, b->end);
        if (*left++ != *right++)
            return false;
    }
    return left == a->end && right == b->end;
}

bool number_equal(const char *a, const char *b)
{
    struct decimal left = decimal_of(a), right = decimal_of(b);

    return decimals_are_equal(&left, &right);
}
