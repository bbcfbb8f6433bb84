/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an .oam-url file. */
#include "wire/oam_url.h"

#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_buf struct buf out = { .max = SIZE_MAX };
    struct oam_url value, again;

    must(oam_url_read(mesh_bytes_of(data, size), &value));
    if (value.url && value.creds) {
        oam_url_write(&out, value.url, value.creds);
        must(oam_url_read(buf_bytes(&out), &again));
        must(again.url && strcmp(again.url, value.url) == 0);
        must(again.creds && strcmp(again.creds, value.creds) == 0);
        oam_url_clear(&again);
    }
    oam_url_clear(&value);
    return 0;
}
