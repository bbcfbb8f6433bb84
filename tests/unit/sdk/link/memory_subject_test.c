/* SPDX-License-Identifier: Apache-2.0 */
/* Which subjects a pattern means. */
#include "link/memory_subject.h"

#include <stdio.h>

#include "suite.h"

static void a_pattern_means_what_a_server_says_it_means(void)
{
    static const struct {
        const char *pattern, *subject;
        bool matches;
    } cases[] = {
        { "a", "a", true },         { "a", "b", false },         { "a", "aa", false },
        { "a.b", "a.b", true },     { "a.b", "a", false },       { "a", "a.b", false },
        { "*", "a", true },         { "*", "a.b", false },       { "a.*", "a.b", true },
        { "a.*", "a", false },      { "a.*", "a.b.c", false },   { "*.b", "a.b", true },
        { "a.*.c", "a.b.c", true }, { "a.*.c", "a.b.d", false }, { ">", "a", true },
        { ">", "a.b.c", true },     { "a.>", "a.b", true },      { "a.>", "a.b.c", true },
        { "a.>", "a", false },      { "a.>", "b.c", false },     { "*.>", "a.b", true },
        { "*.>", "a", false },      { "a*", "ab", false },       { "a*", "a*", true },
        { ">a", ">a", true },       { ">a", "b", false },        { "mesh.agent.Echo", "mesh.agent.echo", false },
        { "a.b", "", false },       { ">", "", false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (!expect_int(memory_subject_matches(cases[i].pattern, cases[i].subject), cases[i].matches))
            printf("'%s' and '%s'\n", cases[i].pattern, cases[i].subject);
}

static void only_whole_tokens_make_a_pattern(void)
{
    static const struct {
        const char *subject;
        bool is_pattern;
    } cases[] = {
        { "a", false },    { "a.b", false }, { "*", true },     { ">", true },   { "a.*", true }, { "*.a", true },
        { "a.*.b", true }, { "a.>", true },  { "a.b*", false }, { ">a", false }, { "a>", false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (!expect_int(memory_subject_is_pattern(cases[i].subject), cases[i].is_pattern))
            printf("'%s'\n", cases[i].subject);
}

SUITE(link_memory_subject, TEST(a_pattern_means_what_a_server_says_it_means), TEST(only_whole_tokens_make_a_pattern))
