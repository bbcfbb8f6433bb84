/* SPDX-License-Identifier: Apache-2.0 */
/* A list of strings in their order. */
#ifndef HOST_LIST_H
#define HOST_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct config_list {
    char **items; /* owned; ends with NULL; NULL itself only before the first list_init() or list_add() */
    size_t count;
};

/* Make it an empty list with its NULL; false: no memory. */
bool list_init(struct config_list *list);

void list_clear(struct config_list *list); /* all zeroes afterwards */

#define auto_config_list __attribute__((cleanup(list_clear)))

/* Append a copy; false: no memory, and the list is as it was. */
bool list_add(struct config_list *list, const char *text);
bool list_take(struct config_list *list, char *text); /* text is taken, also on failure; NULL fails */

bool list_equal(const struct config_list *a, const struct config_list *b);

#endif
