/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the block of headers before a message: what is found lies inside, and is found again. */
#include "wire/header.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { HEADER_REQUEST_ID, HEADER_STATUS, HEADER_STREAM,
                                         HEADER_STREAM_SEQ, "Status",      "" };
    char *block = malloc(size + 1); /* one behind it, so that an end is seen */
    must(block);
    memcpy(block, data, size);
    block[size] = '!';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = header_find(block, size, names[i]);
        must(!value || (value > block && value + strlen(value) < block + size));
        must(!value || header_find(block, size, names[i]) == value);
    }
    must(block[size] == '!');
    free(block);
    return 0;
}
