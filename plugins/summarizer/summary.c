/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a summary is made: a word that the text uses often is what it is about, and a sentence with many such words says
 * much. Early sentences count for more, very short and very long ones for less. What one chosen sentence has said
 * counts for less in the next choice, and one that says nothing new comes last: a summary says nothing twice.
 */
#include "summary.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SENTENCE_BONUS 0.5 /* halved for the second sentence, a third of it for the third, ... */
#define SAID_ALREADY 0.4         /* what is left of a word's weight once a chosen sentence has it */

enum {
    SHORT_SENTENCE = 6, /* words; a shorter one is weighed as if it had so many */
    LONG_SENTENCE = 30  /* words; a longer one counts for less and less */
};

struct word {
    struct span text;
    uint32_t sentence; /* it stands in */
    uint32_t term;     /* the same number for every place where this word stands */
};

struct term {
    double weight;
    bool is_said; /* in a sentence that was chosen */
};

struct rating {
    double factor; /* of position and length */
    double score;  /* of this round */
    bool is_new;   /* has a word that was not said yet */
    bool is_chosen;
};

struct weighing {
    const struct sentences *sentences;
    struct word *words; /* in the order of the text, common ones left out */
    size_t word_count;
    size_t word_capacity;
    struct term *terms;
    struct rating *ratings; /* one per sentence */
};

static void weighing_clear(struct weighing *weighing)
{
    free(weighing->words);
    free(weighing->terms);
    free(weighing->ratings);
}

static bool push_word(struct weighing *weighing, struct span text, size_t sentence)
{
    if (weighing->word_count == weighing->word_capacity) {
        const size_t capacity = weighing->word_capacity ? weighing->word_capacity * 2 : 256;
        struct word *words = realloc(weighing->words, capacity * sizeof(*words));
        if (!words)
            return false;
        weighing->words = words;
        weighing->word_capacity = capacity;
    }
    weighing->words[weighing->word_count++] = (struct word){ text, (uint32_t)sentence, 0 };
    return true;
}

/* The words of all sentences, as they stand in the folded copy of the text. */
static bool collect_words(struct weighing *weighing, struct span text, const char *folded)
{
    for (size_t i = 0; i < weighing->sentences->count; i++) {
        const struct span sentence = weighing->sentences->list[i];
        const struct span here = { folded + (sentence.at - text.at), sentence.len };
        struct span word;
        for (size_t at = 0; words_next(here, &at, &word);)
            if (word.len > 1 && !word_is_common(word) && !push_word(weighing, word, i))
                return false;
    }
    return true;
}

static int compare_words(const void *left, const void *right)
{
    const struct span a = (*(const struct word *const *)left)->text, b = (*(const struct word *const *)right)->text;
    const int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Sorted, equal words stand together: each run is a term, and its length how often the text uses it. */
static bool weigh_terms(struct weighing *weighing)
{
    struct word **sorted = malloc((weighing->word_count + 1) * sizeof(*sorted));
    weighing->terms = calloc(weighing->word_count + 1, sizeof(*weighing->terms));
    if (!sorted || !weighing->terms) {
        free(sorted);
        return false;
    }
    for (size_t i = 0; i < weighing->word_count; i++)
        sorted[i] = &weighing->words[i];
    qsort(sorted, weighing->word_count, sizeof(*sorted), compare_words);

    uint32_t count = 0;
    double most = 1;
    for (size_t i = 0, run; i < weighing->word_count; i += run, count++) {
        for (run = 0; i + run < weighing->word_count && compare_words(&sorted[i], &sorted[i + run]) == 0; run++)
            sorted[i + run]->term = count;
        weighing->terms[count].weight = (double)run;
        if (most < (double)run)
            most = (double)run;
    }
    for (uint32_t term = 0; term < count; term++)
        weighing->terms[term].weight /= most;
    free(sorted);
    return true;
}

static bool weigh_sentences(struct weighing *weighing)
{
    const size_t count = weighing->sentences->count;
    weighing->ratings = calloc(count, sizeof(*weighing->ratings));
    if (!weighing->ratings)
        return false;

    for (size_t i = 0; i < weighing->word_count; i++)
        weighing->ratings[weighing->words[i].sentence].factor++;
    for (size_t i = 0; i < count; i++) {
        const double length = weighing->ratings[i].factor;
        const double position = 1 + FIRST_SENTENCE_BONUS / (double)(i + 1);
        const double damping = length > LONG_SENTENCE ? LONG_SENTENCE / length : 1;
        weighing->ratings[i].factor = position * damping / (length > SHORT_SENTENCE ? length : SHORT_SENTENCE);
    }
    return true;
}

static void score_sentences(struct weighing *weighing)
{
    for (size_t i = 0; i < weighing->sentences->count; i++) {
        weighing->ratings[i].score = 0;
        weighing->ratings[i].is_new = false;
    }
    for (size_t i = 0; i < weighing->word_count; i++) {
        const struct term *term = &weighing->terms[weighing->words[i].term];
        struct rating *rating = &weighing->ratings[weighing->words[i].sentence];
        rating->score += term->weight * rating->factor;
        rating->is_new |= !term->is_said;
    }
}

static bool is_better(const struct rating *rating, const struct rating *than)
{
    return rating->is_new != than->is_new ? rating->is_new : rating->score > than->score;
}

/* Choose the best of the sentences that are left; of equals the first. */
static void choose_one(struct weighing *weighing)
{
    const size_t count = weighing->sentences->count;
    size_t best = count;
    score_sentences(weighing);
    for (size_t i = 0; i < count; i++)
        if (!weighing->ratings[i].is_chosen &&
            (best == count || is_better(&weighing->ratings[i], &weighing->ratings[best])))
            best = i;

    weighing->ratings[best].is_chosen = true;
    for (size_t i = 0; i < weighing->word_count; i++) {
        struct term *term = &weighing->terms[weighing->words[i].term];
        if (weighing->words[i].sentence != best)
            continue;
        term->weight *= SAID_ALREADY;
        term->is_said = true;
    }
}

/* Leave only the chosen sentences, in their order. */
static void keep_chosen(struct sentences *sentences, const struct rating *ratings)
{
    size_t kept = 0;
    for (size_t i = 0; i < sentences->count; i++)
        if (ratings[i].is_chosen)
            sentences->list[kept++] = sentences->list[i];
    sentences->count = kept;
}

static bool shorten(struct sentences *sentences, struct span text, const char *folded, size_t wanted)
{
    struct weighing weighing = { .sentences = sentences };
    const bool weighed = collect_words(&weighing, text, folded) && weigh_terms(&weighing) && weigh_sentences(&weighing);
    if (weighed) {
        for (size_t i = 0; i < wanted; i++)
            choose_one(&weighing);
        keep_chosen(sentences, weighing.ratings);
    }
    weighing_clear(&weighing);
    return weighed;
}

bool summary_make(struct span text, size_t wanted, struct sentences *ret_summary)
{
    struct sentences sentences;
    if (!sentences_split(text, &sentences))
        return false;
    if (sentences.count > wanted) {
        char *folded = malloc(text.len);
        bool shortened = false;
        if (folded) {
            memcpy(folded, text.at, text.len);
            words_fold(folded, text.len);
            shortened = shorten(&sentences, text, folded, wanted);
            free(folded);
        }
        if (!shortened) {
            sentences_clear(&sentences);
            return false;
        }
    }
    *ret_summary = sentences;
    return true;
}
