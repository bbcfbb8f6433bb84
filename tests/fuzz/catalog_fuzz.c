/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the catalog: what is not ours comes out as it went in. */
#include "wire/catalog.h"

#include <string.h>

#include "base/json.h"
#include "fuzz.h"

static void must_be_understood_alike(const struct catalog *catalog)
{
    struct catalog_item item, found;
    const char *tags[4];

    for (size_t i = 0; i < catalog_count(catalog); i++) {
        size_t count = catalog_item_tags(catalog, i, tags, 4);
        for (size_t j = 0; j < count && j < 4; j++)
            must(catalog_item_has_tag(catalog, i, tags[j]));
        if (catalog_at(catalog, i, &item) && catalog_find(catalog, item.name, &found))
            must(strcmp(found.name, item.name) == 0 && found.description && found.version);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char name[] = "fuzz.me", text[] = "", *tags[] = { NULL };
    const struct contract contract = { .name = name, .description = text, .version = text, .tags = tags };
    auto_catalog struct catalog *catalog = NULL, *again = NULL;
    auto_buf struct buf before = { .max = SIZE_MAX }, after = { .max = SIZE_MAX };
    bool ok = true;

    if (catalog_parse(mesh_bytes_of(data, size), &catalog, NULL) != MESH_OK)
        return 0;
    must_be_understood_alike(catalog);
    catalog_remove(catalog, name);
    catalog_write(&before, catalog);
    must(catalog_parse(buf_bytes(&before), &again, NULL) == MESH_OK);
    must(catalog_count(again) == catalog_count(catalog));

    must(catalog_put(catalog, &contract, &ok) && ok);
    must(!catalog_put(catalog, &contract, &ok) && ok);
    must(catalog_remove(catalog, name));
    catalog_write(&after, catalog);
    must(strcmp(buf_text(&before), buf_text(&after)) == 0);
    return 0;
}
