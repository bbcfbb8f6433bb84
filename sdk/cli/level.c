/* SPDX-License-Identifier: Apache-2.0 */
#include "level.h"

#include <agentmesh/observe.h>

#include "print.h"

bool level_parse(const char *word, bool may_be_off, int32_t *ret_level)
{
    int32_t level = mesh_level_of(word);
    if (level >= 0 && (may_be_off || level != MESH_LOG_OFF)) {
        *ret_level = level;
        return true;
    }
    print_talk("Unknown level '%s'. Choose from: debug, info, warn, error%s.", word, may_be_off ? ", off" : "");
    return false;
}
