/* SPDX-License-Identifier: Apache-2.0 */
/* The documents that the official suite serves to its schemas at http://localhost:1234/, from its folder "remotes". */
#ifndef CONFORMANCE_REMOTES_H
#define CONFORMANCE_REMOTES_H

#include "wire/schema_compile.h"

struct remotes {
    struct schema_document *items; /* owned, with what they point to */
    size_t count;
};

/* Ends the program if they cannot be read. */
void remotes_load(struct remotes *remotes, const char *folder);
void remotes_clear(struct remotes *remotes);

#endif
