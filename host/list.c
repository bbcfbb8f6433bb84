/* SPDX-License-Identifier: Apache-2.0 */
/* The list of strings. */
#include "list.h"

#include <stdlib.h>
#include <string.h>

bool list_init(struct config_list *list)
{
    *list = (struct config_list){ .items = calloc(1, sizeof(*list->items)) };
    return list->items != NULL;
}

void list_clear(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct config_list){ 0 };
}

bool list_take(struct config_list *list, char *text)
{
    char **items = text ? reallocarray(list->items, list->count + 2, sizeof(*items)) : NULL;

    if (!items) {
        free(text);
        return false;
    }
    items[list->count++] = text;
    items[list->count] = NULL;
    list->items = items;
    return true;
}

bool list_add(struct config_list *list, const char *text)
{
    return list_take(list, strdup(text));
}

bool list_equal(const struct config_list *a, const struct config_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}
