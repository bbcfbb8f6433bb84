/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a disconnect advisory. */
#include "wire/advisory.h"

#include <string.h>

#include "fuzz.h"
#include "wire/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host_connection lost;

    if (advisory_read(mesh_bytes_of(data, size), &lost)) {
        must(token_is_valid(lost.instance_id));
        must(strlen(lost.server) < sizeof(lost.server));
    }
    return 0;
}
