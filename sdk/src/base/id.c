/* SPDX-License-Identifier: Apache-2.0 */
/* Random ids. The bytes come from the kernel each time: nothing is kept that a fork could copy or threads share. */
#include "base/id.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

enum { ID_BYTES = 16 };

static uint64_t scramble(uint64_t x)
{
    x = (x ^ x >> 31) * 0x9e3779b97f4a7c15U;
    x = (x ^ x >> 29) * 0xd1342543de82ef95U;
    return x ^ x >> 32;
}

/* For a sandbox that forbids getrandom(): not random, but unlike any other id. */
static void unique_bytes(unsigned char bytes[ID_BYTES])
{
    static _Atomic uint64_t serial;
    uint64_t halves[2];

    halves[0] = scramble(clock_ns() ^ (uint64_t)getpid() << 40);
    halves[1] = scramble(halves[0] + atomic_fetch_add(&serial, 1) + 1);
    memcpy(bytes, halves, ID_BYTES);
}

static void random_bytes(unsigned char bytes[ID_BYTES])
{
    ssize_t got;

    do
        got = getrandom(bytes, ID_BYTES, 0);
    while (got < 0 && errno == EINTR);
    if (got != ID_BYTES)
        unique_bytes(bytes);
}

void id_new(char id[ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[ID_BYTES];

    random_bytes(bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); /* variant of RFC 4122 */
    for (size_t i = 0; i < ID_BYTES; i++) {
        id[2 * i] = digits[bytes[i] >> 4];
        id[2 * i + 1] = digits[bytes[i] & 15];
    }
    id[ID_SIZE - 1] = '\0';
}
