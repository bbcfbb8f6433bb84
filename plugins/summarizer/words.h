/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a UTF-8 text, one after the other, and the characters they are made of. */
#ifndef SUMMARIZER_WORDS_H
#define SUMMARIZER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a text. The text is lent for as long as the piece is used. */
struct span {
    const char *at;
    size_t len; /* bytes */
};

/* The character at the beginning of a span that is not empty, and its length in bytes. A byte that is not UTF-8 is
 * a character of its own, U+FFFD. */
uint32_t character_at(struct span text, size_t *ret_len);

bool character_is_space(uint32_t character);
bool character_is_letter(uint32_t character);
bool character_is_capital(uint32_t character);
bool character_is_small(uint32_t character);

/* Make letters small, in place. No character changes its length, so that positions stay what they are. */
void words_fold(char *text, size_t len);

/* The next word of a folded text from *at on; *at moves behind it. An ideograph is a word of its own. Returns false
 * where there is no more. */
bool words_next(struct span text, size_t *at, struct span *ret_word);

/* Whether a folded word is one that says nothing about its text: "the", "which". English. */
bool word_is_common(struct span word);

#endif
