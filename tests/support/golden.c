/* SPDX-License-Identifier: Apache-2.0 */
/* Golden files. */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "suite.h"

char *golden(const char *name)
{
    struct buf path = { .max = 4096 }, text = { .max = 1 << 20 };
    char block[4096];
    size_t len;

    buf_printf(&path, "%s/%s", GOLDEN_FOLDER, name);
    FILE *file = fopen(buf_text(&path), "rb");
    if (!file) {
        perror(buf_text(&path));
        exit(1);
    }
    while ((len = fread(block, 1, sizeof(block), file)) > 0)
        buf_append(&text, block, len);
    fclose(file);
    buf_clear(&path);
    return buf_take(&text);
}

void golden_expect_json(const char *got, const char *expected, const char *what, const char *file, int line)
{
    auto_json cJSON *left = NULL, *right = NULL;

    json_parse(mesh_text(got), &left, NULL);
    json_parse(mesh_text(expected), &right, NULL);
    if (!left || !right || !json_equal(left, right))
        suite_expect_str(got, expected, what, file, line);
    suite_expect_true(left && right && json_equal(left, right), what, file, line);
}
