/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays whose items all differ, and those whose items do not. */
#include "wire/unique.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static cJSON *tree_of(const char *text)
{
    cJSON *tree = NULL;

    expect_int(json_parse(mesh_text(text), &tree, NULL), MESH_OK);
    return tree;
}

static void items_that_all_differ_are_unique(void)
{
    static const char *const cases[] = {
        "[]",
        "[1]",
        "[1, 2, 3]",
        "[0, false, \"\", null, [], {}, [0], {\"\": 0}]",
        "[1, true, \"1\"]",
        "[9007199254740992, 9007199254740993, 9007199254740993.5]",
        "[{\"a\": 1, \"b\": 2}, {\"a\": 2, \"b\": 1}, {\"b\": 2}, {\"a\": {\"b\": 2}}]",
        "[[1, [2]], [[1], 2], [1, 2], [2, 1]]",
        "[[\"a\", \"b\"], [\"ab\"], [\"a\\u0001b\"], [\"a\", \"b\", \"\"]]",
        "[{\"a\": [1]}, {\"a\": [1, 1]}]",
        "[1e400, 1e401, -1e400, 1e-400, 0]",
    };
    struct unique_space space = { 0 };

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *tree = tree_of(cases[i]);
        size_t first = 77, second = 77;
        if (!expect_int(unique_items(tree, &space, &first, &second), UNIQUE_YES))
            printf("    %s\n", cases[i]);
        expect_int(first, 77);
        expect_int(second, 77);
    }
    unique_space_clear(&space);
}

static void the_first_pair_that_is_equal_is_found(void)
{
    static const struct {
        const char *text;
        size_t first, second;
    } cases[] = {
        { "[1, 1]", 0, 1 },
        { "[3, 1, 2, 1, 2]", 1, 3 },
        { "[0, 1, 10e-1]", 1, 2 },
        { "[-0, 0.0]", 0, 1 },
        { "[\"a\", \"\\u0061\"]", 0, 1 },
        { "[null, false, null]", 0, 2 },
        { "[{\"a\": 1, \"b\": [2]}, {\"b\": [2.0], \"a\": 1e0}]", 0, 1 },
        { "[[], {}, [[]], [{}], [[]]]", 2, 4 },
        { "[12345678901234567890123, 1.2345678901234567890123e22]", 0, 1 },
    };
    struct unique_space space = { 0 };

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *tree = tree_of(cases[i].text);
        size_t first = 77, second = 77;
        if (!expect_int(unique_items(tree, &space, &first, &second), UNIQUE_NO))
            printf("    %s\n", cases[i].text);
        expect_int(first, cases[i].first);
        expect_int(second, cases[i].second);
    }
    unique_space_clear(&space);
}

static void trees_made_by_hand_count_by_value(void)
{
    auto_json cJSON *tree = tree_of("[0, 1.50]");
    struct unique_space space = { 0 };
    size_t first = 0, second = 0;

    cJSON_AddItemToArray(tree, cJSON_CreateNumber(1.5));
    expect_int(unique_items(tree, &space, &first, &second), UNIQUE_NO);
    expect_int(first, 1);
    expect_int(second, 2);
    unique_space_clear(&space);
}

/* An array of so many items, each with its number between two texts; the tree, to free. */
static cJSON *many(size_t count, const char *before, const char *after)
{
    struct buf text;

    buf_init(&text, (size_t)64 << 20);
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%c%s%06zu%s", i ? ',' : '[', before, i + 100000, after);
    buf_puts(&text, "]");
    cJSON *tree = tree_of(buf_text(&text));
    buf_clear(&text);
    return tree;
}

static void many_items_take_linear_time(void)
{
    static const char *const kinds[][2] = {
        { "", "" }, { "\"item ", "\"" }, { "{\"b\": [", "], \"a\": \"x\"}" }, { "1.00000000000000000000", "" }
    };
    struct unique_space space = { 0 };
    size_t first, second;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        auto_json cJSON *tree = many(100000, kinds[i][0], kinds[i][1]);
        uint64_t before = clock_ns() / 1000;
        expect_int(unique_items(tree, &space, &first, &second), UNIQUE_YES);
        uint64_t took = clock_ns() / 1000 - before;
        printf("     100 000 of %s1%s: %llu us\n", kinds[i][0], kinds[i][1], (unsigned long long)took);
        expect_true(took < 2000000); /* quadratic would be minutes */
    }
    unique_space_clear(&space);
}

static void memory_is_used_again(void)
{
    auto_json cJSON *large = many(1000, "", ""), *small = many(10, "", "");
    struct unique_space space = { 0 };
    size_t first, second;

    expect_int(unique_items(large, &space, &first, &second), UNIQUE_YES);
    const void *slots = space.slots;
    expect_int(unique_items(small, &space, &first, &second), UNIQUE_YES);
    expect_int(unique_items(large, &space, &first, &second), UNIQUE_YES);
    expect_true(space.slots == slots);
    unique_space_clear(&space);
    expect_int(space.size, 0);
}

SUITE(wire_unique, TEST(items_that_all_differ_are_unique), TEST(the_first_pair_that_is_equal_is_found),
      TEST(trees_made_by_hand_count_by_value), TEST(many_items_take_linear_time), TEST(memory_is_used_again))
