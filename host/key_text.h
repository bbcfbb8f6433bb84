/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to say of a key beside its help, in words: for mesh.ini as it is installed, and for its manual page. */
#ifndef HOST_KEY_TEXT_H
#define HOST_KEY_TEXT_H

#include <stdio.h>

#include "keys.h"

/* What its value may be: a sentence. False: nothing was written, the help says it. */
bool key_text_allowed(FILE *out, const struct key *key);

/* What becomes of a new value when a running host reads its file again: a sentence. */
const char *key_text_change(const struct key *key);

#endif
