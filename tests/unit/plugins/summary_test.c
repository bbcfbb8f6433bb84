/* SPDX-License-Identifier: Apache-2.0 */
/* Where sentences end, which of them make a summary, and that no text is too much work. */
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "suite.h"

enum { MEGABYTE = 1000 * 1000 };

static struct span span_of(const char *text)
{
    return (struct span){ text, strlen(text) };
}

/* The sentences of a text with " | " between them; to be freed. */
static char *joined(const struct sentences *sentences)
{
    size_t len = 1;
    for (size_t i = 0; i < sentences->count; i++)
        len += sentences->list[i].len + 3;
    char *text = calloc(1, len);
    for (size_t i = 0, at = 0; i < sentences->count; i++)
        at += (size_t)snprintf(text + at, len - at, "%s%.*s", i ? " | " : "", (int)sentences->list[i].len,
                               sentences->list[i].at);
    return text;
}

static char *split(const char *text)
{
    struct sentences sentences;
    if (!expect_true(sentences_split(span_of(text), &sentences)))
        return calloc(1, 1);
    char *result = joined(&sentences);
    sentences_clear(&sentences);
    return result;
}

static char *summary(const char *text, size_t wanted)
{
    struct sentences sentences;
    if (!expect_true(summary_make(span_of(text), wanted, &sentences)))
        return calloc(1, 1);
    char *result = joined(&sentences);
    sentences_clear(&sentences);
    return result;
}

struct split_case {
    const char *text, *sentences;
};

static void expect_splits(const struct split_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        auto_free char *got = split(cases[i].text);
        expect_str(got, cases[i].sentences);
    }
}

#define EXPECT_SPLITS(cases) expect_splits((cases), sizeof(cases) / sizeof((cases)[0]))

static void sentences_end_at_their_marks(void)
{
    static const struct split_case cases[] = {
        { "One is here. Two is there! Is three? Four", "One is here. | Two is there! | Is three? | Four" },
        { "  Space before. \n Space behind.  ", "Space before. | Space behind." },
        { "What?! No... Yes.", "What?! | No... | Yes." },
        { "all small. nothing is large here. still three.", "all small. | nothing is large here. | still three." },
        { "A heading\n\nA paragraph without an end\n\nLast.", "A heading | A paragraph without an end | Last." },
        { "To buy:\n- milk\n- bread\n* salt", "To buy: | milk | bread | salt" },
        { "1. First of all. 2. Then this.", "1. First of all. | 2. Then this." },
        { "... --- !!!", "" },
        { "", "" },
        { "Word", "Word" },
    };
    EXPECT_SPLITS(cases);
}

static void points_in_numbers_and_abbreviations_end_nothing(void)
{
    static const struct split_case cases[] = {
        { "Pi is 3.14 or so. Costs rose 2.5 percent.", "Pi is 3.14 or so. | Costs rose 2.5 percent." },
        { "Dr. Smith met Mrs. Jones at St. Paul. They ate.", "Dr. Smith met Mrs. Jones at St. Paul. | They ate." },
        { "Many fruits, e.g. apples, i.e. Malus. Eat them.", "Many fruits, e.g. apples, i.e. Malus. | Eat them." },
        { "J. R. R. Tolkien wrote. He slept.", "J. R. R. Tolkien wrote. | He slept." },
        { "See Fig. 3 and No. 7 there. No. I will not.", "See Fig. 3 and No. 7 there. | No. | I will not." },
        { "She moved to the U.S. The year was 1990. Then the U.S. Senate met.",
          "She moved to the U.S. | The year was 1990. | Then the U.S. Senate met." },
        { "It opens at 9 a.m. We wait. Bring food, etc. and drink.",
          "It opens at 9 a.m. | We wait. | Bring food, etc. and drink." },
        { "So did I. Then we left.", "So did I. | Then we left." },
        { "Visit example.com today. Open file.txt now.", "Visit example.com today. | Open file.txt now." },
        { "The firm (est. 1901) lives. Acme Corp. sells it.", "The firm (est. 1901) lives. | Acme Corp. sells it." },
    };
    EXPECT_SPLITS(cases);
}

static void quotations_stay_whole(void)
{
    static const struct split_case cases[] = {
        { "He said \"Stop. Go home.\" Then he left.", "He said \"Stop. Go home.\" | Then he left." },
        { "\"Really?\" she asked. \"Yes.\"", "\"Really?\" she asked. | \"Yes.\"" },
        { "\xE2\x80\x9CIt rains. It pours.\xE2\x80\x9D Everybody ran.",
          "\xE2\x80\x9CIt rains. It pours.\xE2\x80\x9D | Everybody ran." },
        { "(This stands alone.) So does this.", "(This stands alone.) | So does this." },
        { "A 5\" pipe broke. Water ran.", "A 5\" pipe broke. | Water ran." },
    };
    EXPECT_SPLITS(cases);
}

static void a_quotation_that_never_closes_is_given_up(void)
{
    char text[1000] = "He said \"and then ";
    for (size_t i = 0; i < 50; i++)
        strcat(text, "more words ");
    strcat(text, "came. New one here. And another.");
    struct sentences sentences;
    expect_true(sentences_split(span_of(text), &sentences));
    expect_int(sentences.count, 3);
    sentences_clear(&sentences);
}

static void other_scripts_have_sentences_too(void)
{
    static const struct split_case cases[] = {
        { "Voil\xC3\xA0. \xC3\x89t\xC3\xA9 arrive.", "Voil\xC3\xA0. | \xC3\x89t\xC3\xA9 arrive." },
        { "\xD0\x94\xD0\xB0. \xD0\x9D\xD0\xB5\xD1\x82!", "\xD0\x94\xD0\xB0. | \xD0\x9D\xD0\xB5\xD1\x82!" },
        { "\xE6\x97\xA5\xE6\x9C\xAC\xE3\x80\x82\xE4\xB8\xAD\xE5\x9B\xBD\xE3\x80\x82",
          "\xE6\x97\xA5\xE6\x9C\xAC\xE3\x80\x82 | \xE4\xB8\xAD\xE5\x9B\xBD\xE3\x80\x82" },
        { "\xC2\xBFQu\xC3\xA9? \xC2\xA1No!", "\xC2\xBFQu\xC3\xA9? | \xC2\xA1No!" },
    };
    EXPECT_SPLITS(cases);
}

static void words_are_found_and_folded(void)
{
    char text[] = "Don't PAY 3.50 \xC3\x84rger-\xD0\x94\xD0\x90 \xE6\x97\xA5\xE6\x9C\xAC.";
    static const char *const expected[] = { "don't",        "pay",         "3.50", "\xC3\xA4rger", "\xD0\xB4\xD0\xB0",
                                            "\xE6\x97\xA5", "\xE6\x9C\xAC" };
    words_fold(text, strlen(text));
    size_t at = 0, count = 0;
    for (struct span word; words_next(span_of(text), &at, &word); count++) {
        auto_free char *got = strndup(word.at, word.len);
        expect_str(got, count < 7 ? expected[count] : "no more words");
    }
    expect_int(count, 7);
}

static void common_words_are_known(void)
{
    expect_true(word_is_common(span_of("the")));
    expect_true(word_is_common(span_of("a")));
    expect_true(word_is_common(span_of("yours")));
    expect_false(word_is_common(span_of("th")));
    expect_false(word_is_common(span_of("thesis")));
    expect_false(word_is_common(span_of("mesh")));
}

static const char article[] =
    "The river Aare rises in the glaciers of the Bernese Alps. Many people like to walk. "
    "The Aare is the longest river that both rises and ends within Switzerland. Yesterday it rained a little. "
    "Its water drives many power stations, and the river cools a nuclear plant. My neighbour has a red bicycle. "
    "In summer thousands swim in the river Aare through Bern. Lunch was late.";

static void a_summary_has_what_the_text_is_about(void)
{
    auto_free char *got = summary(article, 3);
    expect_str(got, "The river Aare rises in the glaciers of the Bernese Alps. | "
                    "The Aare is the longest river that both rises and ends within Switzerland. | "
                    "Its water drives many power stations, and the river cools a nuclear plant.");
}

static void a_summary_is_as_long_as_wanted(void)
{
    for (size_t wanted = 1; wanted <= 10; wanted++) {
        struct sentences sentences;
        expect_true(summary_make(span_of(article), wanted, &sentences));
        expect_int(sentences.count, wanted < 8 ? wanted : 8);
        sentences_clear(&sentences);
    }
}

static void nothing_is_said_twice(void)
{
    auto_free char *got = summary("Cats chase mice at night. Cats chase mice at night. Cats chase mice at night. "
                                  "Dogs guard the old house.",
                                  2);
    expect_str(got, "Cats chase mice at night. | Dogs guard the old house.");
}

static void a_text_without_words_has_no_summary(void)
{
    auto_free char *got = summary(" .,;!? \n\n --- ", 3);
    expect_str(got, "");
}

static void broken_utf8_is_read_to_its_end(void)
{
    auto_free char *got = split("Good \xFF\xC3. Bad \xE2\x80. End \xF0\x9F");
    expect_str(got, "Good \xFF\xC3. | Bad \xE2\x80. | End \xF0\x9F");
}

/* A text that never ends a sentence comes in pieces that fit a message. */
static void endless_sentences_are_cut(void)
{
    static const char *const pieces[] = { "word ", "x", ".", "a.", "\xC3\xA9", ".\"", "(" };
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        auto_free char *text = calloc(1, 20001);
        for (size_t len = 0; len + strlen(pieces[i]) <= 20000; len += strlen(pieces[i]))
            memcpy(text + len, pieces[i], strlen(pieces[i]));
        struct sentences sentences;
        expect_true(sentences_split(span_of(text), &sentences));
        for (size_t k = 0; k < sentences.count; k++)
            expect_true(sentences.list[k].len <= 2100);
        sentences_clear(&sentences);
    }
}

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Texts made to hurt: each is a megabyte of one pattern. The limit is far above what it takes, and far below what
 * work that grows with the square of the length would take. */
static void a_megabyte_of_anything_is_little_work(void)
{
    static const char *const patterns[] = {
        "a. ",     "a b ",
        ". ",      "\"",
        "\" \"a",  "a.a.",
        ".)))",    "\n ",
        "a\n    ", "Mr. ",
        "U.S. ",   "'a",
        "1. ",     "(((( a. ",
        "A. a",    "\xE3\x80\x82\xE6\x97\xA5",
        "\xFF",    "\xC3 ",
        "a.\n\n",  "\n- ",
        "      .", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b. "
    };
    auto_free char *text = malloc(MEGABYTE + 1);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        const size_t len = strlen(patterns[i]);
        for (size_t at = 0; at < MEGABYTE; at++)
            text[at] = patterns[i][at % len];
        text[MEGABYTE] = '\0';

        struct sentences sentences;
        const double start = processor_seconds();
        expect_true(summary_make((struct span){ text, MEGABYTE }, 5, &sentences));
        if (!expect_true(processor_seconds() - start < 10))
            printf("  pattern \"%s\"\n", patterns[i]);
        expect_true(sentences.count <= 5);
        sentences_clear(&sentences);
    }
}

SUITE(plugins_summary, TEST(sentences_end_at_their_marks), TEST(points_in_numbers_and_abbreviations_end_nothing),
      TEST(quotations_stay_whole), TEST(a_quotation_that_never_closes_is_given_up),
      TEST(other_scripts_have_sentences_too), TEST(words_are_found_and_folded), TEST(common_words_are_known),
      TEST(a_summary_has_what_the_text_is_about), TEST(a_summary_is_as_long_as_wanted), TEST(nothing_is_said_twice),
      TEST(a_text_without_words_has_no_summary), TEST(broken_utf8_is_read_to_its_end), TEST(endless_sentences_are_cut),
      TEST(a_megabyte_of_anything_is_little_work))
