/* SPDX-License-Identifier: Apache-2.0 */
/* Words: decoding, folding and finding them. Only what summaries need of Unicode: no locale, no tables. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD };

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

uint32_t character_at(struct span text, size_t *ret_len)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char first = (unsigned char)text.at[0];
    const size_t len = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 0;

    *ret_len = 1;
    if (len == 1)
        return first;
    if (len == 0 || len > text.len)
        return REPLACEMENT;

    uint32_t character = first & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (!is_continuation(text.at[i]))
            return REPLACEMENT;
        character = character << 6 | ((unsigned char)text.at[i] & 0x3Fu);
    }
    if (character < least[len] || character > 0x10FFFF)
        return REPLACEMENT;
    *ret_len = len;
    return character;
}

bool character_is_space(uint32_t character)
{
    return character == ' ' || (character >= '\t' && character <= '\r') || character == 0x85 || character == 0xA0 ||
           (character >= 0x2000 && character <= 0x200B) || character == 0x2028 || character == 0x2029 ||
           character == 0x202F || character == 0x3000;
}

static bool is_between(uint32_t character, uint32_t first, uint32_t last)
{
    return character >= first && character <= last;
}

static bool is_ascii_letter(uint32_t character)
{
    return is_between(character | 0x20, 'a', 'z');
}

/* Letters and digits; beyond ASCII all but the blocks of punctuation and symbols. */
bool character_is_letter(uint32_t character)
{
    if (character < 0x80)
        return is_ascii_letter(character) || is_between(character, '0', '9');
    if (character < 0xC0)
        return character == 0xAA || character == 0xB5 || character == 0xBA;
    return character != 0xD7 && character != 0xF7 && !is_between(character, 0x2000, 0x2BFF) &&
           !is_between(character, 0x2E00, 0x2E7F) && !is_between(character, 0x3000, 0x303F) &&
           !is_between(character, 0xFE10, 0xFE6F) && !is_between(character, 0xFF00, 0xFF0F) &&
           !is_between(character, 0xFF1A, 0xFF20) && !is_between(character, 0xFF3B, 0xFF40) &&
           !is_between(character, 0xFF5B, 0xFF65) && character != REPLACEMENT;
}

/* The small letter of a capital in Latin, Greek or Cyrillic script; any other character stays. */
static uint32_t to_small(uint32_t character)
{
    if (is_between(character, 'A', 'Z'))
        return character + 0x20;
    if (is_between(character, 0xC0, 0xDE) && character != 0xD7)
        return character + 0x20;
    if (is_between(character, 0x100, 0x137) && character != 0x130)
        return character | 1;
    if (is_between(character, 0x139, 0x148))
        return character + (character & 1);
    if (is_between(character, 0x14A, 0x177))
        return character | 1;
    if (is_between(character, 0x179, 0x17E))
        return character + (character & 1);
    if (is_between(character, 0x391, 0x3A9) || is_between(character, 0x410, 0x42F))
        return character + 0x20;
    if (is_between(character, 0x400, 0x40F))
        return character + 0x50;
    return character;
}

bool character_is_capital(uint32_t character)
{
    return to_small(character) != character;
}

bool character_is_small(uint32_t character)
{
    return !character_is_capital(character) &&
           (is_ascii_letter(character) || (is_between(character, 0xDF, 0x17F) && character != 0xF7) ||
            is_between(character, 0x3AC, 0x3CE) || is_between(character, 0x430, 0x45F));
}

void words_fold(char *text, size_t len)
{
    for (size_t at = 0, step; at < len; at += step) {
        const uint32_t character = character_at((struct span){ text + at, len - at }, &step);
        const uint32_t small = to_small(character);
        if (small == character)
            continue;
        if (step == 1) {
            text[at] = (char)small;
        } else { /* every pair of to_small() beyond ASCII is written in two bytes */
            text[at] = (char)(0xC0 | small >> 6);
            text[at + 1] = (char)(0x80 | (small & 0x3F));
        }
    }
}

/* Scripts that write no spaces between words. */
static bool is_ideograph(uint32_t character)
{
    return is_between(character, 0x3040, 0x30FF) || is_between(character, 0x3400, 0x4DBF) ||
           is_between(character, 0x4E00, 0x9FFF) || is_between(character, 0xF900, 0xFAFF) ||
           is_between(character, 0x20000, 0x3FFFF);
}

/* The apostrophe of "don't" and the point of "3.5" belong to a word, if it goes on behind them. */
static bool joins(uint32_t character, struct span rest)
{
    if (character != '\'' && character != 0x2019 && character != '.')
        return false;
    if (rest.len == 0)
        return false;
    return character == '.' ? rest.at[0] >= '0' && rest.at[0] <= '9' : is_ascii_letter((unsigned char)rest.at[0]);
}

bool words_next(struct span text, size_t *at, struct span *ret_word)
{
    size_t start = *at, step = 0;
    uint32_t character = 0;
    for (; start < text.len; start += step) {
        character = character_at((struct span){ text.at + start, text.len - start }, &step);
        if (character_is_letter(character))
            break;
    }
    if (start >= text.len) {
        *at = text.len;
        return false;
    }

    size_t end = start + step;
    while (!is_ideograph(character) && end < text.len) {
        const uint32_t next = character_at((struct span){ text.at + end, text.len - end }, &step);
        const struct span rest = { text.at + end + step, text.len - end - step };
        if (is_ideograph(next) || (!character_is_letter(next) && !joins(next, rest)))
            break;
        end += step;
    }
    *ret_word = (struct span){ text.at + start, end - start };
    *at = end;
    return true;
}

/* Sorted, for bsearch(). */
static const char *const common_words[] = {
    "a",        "about",   "above",   "after", "again",   "against", "all",     "along",   "already", "also",
    "although", "always",  "am",      "among", "an",      "and",     "another", "any",     "are",     "around",
    "as",       "at",      "away",    "be",    "became",  "because", "become",  "been",    "before",  "being",
    "below",    "between", "both",    "but",   "by",      "came",    "can",     "cannot",  "come",    "could",
    "did",      "do",      "does",    "doing", "don't",   "done",    "down",    "during",  "each",    "either",
    "else",     "enough",  "even",    "ever",  "every",   "few",     "for",     "from",    "further", "get",
    "go",       "got",     "had",     "has",   "have",    "having",  "he",      "her",     "here",    "hers",
    "herself",  "him",     "himself", "his",   "how",     "however", "i",       "if",      "in",      "instead",
    "into",     "is",      "it",      "it's",  "its",     "itself",  "just",    "least",   "less",    "like",
    "made",     "make",    "many",    "may",   "me",      "might",   "more",    "most",    "much",    "must",
    "my",       "myself",  "never",   "no",    "none",    "nor",     "not",     "now",     "of",      "off",
    "often",    "on",      "once",    "one",   "only",    "or",      "other",   "others",  "our",     "ours",
    "out",      "over",    "own",     "per",   "perhaps", "put",     "quite",   "rather",  "really",  "said",
    "same",     "say",     "says",    "see",   "she",     "should",  "since",   "so",      "some",    "still",
    "such",     "than",    "that",    "the",   "their",   "theirs",  "them",    "then",    "there",   "therefore",
    "these",    "they",    "this",    "those", "though",  "through", "thus",    "to",      "too",     "toward",
    "two",      "under",   "until",   "up",    "upon",    "us",      "use",     "used",    "using",   "very",
    "was",      "we",      "well",    "were",  "what",    "when",    "where",   "whether", "which",   "while",
    "who",      "whom",    "whose",   "why",   "will",    "with",    "within",  "without", "would",   "yet",
    "you",      "your",    "yours"
};

static int compare_with_common(const void *key, const void *element)
{
    const struct span *word = key;
    const char *common = *(const char *const *)element;
    const int order = strncmp(word->at, common, word->len);
    return order != 0 ? order : common[word->len] == '\0' ? 0 : -1;
}

bool word_is_common(struct span word)
{
    return bsearch(&word, common_words, sizeof(common_words) / sizeof(common_words[0]), sizeof(common_words[0]),
                   compare_with_common) != NULL;
}
