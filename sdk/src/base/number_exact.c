/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text, taken as they stand: compared, divided and hashed without rounding. */
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/number.h"

/* ---- plain integers of few digits, which most numbers are ---- */

enum { SHORT_DIGITS = 18 }; /* ten times as much fits into 64 bits */

static bool short_integer(const char *text, int64_t *ret_integer)
{
    bool negative = *text == '-';
    const char *at = text + negative;
    int64_t integer = 0;

    for (; ascii_is_digit(*at); at++) {
        if (at - text >= SHORT_DIGITS)
            return false;
        integer = integer * 10 + (*at - '0');
    }
    *ret_integer = negative ? -integer : integer;
    return *at == '\0';
}

/* ---- decimals ---- */

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
    for (; ascii_is_digit(*text); text++)
        exponent = exponent < limit / 10 ? exponent * 10 + (*text - '0') : limit;
    return negative ? -exponent : exponent;
}

static struct decimal decimal_of(const char *text)
{
    struct decimal number = { .negative = *text == '-' };
    const char *first = text + number.negative, *point = NULL, *end;

    for (end = first; ascii_is_digit(*end) || *end == '.'; end++)
        if (*end == '.')
            point = end;
    if (*end)
        number.exponent = exponent_of(end + 1);
    point = point ? point : end;
    while (first < end && (*first == '0' || *first == '.'))
        first++;
    if (first == end)
        return (struct decimal){ 0 };
    while (end[-1] == '0' || end[-1] == '.')
        end--;
    number.first = first;
    number.end = end;
    number.exponent += point - first + (first > point);
    return number;
}

/* The next digit, or -1 after the last. */
static int next_digit(const char **at, const char *end)
{
    if (*at < end && **at == '.')
        (*at)++;
    return *at < end ? *(*at)++ - '0' : -1;
}

static long long digit_count(const struct decimal *number)
{
    size_t len = (size_t)(number->end - number->first);

    return (long long)len - (len > 0 && memchr(number->first, '.', len) != NULL);
}

/* ---- order ---- */

static int compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
    const char *left = a->first, *right = b->first;

    if (!left || !right)
        return (left != NULL) - (right != NULL);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    for (;;) {
        int x = next_digit(&left, a->end), y = next_digit(&right, b->end);
        if (x != y)
            return x < y ? -1 : 1;
        if (x < 0)
            return 0;
    }
}

int number_compare(const char *a, const char *b)
{
    int64_t x, y;

    if (short_integer(a, &x) && short_integer(b, &y))
        return (x > y) - (x < y);
    struct decimal left = decimal_of(a), right = decimal_of(b);
    if (left.negative != right.negative)
        return left.negative ? -1 : 1;
    int order = compare_magnitudes(&left, &right);
    return left.negative ? -order : order;
}

bool number_equal(const char *a, const char *b)
{
    return number_compare(a, b) == 0;
}

/* ---- multiples ---- */

bool number_is_integral(const char *text)
{
    int64_t integer;

    if (short_integer(text, &integer))
        return true;
    struct decimal number = decimal_of(text);
    return digit_count(&number) <= number.exponent;
}

/* A natural number of many digits, its lowest limb first. */
enum { BIG_LIMBS = 58, BIG_DIGITS = 1024 };
static const uint64_t BIG_BASE = 1000000000000000000; /* a one with SHORT_DIGITS zeroes */

struct big {
    uint64_t limbs[BIG_LIMBS];
    size_t count;
};

static void big_push(struct big *big, int digit)
{
    uint64_t carry = (uint64_t)digit;

    for (size_t i = 0; i < big->count; i++) {
        uint64_t limb = big->limbs[i] * 10 + carry;
        carry = limb / BIG_BASE;
        big->limbs[i] = limb % BIG_BASE;
    }
    if (carry)
        big->limbs[big->count++] = carry;
}

static bool big_is_below(const struct big *a, const struct big *b)
{
    if (a->count != b->count)
        return a->count < b->count;
    for (size_t i = a->count; i-- > 0;)
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i];
    return false;
}

static void big_subtract(struct big *from, const struct big *big)
{
    uint64_t borrow = 0;

    for (size_t i = 0; i < from->count; i++) {
        uint64_t less = (i < big->count ? big->limbs[i] : 0) + borrow;
        borrow = from->limbs[i] < less;
        from->limbs[i] += (borrow ? BIG_BASE : 0) - less;
    }
    while (from->count > 0 && from->limbs[from->count - 1] == 0)
        from->count--;
}

/* Whether the digits, with so many zeroes after them, divide without rest. */
static bool big_divides(const struct decimal *by, const struct decimal *number, long long zeroes)
{
    struct big divisor = { .count = 0 }, rest = { .count = 0 };
    int digit;

    for (const char *at = by->first; (digit = next_digit(&at, by->end)) >= 0;)
        big_push(&divisor, digit);
    for (const char *at = number->first; (digit = next_digit(&at, number->end)) >= 0 || zeroes-- > 0;) {
        big_push(&rest, digit < 0 ? 0 : digit);
        while (!big_is_below(&rest, &divisor))
            big_subtract(&rest, &divisor);
    }
    return rest.count == 0;
}

static bool short_divides(const struct decimal *by, const struct decimal *number, long long zeroes)
{
    uint64_t divisor = 0, rest = 0;
    int digit;

    for (const char *at = by->first; (digit = next_digit(&at, by->end)) >= 0;)
        divisor = divisor * 10 + (uint64_t)digit;
    for (const char *at = number->first; (digit = next_digit(&at, number->end)) >= 0 || zeroes-- > 0;)
        rest = (rest * 10 + (uint64_t)(digit < 0 ? 0 : digit)) % divisor;
    return rest == 0;
}

bool number_is_multiple(const char *text, const char *of)
{
    int64_t integer, divisor;

    if (short_integer(text, &integer) && short_integer(of, &divisor) && divisor != 0)
        return integer % divisor == 0;
    struct decimal number = decimal_of(text), by = decimal_of(of);
    if (!number.first || !by.first)
        return !number.first;

    /* Both as whole numbers with the same power of ten; neither ends with a zero of its own. */
    long long digits = digit_count(&number), by_digits = digit_count(&by);
    long long zeroes = number.exponent - digits - (by.exponent - by_digits);
    if (zeroes < 0)
        return false;
    /* The divisor has fewer twos or fives than this: more zeroes divide no better. */
    if (zeroes > 4 * by_digits)
        zeroes = 4 * by_digits;
    if (by_digits <= SHORT_DIGITS)
        return short_divides(&by, &number, zeroes);
    if (by_digits <= BIG_DIGITS && (digits + zeroes) * by_digits <= 1 << 24)
        return big_divides(&by, &number, zeroes);
    return fmod(number_of(text), number_of(of)) == 0;
}

/* ---- hash ---- */

uint64_t number_hash(const char *text)
{
    struct decimal number = decimal_of(text);
    const char *at = number.first;
    uint64_t hash = hash_word(0, (uint64_t)number.exponent << 1 | number.negative), part = 0;
    int count = 0, digit;

    while ((digit = next_digit(&at, number.end)) >= 0) {
        part = part * 10 + (uint64_t)digit;
        if (++count % SHORT_DIGITS == 0) {
            hash = hash_word(hash, part);
            part = 0;
        }
    }
    return hash_word(hash, part);
}
