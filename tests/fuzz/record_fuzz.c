/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as instance record and as death notice. */
#include "wire/record.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "fuzz.h"

static void read_instance(mesh_bytes document)
{
    struct map set = { 0 };
    const char *name;
    void *value;
    size_t count = 0;

    must(instance_read_into(&set, document));
    for (size_t at = 0; map_next(&set, &at, &name, &value); count++)
        must(value == &set && map_get(&set, name) == &set);
    must(count == map_count(&set));
    map_clear(&set, NULL);
}

static void read_notice(mesh_bytes body)
{
    auto_free char *reason = NULL, *instance_id = NULL;
    auto_buf struct buf details = { .max = SIZE_MAX };

    must(death_read(body, &reason, &instance_id));
    death_details(&details, body);
    must(json_check(buf_bytes(&details), NULL) == MESH_OK && buf_text(&details)[0] == '{');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mesh_bytes bytes = mesh_bytes_of(data, size);

    read_instance(bytes);
    read_notice(bytes);
    return 0;
}
