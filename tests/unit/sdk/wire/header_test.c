/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/header.h"

#include <string.h>

#include "suite.h"

#define BLOCK "NATS/1.0\r\nX-Mesh-Request-Id:\r\nX-Mesh-Status: ok\r\nX-Own: \t a: b \r\n\r\n"

static void values_are_found_by_their_exact_names(void)
{
    char block[] = BLOCK;
    expect_str(header_find(block, sizeof(block) - 1, "X-Mesh-Status"), "ok");
    expect_str(header_find(block, sizeof(block) - 1, "X-Own"), "a: b");
    expect_str(header_find(block, sizeof(block) - 1, "x-own"), NULL);
    expect_str(header_find(block, sizeof(block) - 1, "X-Ow"), NULL);
}

static void an_empty_value_is_one(void)
{
    char block[] = BLOCK;
    expect_str(header_find(block, sizeof(block) - 1, "X-Mesh-Request-Id"), "");
    expect_str(header_find(block, sizeof(block) - 1, "X-Mesh-Status"), "ok");
}

static void what_was_found_is_found_again(void)
{
    char block[] = BLOCK;
    for (int i = 0; i < 3; i++)
        expect_str(header_find(block, sizeof(block) - 1, "X-Own"), "a: b");
}

static void broken_blocks_have_none(void)
{
    static const char *const blocks[] = { "", "NATS/1.0", "NATS/1.0\r\nX-Own: a", "NATS/1.0\r\nX-Own: a\n",
                                          "X-Own: a\r\n" };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        char block[64];
        memcpy(block, blocks[i], strlen(blocks[i]) + 1);
        expect_str(header_find(block, strlen(block), "X-Own"), NULL);
    }
}

SUITE(wire_header, TEST(values_are_found_by_their_exact_names), TEST(an_empty_value_is_one),
      TEST(what_was_found_is_found_again), TEST(broken_blocks_have_none))
