/* SPDX-License-Identifier: Apache-2.0 */
/* What is new of what a link tells of keys: after a reconnect it tells all current values again. */
#ifndef CLIENT_NEWS_H
#define CLIENT_NEWS_H

#include "base/map.h"
#include "link/link.h"

/* Of one watch; begins as zeroes. [link] */
struct news {
    struct map told;  /* what each live key is */
    uint64_t highest; /* revision */
    bool is_current;  /* all that was there at the start has been told */
};

void news_clear(struct news *news);

/* Whether to tell of an entry of link_keys_follow(): once of each change, and of no markers of what was gone before.
 * The mark that all is current, whose key is "", is told. Without memory something may be told twice. */
bool news_take(struct news *news, const struct link_entry *entry);

#endif
