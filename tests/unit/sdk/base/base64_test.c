/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, both ways; and digests piece by piece. */
#include "base/base64.h"

#include <string.h>

#include "base/sha256.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void bytes_become_text_and_are_bytes_again(void)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        { "", "" },        { "f", "Zg==" },        { "fo", "Zm8=" },
        { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "\xfb\xff\xbf", "-_-_" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[BASE64_SIZE(6)];
        auto_buf struct buf back = { .max = 100 };
        base64url_encode(text, mesh_text(cases[i].bytes));
        expect_str(text, cases[i].text);
        expect_true(base64_decode(&back, text));
        expect_str(buf_text(&back), cases[i].bytes);
    }
}

static void every_byte_survives(void)
{
    unsigned char bytes[256];
    char text[BASE64_SIZE(256)];
    auto_buf struct buf back = { .max = 1000 };

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7);
    base64url_encode(text, mesh_bytes_of(bytes, sizeof(bytes)));
    expect_int(strlen(text), sizeof(text) - 1);
    expect_true(base64_decode(&back, text));
    expect_true(back.len == sizeof(bytes) && memcmp(back.data, bytes, sizeof(bytes)) == 0);
}

static void both_alphabets_are_read_and_nothing_else(void)
{
    auto_buf struct buf back = { .max = 100 };

    expect_true(base64_decode(&back, "+/-_"));
    expect_true(back.len == 3 && memcmp(back.data, "\xfb\xff\xbf", 3) == 0);
    expect_false(base64_decode(&back, "Zm9v\n"));
    expect_false(base64_decode(&back, "Zm 9v"));
    expect_false(base64_decode(&back, "\xc3\xa9"));
}

static void a_digest_does_not_depend_on_the_pieces(void)
{
    static const unsigned char of_abc[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea };
    auto_sha256 struct sha256 *whole = sha256_new(), *pieces = sha256_new();
    unsigned char one[SHA256_SIZE], two[SHA256_SIZE];

    sha256_add(whole, mesh_text("abc"));
    sha256_add(pieces, mesh_text("a"));
    sha256_add(pieces, mesh_text(NULL));
    sha256_add(pieces, mesh_text("bc"));
    expect_true(sha256_end(whole, one) && sha256_end(pieces, two));
    expect_true(memcmp(one, two, SHA256_SIZE) == 0 && memcmp(one, of_abc, sizeof(of_abc)) == 0);
}

SUITE(base_base64, TEST(bytes_become_text_and_are_bytes_again), TEST(every_byte_survives),
      TEST(both_alphabets_are_read_and_nothing_else), TEST(a_digest_does_not_depend_on_the_pieces))
