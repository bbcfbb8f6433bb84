/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON: reader, checker and printers must agree with each other. */
#include "base/json.h"

#include <string.h>

#include "fuzz.h"

/* What a printer wrote is the same value again. */
static void must_read_back(void (*print)(struct buf *out, const cJSON *tree), const cJSON *tree)
{
    auto_json cJSON *again = NULL;
    auto_buf struct buf text = { .max = SIZE_MAX };

    print(&text, tree);
    must(json_check(buf_bytes(&text), NULL) == MESH_OK);
    must(json_parse(buf_bytes(&text), &again, NULL) == MESH_OK);
    must(json_equal(tree, again));
}

static void quote(mesh_bytes text)
{
    auto_json cJSON *string = NULL;
    auto_buf struct buf out = { .max = SIZE_MAX };

    json_quote(&out, text.data, text.len);
    must(json_parse(buf_bytes(&out), &string, NULL) == MESH_OK);
    must(cJSON_IsString(string));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mesh_bytes text = mesh_bytes_of(data, size);
    auto_json cJSON *tree = NULL, *part = NULL;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status checked = json_check(text, NULL), parsed = json_parse(text, &tree, &err);

    /* The checker does not look for names that stand twice; that is all the two may differ in. */
    must(parsed == checked || (checked == MESH_OK && strstr(mesh_error_text(&err), "twice")));
    must((parsed == MESH_OK) == (tree != NULL));
    if (checked == MESH_OK)
        must(json_skip_space(text, json_skip(text, 0)) == size);
    if (json_parse_part(text, &part, NULL) == MESH_OK)
        must(json_equal(tree, part));
    if (tree) {
        must_read_back(json_print, tree);
        must_read_back(json_print_pretty, tree);
        must_read_back(json_print_ascii, tree);
    }
    quote(text);
    mesh_error_clear(&err);
    return 0;
}
