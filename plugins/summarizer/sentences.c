/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences: where one ends. A full stop is the hard case: it also stands in numbers, in abbreviations, in initials
 * and inside quotations, and what follows it tells most.
 */
#include "sentences.h"

#include <stdlib.h>
#include <string.h>

enum {
    SENTENCE_MAX = 2000, /* a longer one is cut between words: what is never ended must not become one giant answer */
    QUOTATION_MAX = 400, /* a longer one was never closed */
    TOKEN_MAX = 12,      /* longer than any abbreviation */
    OPENING_MAX = 4,     /* marks before the first word of a sentence */
    ENDING_MAX = 64      /* bytes of marks behind the last */
};

struct reading {
    struct span text;
    bool has_capitals; /* else a small letter says nothing about where sentences begin */
};

/* What stands at the end of a sentence: "?!", or a full stop and a quotation mark. */
struct ending {
    size_t end;        /* behind it */
    size_t count;      /* of marks that end sentences */
    bool is_full_stop; /* the first of them is "." */
    bool is_wide;      /* one of them needs no space behind it */
    bool closes_quotation;
};

static struct span rest_of(struct span text, size_t at)
{
    return (struct span){ text.at + at, text.len - at };
}

static bool is_wide_end(uint32_t character)
{
    return character == 0x3002 || character == 0xFF01 || character == 0xFF1F;
}

static bool is_end(uint32_t character)
{
    return character == '.' || character == '!' || character == '?' || character == 0x2026 || is_wide_end(character);
}

static bool is_quotation_mark(uint32_t character)
{
    return character == '"' || character == 0x201C || character == 0x201D || character == 0x201E;
}

static bool is_closing(uint32_t character)
{
    return is_quotation_mark(character) || character == ')' || character == ']' || character == '}' ||
           character == '\'' || character == 0x2019 || character == 0xBB || character == 0x203A ||
           character == 0x300D || character == 0x300F || character == 0xFF09;
}

static bool is_opening(uint32_t character)
{
    return is_quotation_mark(character) || character == '(' || character == '[' || character == '{' ||
           character == '\'' || character == 0x2018 || character == 0xAB || character == 0x2039 || character == '-' ||
           character == 0x2013 || character == 0x2014 || character == 0xBF || character == 0xA1;
}

static size_t skip_space(struct span text, size_t at)
{
    size_t step;
    for (; at < text.len; at += step)
        if (!character_is_space(character_at(rest_of(text, at), &step)))
            break;
    return at;
}

/* ---- abbreviations ---- */

enum abbreviation {
    NO_ABBREVIATION,
    TITLE,    /* a name follows: it never ends a sentence */
    NUMBERED, /* a number follows, or it is no abbreviation */
    MIDDLE    /* it ends a sentence only if the next word can hardly do but begin one */
};

static const struct {
    const char *text;
    enum abbreviation kind;
} abbreviations[] = {
    { "mr", TITLE },     { "mrs", TITLE },    { "ms", TITLE },     { "dr", TITLE },      { "prof", TITLE },
    { "st", TITLE },     { "sen", TITLE },    { "rep", TITLE },    { "gov", TITLE },     { "gen", TITLE },
    { "col", TITLE },    { "lt", TITLE },     { "sgt", TITLE },    { "capt", TITLE },    { "rev", TITLE },
    { "hon", TITLE },    { "mt", TITLE },     { "messrs", TITLE }, { "vs", TITLE },      { "cf", TITLE },
    { "no", NUMBERED },  { "nos", NUMBERED }, { "fig", NUMBERED }, { "figs", NUMBERED }, { "eq", NUMBERED },
    { "vol", NUMBERED }, { "pp", NUMBERED },  { "ch", NUMBERED },  { "sec", NUMBERED },  { "art", NUMBERED },
    { "etc", MIDDLE },   { "al", MIDDLE },    { "inc", MIDDLE },   { "ltd", MIDDLE },    { "co", MIDDLE },
    { "corp", MIDDLE },  { "dept", MIDDLE },  { "est", MIDDLE },   { "approx", MIDDLE }, { "ca", MIDDLE },
    { "jr", MIDDLE },    { "sr", MIDDLE },    { "jan", MIDDLE },   { "feb", MIDDLE },    { "aug", MIDDLE },
    { "sept", MIDDLE },  { "oct", MIDDLE },   { "nov", MIDDLE },   { "dec", MIDDLE },    { "ave", MIDDLE },
    { "blvd", MIDDLE },  { "usw", MIDDLE },   { "bzw", MIDDLE },   { "ph.d", MIDDLE },   { "resp", MIDDLE },
};

/* The word that a full stop at `at` belongs to, points inside it included; empty if it is longer than abbreviations. */
static struct span token_before(struct span text, size_t start, size_t at)
{
    size_t from = at;
    while (from > start && at - from <= TOKEN_MAX) {
        const char before = text.at[from - 1];
        if (before != '.' && !character_is_letter((unsigned char)before) && (unsigned char)before < 0x80)
            break;
        from--;
    }
    return (struct span){ text.at + from, at - from <= TOKEN_MAX ? at - from : 0 };
}

/* "U.S", "e.g", "J": single letters, with points between them. */
static bool is_initials(struct span token)
{
    for (size_t i = 0; i < token.len; i++) {
        const unsigned char byte = (unsigned char)token.at[i];
        if (i % 2 ? byte != '.' : !character_is_letter(byte) || (byte >= '0' && byte <= '9'))
            return false;
    }
    return token.len % 2 == 1 && !(token.len == 1 && token.at[0] == 'I');
}

static enum abbreviation abbreviation_of(struct span token)
{
    char folded[TOKEN_MAX + 1] = "";
    memcpy(folded, token.at, token.len);
    words_fold(folded, token.len);
    for (size_t i = 0; i < sizeof(abbreviations) / sizeof(abbreviations[0]); i++)
        if (strcmp(folded, abbreviations[i].text) == 0)
            return abbreviations[i].kind;
    return is_initials(token) ? MIDDLE : NO_ABBREVIATION;
}

/* "The", "He", "In": a word that has a capital only because a sentence begins with it. */
static bool begins_plainly(struct span text)
{
    struct span word;
    size_t at = 0;
    char folded[TOKEN_MAX];
    if (text.len > 2 * TOKEN_MAX)
        text.len = 2 * TOKEN_MAX;
    if (!words_next(text, &at, &word) || word.len > sizeof(folded))
        return false;
    memcpy(folded, word.at, word.len);
    words_fold(folded, word.len);
    return folded[0] != word.at[0] && word_is_common((struct span){ folded, word.len });
}

/* "12." at the beginning of an item in a list. */
static bool is_item_number(struct span text, size_t start, size_t at)
{
    for (size_t i = start; i < at; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return at > start && at - start <= 3;
}

/* Whether the full stop at `at` may end the sentence that began at `start`, where `next` begins with a word. */
static bool full_stop_ends(struct span text, size_t start, size_t at, struct span next)
{
    if (is_item_number(text, start, at))
        return false;
    switch (abbreviation_of(token_before(text, start, at))) {
    case TITLE:
        return false;
    case NUMBERED:
        return !(next.at[0] >= '0' && next.at[0] <= '9');
    case MIDDLE:
        return begins_plainly(next);
    default:
        return true;
    }
}

/* ---- ends ---- */

static struct ending ending_at(struct span text, size_t at)
{
    struct ending ending = { .end = at };
    size_t step;
    ending.is_full_stop = text.at[at] == '.';
    for (; ending.end < text.len && ending.end - at < ENDING_MAX; ending.end += step) {
        const uint32_t character = character_at(rest_of(text, ending.end), &step);
        if (is_end(character)) {
            ending.count++;
            ending.is_wide |= is_wide_end(character);
        } else if (is_closing(character)) {
            ending.closes_quotation |= is_quotation_mark(character);
        } else {
            break;
        }
    }
    return ending;
}

/* Behind space and opening marks. ret_lines: how many lines were passed. */
static size_t next_word(struct span text, size_t at, size_t *ret_lines)
{
    size_t step, marks = 0;
    *ret_lines = 0;
    for (; at < text.len && marks <= OPENING_MAX; at += step) {
        const uint32_t character = character_at(rest_of(text, at), &step);
        if (is_opening(character))
            marks++;
        else if (!character_is_space(character))
            break;
        *ret_lines += character == '\n';
    }
    return at;
}

static bool ends_sentence(const struct reading *reading, size_t start, size_t at, const struct ending *ending)
{
    const struct span text = reading->text;
    size_t step, lines;
    if (ending->end == text.len || ending->is_wide)
        return true;
    if (!character_is_space(character_at(rest_of(text, ending->end), &step)))
        return false;

    const size_t next = next_word(text, ending->end, &lines);
    if (next == text.len || lines > 1)
        return true;
    if (reading->has_capitals && character_is_small(character_at(rest_of(text, next), &step)))
        return false;
    return !ending->is_full_stop || ending->count > 1 || full_stop_ends(text, start, at, rest_of(text, next));
}

/* Whether the line break at `at` ends a paragraph or an item of a list. */
static bool block_ends(struct span text, size_t at)
{
    do
        at++;
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == '\t' || text.at[at] == '\r'));
    if (at == text.len || text.at[at] == '\n')
        return true;
    return (text.at[at] == '-' || text.at[at] == '*') && at + 1 < text.len && text.at[at + 1] == ' ';
}

/* A quotation begins where its mark has space before it, and holds its sentences together until it is closed. */
static bool opens_quotation(uint32_t mark, uint32_t before)
{
    return is_quotation_mark(mark) && (character_is_space(before) || is_opening(before));
}

/* Where the sentence that begins at `start` ends. */
static size_t find_end(const struct reading *reading, size_t start)
{
    const struct span text = reading->text;
    size_t step, quotation = 0, space = 0;
    bool quoted = false;
    uint32_t before = ' ';

    for (size_t at = start; at < text.len; at += step) {
        const uint32_t character = character_at(rest_of(text, at), &step);
        if (at - start >= SENTENCE_MAX)
            return space ? space : at;
        if (character == '\n' && block_ends(text, at))
            return at;
        if (character_is_space(character))
            space = at;

        if (quoted && at - quotation > QUOTATION_MAX)
            quoted = false;
        if (!quoted && opens_quotation(character, before)) {
            quoted = true;
            quotation = at;
        } else if (is_quotation_mark(character)) {
            quoted = false;
        } else if (is_end(character)) {
            const struct ending ending = ending_at(text, at);
            quoted = quoted && !ending.closes_quotation;
            if (!quoted && ends_sentence(reading, start, at, &ending))
                return ending.end;
            step = ending.end - at;
        }
        before = character;
    }
    return text.len;
}

/* Without the mark of a list's item in front, and without space behind. */
static struct span trimmed(struct span sentence)
{
    if (sentence.len > 2 && (sentence.at[0] == '-' || sentence.at[0] == '*') && sentence.at[1] == ' ')
        sentence = rest_of(sentence, 2);
    while (sentence.len > 0 && strchr(" \t\r\n", sentence.at[sentence.len - 1]))
        sentence.len--;
    return sentence;
}

static bool push(struct sentences *sentences, struct span sentence)
{
    if (sentences->count == sentences->capacity) {
        const size_t capacity = sentences->capacity ? sentences->capacity * 2 : 64;
        struct span *list = realloc(sentences->list, capacity * sizeof(*list));
        if (!list)
            return false;
        sentences->list = list;
        sentences->capacity = capacity;
    }
    sentences->list[sentences->count++] = sentence;
    return true;
}

static bool has_word(struct span sentence)
{
    struct span word;
    size_t at = 0;
    return words_next(sentence, &at, &word);
}

static bool has_capitals(struct span text)
{
    size_t step;
    for (size_t at = 0; at < text.len; at += step)
        if (character_is_capital(character_at(rest_of(text, at), &step)))
            return true;
    return false;
}

bool sentences_split(struct span text, struct sentences *ret_sentences)
{
    const struct reading reading = { text, has_capitals(text) };
    struct sentences sentences = { 0 };

    for (size_t at = skip_space(text, 0), end; at < text.len; at = skip_space(text, end)) {
        end = find_end(&reading, at);
        const struct span sentence = trimmed((struct span){ text.at + at, end - at });
        if (has_word(sentence) && !push(&sentences, sentence)) {
            sentences_clear(&sentences);
            return false;
        }
    }
    *ret_sentences = sentences;
    return true;
}

void sentences_clear(struct sentences *sentences)
{
    free(sentences->list);
    *sentences = (struct sentences){ 0 };
}
