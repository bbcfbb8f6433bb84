/* SPDX-License-Identifier: Apache-2.0 */
/* A summary: the sentences of a text that say most of what it says, in the text's own order. */
#ifndef SUMMARIZER_SUMMARY_H
#define SUMMARIZER_SUMMARY_H

#include "sentences.h"

/*
 * Choose at most `wanted` sentences of a UTF-8 text; end the result with sentences_clear(). A text without words has
 * none. Returns false when out of memory; there is nothing to clear then.
 */
bool summary_make(struct span text, size_t wanted, struct sentences *ret_summary);

#endif
