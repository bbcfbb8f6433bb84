/* SPDX-License-Identifier: Apache-2.0 */
/* URLs as people may see them. */
#include "base/url.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "suite.h"

static void expect_shown(const char *url, const char *expected)
{
    auto_free char *shown = url_hide_secrets(url);
    expect_str(shown, expected);
}

static void passwords_and_tokens_are_hidden(void)
{
    expect_shown("nats://bob:secret@host:4222", "nats://bob:***@host:4222");
    expect_shown("nats://token@host", "nats://***@host");
    expect_shown("bob:p@ss:word@host", "bob:***@host");
    expect_shown("nats://bob:a@one:1,tls://two:2,nats://t@three", "nats://bob:***@one:1,tls://two:2,nats://***@three");
}

static void all_else_is_shown_as_it_is(void)
{
    static const char *const urls[] = { "nats://localhost:4222", "memory:test", "localhost", "",
                                        "nats://a,nats://b",     "a,," };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_shown(urls[i], urls[i]);
}

SUITE(base_url, TEST(passwords_and_tokens_are_hidden), TEST(all_else_is_shown_as_it_is))
