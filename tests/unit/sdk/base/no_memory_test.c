/* SPDX-License-Identifier: Apache-2.0 */
/* What base does when memory runs out: each allocation fails once. */
#include <agentmesh/error.h>

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/map.h"
#include "suite.h"
#include "torture.h"

static const char document[] = "{\"a\":[1,2.5,\"text\",{\"deep\":null}],\"b\\n\":true,\"c\":1,\"d\":2,\"e\":3,"
                               "\"f\":4,\"g\":5,\"h\":6,\"i\":7,\"j\":\"\\u00e9\"}";

static bool read_and_print(void)
{
    auto_json cJSON *tree = NULL;
    auto_buf struct buf out = { .max = 1000 };

    mesh_status status = json_parse(mesh_text(document), &tree, NULL);
    if (status != MESH_OK) {
        expect_int(status, MESH_E_NO_MEMORY);
        expect_true(tree == NULL);
        return false;
    }
    json_print_pretty(&out, tree);
    expect_int(buf_error(&out, NULL), torture_has_struck() ? MESH_E_NO_MEMORY : MESH_OK);
    auto_free char *text = buf_take(&out);
    return text;
}

static void reading_and_printing(void)
{
    torture(read_and_print);
}

static bool check(void)
{
    expect_int(json_check(mesh_text(document), NULL), MESH_OK);
    expect_false(torture_has_struck());
    auto_json cJSON *number = json_new_int(7); /* so that there is something to fail */
    return number;
}

static void checking_needs_no_memory(void)
{
    torture(check);
}

static bool compare(void)
{
    static cJSON *a, *b;
    bool ok = (a || json_parse(mesh_text(document), &a, NULL) == MESH_OK) &&
              (b || json_parse(mesh_text(document), &b, NULL) == MESH_OK) && json_equal(a, b);

    if (!torture_has_struck()) {
        cJSON_Delete(a);
        cJSON_Delete(b);
    }
    return ok;
}

static void comparing(void)
{
    torture(compare);
}

/* Without memory an error still has its status, and some text. */
static bool fill_an_error(void)
{
    mesh_error err = MESH_ERROR_INIT, moved = MESH_ERROR_INIT;

    expect_int(mesh_error_set_code(&err, "quota", "the message", "{\"a\":1}"), MESH_E_MESH);
    expect_int(mesh_error_prefix(&err, MESH_E_MESH, "call '%s'", "echo"), MESH_E_MESH);
    mesh_error_set_context(&err, "echo", "id", "{\"b\":[]}");
    mesh_error_move(&moved, &err);
    expect_int(moved.status, MESH_E_MESH);
    expect_true(mesh_error_text(&moved)[0] && mesh_error_message(&moved)[0] && mesh_error_code(&moved)[0]);
    bool ok = strcmp(mesh_error_text(&moved), "call 'echo': the message") == 0 &&
              strcmp(mesh_error_message(&moved), "the message") == 0 && strcmp(mesh_error_code(&moved), "quota") == 0 &&
              strcmp(mesh_error_agent(&moved), "echo") == 0 && strcmp(mesh_error_details(&moved), "{\"b\":[]}") == 0;
    mesh_error_clear(&moved);
    return ok;
}

static void filling_an_error(void)
{
    torture(fill_an_error);
}

static bool fill_a_map(void)
{
    struct map map = { 0 };
    char key[16];
    size_t put = 0;

    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof(key), "%d", i);
        put += map_put(&map, key, &map);
    }
    expect_int(map_count(&map), put);
    map_clear(&map, NULL);
    return put == 40;
}

static void filling_a_map(void)
{
    torture(fill_a_map);
}

SUITE(base_no_memory, TEST(reading_and_printing), TEST(checking_needs_no_memory), TEST(comparing),
      TEST(filling_an_error), TEST(filling_a_map))
