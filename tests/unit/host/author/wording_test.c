/* SPDX-License-Identifier: Apache-2.0 */
#include "author/wording.h"

#include <string.h>

#include "suite.h"

enum { SIZE = 256 };

static void what_has_become_of_a_build_is_told_in_a_sentence(void)
{
    static const struct {
        const char *text, *fields[8], *words;
    } cases[] = {
        { "plugin serves", { "version", "1.0.0" }, "loaded: version 1.0.0" },
        { "plugin replaced",
          { "plugin", "hello", "version", "1.0.1", "generation", "7" },
          "reloaded: version 1.0.1, generation 7" },
        { "plugin refused",
          { "reason", "no good", "kept", "the version that serves" },
          "refused: no good; the version that serves stays" },
        { "plugin refused", { "reason", "no good" }, "refused: no good" },
        { "a plugin ended the last host",
          { "what", "SIGSEGV", "agent", "a.b", "now", "set aside" },
          "it crashed (SIGSEGV), in a handler of agent 'a.b'; set aside" },
        { "a plugin ended the last host",
          { "what", "SIGSEGV", "agent", "", "now", "set aside" },
          "it crashed (SIGSEGV); set aside" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char words[SIZE] = "";
        expect_true(wording_for_authors(cases[i].text, cases[i].fields, words, sizeof(words)));
        expect_str(words, cases[i].words);
    }
}

static void what_is_about_the_host_is_not_told(void)
{
    static const char *const texts[] = { "ready", "joining the mesh", "connected to nats://127.0.0.1:4222" };
    static const char *const none[] = { NULL };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char words[SIZE] = "";
        expect_false(wording_for_authors(texts[i], none, words, sizeof(words)));
    }
}

static void anything_else_is_told_as_it_is(void)
{
    static const char *const texts[] = { "said by a plugin", "ready, steady", "connected", "" };
    static const char *const none[] = { NULL };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char words[SIZE] = "";
        expect_true(wording_for_authors(texts[i], none, words, sizeof(words)));
        expect_str(words, "");
    }
}

static void what_does_not_fit_is_cut(void)
{
    char reason[SIZE], words[32] = "";
    const char *const fields[] = { "reason", reason, NULL };
    memset(reason, 'x', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    expect_true(wording_for_authors("plugin refused", fields, words, sizeof(words)));
    expect_true(strlen(words) < sizeof(words));
    expect_contains(words, "refused: xxx");
}

SUITE(host_wording, TEST(what_has_become_of_a_build_is_told_in_a_sentence), TEST(what_is_about_the_host_is_not_told),
      TEST(anything_else_is_told_as_it_is), TEST(what_does_not_fit_is_cut))
