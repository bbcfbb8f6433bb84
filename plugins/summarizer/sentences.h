/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences of a text, in its order. */
#ifndef SUMMARIZER_SENTENCES_H
#define SUMMARIZER_SENTENCES_H

#include "words.h"

struct sentences {
    struct span *list; /* pieces of the text, without space around them; each has at least one word */
    size_t count;
    size_t capacity;
};

/* Split a UTF-8 text; end the result with sentences_clear(). Returns false when out of memory; there is nothing to
 * clear then. The work grows with the length of the text alone, whatever stands in it. */
bool sentences_split(struct span text, struct sentences *ret_sentences);

void sentences_clear(struct sentences *sentences);

#endif
