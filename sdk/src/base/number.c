/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers between text and double. */
#include "base/number.h"

#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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
