/* SPDX-License-Identifier: Apache-2.0 */
/* The hash: bytes as a polynomial over the prime 2^61 - 1, seven a coefficient, at a point that is drawn once. */
#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

static const uint64_t PRIME = ((uint64_t)1 << 61) - 1;
static uint64_t point, mask;

static void draw(void)
{
    uint64_t drawn[2];

    if (getrandom(drawn, sizeof(drawn), 0) != (ssize_t)sizeof(drawn)) {
        drawn[0] = clock_ns() * 0x9e3779b97f4a7c15U;
        drawn[1] = drawn[0] * 0xd1342543de82ef95U;
    }
    point = drawn[0] % (PRIME - 1) + 1;
    mask = drawn[1];
}

static void draw_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, draw);
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

    return sum >= PRIME ? sum - PRIME : sum;
}

static uint64_t reduce(uint64_t number)
{
    uint64_t sum = (number & PRIME) + (number >> 61);

    return sum >= PRIME ? sum - PRIME : sum;
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
    draw_once();
    hash = reduce(multiply(reduce(hash), point) + len);
    for (size_t at = 0; at < len; at += 7) {
        uint64_t part = 0;
        memcpy(&part, (const char *)bytes + at, len - at < 7 ? len - at : 7);
        hash = reduce(multiply(hash, point) + part);
    }
    return multiply(hash, point);
}

uint64_t hash_word(uint64_t hash, uint64_t word)
{
    draw_once();
    return reduce(multiply(reduce(hash), point) + reduce(word));
}

uint64_t hash_mix(uint64_t hash)
{
    draw_once();
    hash ^= mask;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdU;
    hash = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32;
}
