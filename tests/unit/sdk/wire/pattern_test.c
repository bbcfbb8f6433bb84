/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: what they mean, what is refused, and that none takes long. */
#include "wire/pattern.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static enum pattern_verdict search(const char *source, const char *text, size_t len)
{
    struct pattern *pattern = NULL;
    mesh_error err = MESH_ERROR_INIT;
    enum pattern_verdict verdict = PATTERN_GIVES_UP;

    if (pattern_compile(source, &pattern, &err) == MESH_OK)
        verdict = pattern_search(pattern, text, len, NULL);
    else
        printf("    %s: %s\n", source, mesh_error_text(&err));
    mesh_error_clear(&err);
    pattern_free(pattern);
    return verdict;
}

struct meaning {
    const char *source, *text;
    enum pattern_verdict verdict;
};

static void expect_meanings(const struct meaning *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!expect_int(search(cases[i].source, cases[i].text, strlen(cases[i].text)), cases[i].verdict))
            printf("    %s on %s\n", cases[i].source, cases[i].text);
}

#define YES PATTERN_MATCHES
#define NO PATTERN_DIFFERS

static void patterns_mean_what_ecma_262_says(void)
{
    static const struct meaning cases[] = {
        { "", "anything", YES },
        { "a+", "xxaayy", YES },
        { "^a*$", "aab", NO },
        { "^abc$", "abc\n", NO },
        { "^abc$", "abc", YES },
        { "a\nb", "a\nb", YES },
        { "^a\\nb$", "a\nb", YES },
        { "^.$", "\n", NO },
        { "^.$", "\r", NO },
        { "^.$", "\u2028", NO },
        { "^.$", "\xc2\x85", YES },
        { "^.$", "\U0001f432", YES },
        { "a.*b", "a\nb", NO },
        { ".*b", "a\nb", YES },
        { ".*?b.*", "a\nb", YES },
        { "x|.*b$", "a\nb", YES },
        { "^\\d$", "\u07c0", NO },
        { "^\\D$", "\u07c0", YES },
        { "^\\w$", "\u00e9", NO },
        { "^\\W$", "\u00e9", YES },
        { "^[\\w]$", "\u00e9", NO },
        { "^\\s$", "\ufeff", YES },
        { "^\\s$", "\u2003", YES },
        { "^\\s$", "\v", YES },
        { "^\\s$", "\xc2\x85", NO },
        { "^\\s$", "\u2013", NO },
        { "^\\S$", "\u2003", NO },
        { "^\\S$", "\x01", YES },
        { "^[\\s]+$", " \u2029\t", YES },
        { "^[^\\s]$", "\u00a0", NO },
        { "^[\\S]$", "\u00a0", NO },
        { "^[\\S ]$", " ", YES },
        { "^\\S$", "\U0001f432", YES },
        { "\\bcat\\b", "a cat.", YES },
        { "\\bcat\\b", "concat", NO },
        { "\\Bcat", "concat", YES },
        { "^\\cC\\cc$", "\x03\x03", YES },
        { "^\\cC$", "\\cC", NO },
        { "^\\t\\n\\v\\f\\r$", "\t\n\v\f\r", YES },
        { "^[\\b]$", "\b", YES },
        { "^\\x41\\u0042\\u{43}\\u{1F432}$", "ABC\U0001f432", YES },
        { "^\\ud83d\\udc32$", "\U0001f432", YES },
        { "^[\\ud83d\\udc32-\\u{1F434}]$", "\U0001f433", YES },
        { "^[^\\ud800-\\udfff]*$", "ok \U0001f432", YES },
        { "^\U0001f432*$", "\U0001f432\U0001f432", YES },
        { "^\U0001f432*$", "\U0001f432\U0001f409", NO },
        { "\\p{Letter}cole", "l'\u00e9cole", YES },
        { "\\p{Letter}cole", "L'\u00c9COLE", NO },
        { "^\\p{digit}+$", "\u09ea\u09e8", YES },
        { "^\\p{Lu}\\p{Lowercase_Letter}\\P{L}$", "Ab1", YES },
        { "^\\p{gc=Lu}\\p{General_Category=Decimal_Number}$", "A1", YES },
        { "^\\p{Script=Greek}\\p{sc=Latin}$", "\u03b1b", YES },
        { "^[\\p{L}\\p{Nd}_]+$", "\u00e91_", YES },
        { "^[^\\p{L}]$", "\u00e9", NO },
        { "^\\p{Assigned}\\P{Assigned}$", "a\u0378", YES },
        { "^\\p{ASCII}\\p{Any}$", "a\u0378", YES },
        { "^\\p{White_Space}\\p{Emoji}$", " \U0001f432", YES },
        { "^(?<year>\\d{4})-\\k<year>$", "2024-2024", YES },
        { "^(?<year>\\d{4})-\\k<year>$", "2024-2025", NO },
        { "^(a)(b)?\\2\\1$", "aa", YES },
        { "^(?:(a)|b)\\1$", "b", YES },
        { "(?=.*\\d)(?=.*[a-z]).{6,}", "abc123", YES },
        { "^(?!foo)", "foobar", NO },
        { "(?<=\\$)\\d+", "cost $42", YES },
        { "(?<!\\$)\\b\\d+", "cost $42", NO },
        { "^a{2}b{1,2}c{0,}$", "aabbccc", YES },
        { "^a{2}$", "aaa", NO },
        { "^a{,2}$", "a{,2}", YES },
        { "^{a}]$", "{a}]", YES },
        { "^a+?b*?c??$", "aab", YES },
        { "^[]$", "a", NO },
        { "^[^]$", "\n", YES },
        { "^[[:alpha:]]$", "a]", YES },
        { "^[a\\]b^-]+$", "a]b^-", YES },
        { "^[\\w-.]+@[a-z.-]+$", "a-b.c@d-e.f", YES },
        { "^[+--]$", ",", YES },
        { "^[a-\\d]+$", "a-1", YES },
        { "^\\/\\.\\-\\@\\_\\#\\\"$", "/.-@_#\"", YES },
        { "^#(?:x) # y$", "#x # y", YES },
        { "^\\0$", "", NO },
    };
    expect_meanings(cases, COUNT(cases));
}

static void what_is_no_pattern_is_refused_with_its_place(void)
{
    static const struct {
        const char *source, *reason;
    } cases[] = {
        { "^(abc]", "invalid regular expression at byte 6: missing closing parenthesis" },
        { "abc)", "invalid regular expression at byte 4: unmatched closing parenthesis" },
        { "[abc", "invalid regular expression at byte 4: a class does not end: ']' is missing" },
        { "*a", "invalid regular expression at byte 0: there is nothing to repeat" },
        { "a++", "invalid regular expression at byte 2: there is nothing to repeat" },
        { "a{2}{3}", "invalid regular expression at byte 4: there is nothing to repeat" },
        { "a|?", "invalid regular expression at byte 2: there is nothing to repeat" },
        { "(*UTF)a", "invalid regular expression at byte 1: there is nothing to repeat" },
        { ".**", "invalid regular expression at byte 2: there is nothing to repeat" },
        { "^\\a", "invalid regular expression at byte 2: ECMA-262 has no such escape" },
        { "\\Aabc\\Z", "invalid regular expression at byte 1: ECMA-262 has no such escape" },
        { "[\\A]", "invalid regular expression at byte 2: ECMA-262 has no such escape" },
        { "\\Qa\\E", "invalid regular expression at byte 1: ECMA-262 has no such escape" },
        { "\\c1", "invalid regular expression at byte 1: ECMA-262 has no such escape" },
        { "\\01", "invalid regular expression at byte 1: ECMA-262 has no such escape" },
        { "ab\\", "invalid regular expression at byte 3: a backslash ends it" },
        { "\\x4", "invalid regular expression at byte 2: hex digits must follow here" },
        { "\\u{110000}", "invalid regular expression at byte 3: a character up to 10ffff and '}' must follow here" },
        { "\\pL", "invalid regular expression at byte 2: a property in braces must follow, as in \\p{Letter}" },
        { "(?i)a", "invalid regular expression at byte 0: ECMA-262 has no group that begins like this" },
        { "(?P<n>a)", "invalid regular expression at byte 0: ECMA-262 has no group that begins like this" },
        { "a(?>b)", "invalid regular expression at byte 1: ECMA-262 has no group that begins like this" },
        { "(?R)", "invalid regular expression at byte 0: ECMA-262 has no group that begins like this" },
        { "(?#a)", "invalid regular expression at byte 0: ECMA-262 has no group that begins like this" },
        { "(?<n)", "invalid regular expression at byte 3: a name and '>' must follow here" },
        { "[b-a]", "invalid regular expression at byte 4: a range ends before it begins" },
        { "\\u00", "invalid regular expression at byte 2: hex digits must follow here" },
        { "a\xff", "invalid regular expression at byte 1: not UTF-8" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        struct pattern *pattern = NULL;
        expect_int(pattern_compile(cases[i].source, &pattern, &err), MESH_E_INVALID_ARGUMENT);
        expect_str(mesh_error_text(&err), cases[i].reason);
        expect_true(pattern == NULL);
        mesh_error_clear(&err);
    }
}

static void what_pcre2_refuses_is_told_with_the_place_in_the_source(void)
{
    static const struct {
        const char *source, *place;
    } cases[] = {
        { "\\s\\s(a)\\2", "at byte 9:" },
        { "\\s\\p{Klingon}x", "at byte 14:" },
        { "..a{3,2}", "at byte 8:" },
        { "\\s(?<=a+)b", "at byte " },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        struct pattern *pattern = NULL;
        expect_int(pattern_compile(cases[i].source, &pattern, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), cases[i].place);
        mesh_error_clear(&err);
    }
}

/* A character so often, and an end; to free(). */
static char *long_text(char c, size_t count, const char *end)
{
    char *text = malloc(count + strlen(end) + 1);

    memset(text, c, count);
    memcpy(text + count, end, strlen(end) + 1);
    return text;
}

static void no_pattern_takes_long(void)
{
    static const struct {
        const char *source;
        char c;
        size_t count;
        const char *end;
        int verdict; /* -1: it may give up */
    } cases[] = {
        { "^(a|b)*$", 'a', 50000, "", YES },
        { "^(a|b)*$", 'a', 50000, "c", NO },
        { "^(?:a|b)*$", 'b', 50000, "", YES },
        { "^(a|b)*\\1$", 'a', 50000, "", YES },
        { "(a+)+$", 'a', 50000, "", YES },
        { "(a+)+$", 'a', 50000, "!", -1 },
        { "^(a+)+$", 'a', 50000, "!", -1 },
        { "^(\\w+\\s?)*$", 'a', 50000, "!", -1 },
        { "(x+x+)+[yz]", 'x', 50000, "!", -1 },
        { "\\d+[a-c]", '1', 1000000, "", -1 },
        { "^\\d*?\\d*?\\d+[a-c]", '1', 1000000, "", -1 },
        { "(.*)(.*)(.*)(.*)(.*)[xyz]$", 'a', 1000000, "", -1 },
        { "(a|aa){1,99}b?[c-d]", 'a', 1000000, "", -1 },
        { "^(?:a?){99}[b-c]", 'a', 99, "", -1 },
        { "^[\\s\\S]*$", 'a', 1000000, "", YES },
        { "^.*$", 'a', 1000000, "", YES },
        { ".*foo.*", 'f', 1000000, "", NO },
        { ".*foo.*", 'f', 1000000, "foo", YES },
        { "^\\p{L}+$", 'a', 1000000, "", YES },
        { "foo$", 'o', 1000000, "foo", YES },
        { "\\s+$", ' ', 1000000, "x", -1 },
        { "^([a-z0-9]+(\\.|-)?)+@", 'a', 1000000, "", -1 },
        { "a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?[xy]", 'a', 50000, "", -1 },
        { "a{0,99}a{0,99}a{0,99}a{0,99}[xy]", 'a', 50000, "", -1 },
        { "^a{1,9}a{1,9}a{1,9}a{1,9}a{1,9}a{1,9}a{1,9}[xy]", 'a', 63, "", -1 },
        { "a{65535}[xy]", 'a', 1000000, "", -1 },
        { "(?:a{9999,}b)+[xy]", 'a', 9998, "", NO },
        { "^(a*)a*?\\1[xy]", 'a', 1000000, "", -1 },
        { "^(?<n>a*)a*?\\k<n>[xy]", 'a', 1000000, "", -1 },
        { "[a-z][^b]{40}c|d", 'a', 100000, "", NO },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *text = long_text(cases[i].c, cases[i].count, cases[i].end);
        uint64_t before = clock_ns() / 1000;
        enum pattern_verdict verdict = search(cases[i].source, text, strlen(text));
        uint64_t took = clock_ns() / 1000 - before;
        printf("     %-32s %8zu: %7llu us, %s\n", cases[i].source, cases[i].count, (unsigned long long)took,
               verdict == PATTERN_GIVES_UP  ? "gives up"
               : verdict == PATTERN_MATCHES ? "matches"
                                            : "differs");
        if (cases[i].verdict >= 0)
            expect_int(verdict, cases[i].verdict);
        else
            expect_true(verdict != PATTERN_MATCHES);
        expect_true(took < 2000000); /* a busy machine, a sanitizer */
    }
}

/* ---- threads ---- */

static void *search_often(void *closure)
{
    const struct pattern *pattern = closure;
    size_t wrong = 0;

    for (int i = 0; i < 2000; i++) {
        wrong += pattern_search(pattern, "ab-12", 5, NULL) != PATTERN_MATCHES;
        wrong += pattern_search(pattern, "ab-x", 4, NULL) != PATTERN_DIFFERS;
    }
    return wrong == 0 ? closure : NULL;
}

static void threads_share_a_pattern(void)
{
    struct pattern *pattern = NULL;
    pthread_t threads[4];

    expect_int(pattern_compile("^(a|b)*-\\d+$", &pattern, NULL), MESH_OK);
    for (size_t i = 0; i < COUNT(threads); i++)
        expect_int(pthread_create(&threads[i], NULL, search_often, pattern), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        expect_true(result == pattern);
    }
    pattern_free(pattern);
}

SUITE(wire_pattern, TEST(patterns_mean_what_ecma_262_says), TEST(what_is_no_pattern_is_refused_with_its_place),
      TEST(what_pcre2_refuses_is_told_with_the_place_in_the_source), TEST(no_pattern_takes_long),
      TEST(threads_share_a_pattern))
