/* SPDX-License-Identifier: Apache-2.0 */
#include "key_text.h"

#include "value.h"

static void write_choices(FILE *out, const struct key *key)
{
    fputs("One of ", out);
    for (const struct key_choice *choice = key->choices; choice->word; choice++)
        fprintf(out, "%s%s", choice == key->choices ? "" : ", ", choice->word);
    fputc('.', out);
}

bool key_text_allowed(FILE *out, const struct key *key)
{
    char low[VALUE_DURATION_SIZE], high[VALUE_DURATION_SIZE];

    if (key->type == KEY_DURATION)
        fprintf(out, "A time from %s to %s.", value_duration(low, key->min), value_duration(high, key->max));
    else if (key->type == KEY_COUNT)
        fprintf(out, "A number from %u to %u.", key->min, key->max);
    else if (key->type == KEY_CHOICE)
        write_choices(out, key);
    else if (key->type == KEY_SWITCH)
        fputs("yes or no.", out);
    else
        return false;
    return true;
}

const char *key_text_change(const struct key *key)
{
    static const char *const changes[] = {
        [CHANGE_LIVE] = "A reload takes it up.",
        [CHANGE_RESTART] = "A change needs a restart.",
        [CHANGE_PLUGIN] = "A reload takes it up; the plugin is loaded anew.",
    };
    return changes[key->change];
}
