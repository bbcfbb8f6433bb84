/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of log events as words of a command line. */
#ifndef CLI_LEVEL_H
#define CLI_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

/* False: there is no such level, or none that events can have, which has been said (protocol 16.4). */
bool level_parse(const char *word, bool may_be_off, int32_t *ret_level);

#endif
