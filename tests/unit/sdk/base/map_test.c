/* SPDX-License-Identifier: Apache-2.0 */
/* The string map. */
#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static void it_keeps_finds_and_replaces(void)
{
    struct map map = { 0 };
    int one, two;

    expect_true(map_get(&map, "a") == NULL);
    expect_true(map_put(&map, "a", &one));
    expect_true(map_put(&map, "", &two));
    expect_true(map_get(&map, "a") == &one);
    expect_true(map_get(&map, "") == &two);
    expect_true(map_get(&map, "A") == NULL);
    expect_true(map_put(&map, "a", &two));
    expect_true(map_get(&map, "a") == &two);
    expect_int(map_count(&map), 2);
    map_clear(&map, NULL);
    expect_int(map_count(&map), 0);
}

static void keys_are_copied(void)
{
    struct map map = { 0 };
    char key[] = "echo";
    int one;

    map_put(&map, key, &one);
    memcpy(key, "xxxx", 4);
    expect_true(map_get(&map, "echo") == &one);
    map_clear(&map, NULL);
}

static void a_key_need_not_be_terminated(void)
{
    struct map map = { 0 };
    int one;

    map_put(&map, "nlp.echo", &one);
    expect_true(map_get_len(&map, "nlp.echo.events", 8) == &one);
    expect_true(map_get_len(&map, "nlp.echo.events", 7) == NULL);
    expect_true(map_get_len(&map, "nlp.echo\0more", 13) == NULL);
    map_clear(&map, NULL);
}

static void it_grows_and_shrinks(void)
{
    struct map map = { 0 };
    static int values[5000];
    char key[64];
    bool ok = true;

    for (size_t i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "agents.of.some.length.%zu", i);
        ok = ok && map_put(&map, key, &values[i]);
    }
    expect_true(ok);
    for (size_t i = 0; i < 5000; i += 2) {
        snprintf(key, sizeof(key), "agents.of.some.length.%zu", i);
        ok = ok && map_remove(&map, key) == &values[i] && map_remove(&map, key) == NULL;
    }
    expect_true(ok);
    expect_int(map_count(&map), 2500);
    for (size_t i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "agents.of.some.length.%zu", i);
        ok = ok && map_get(&map, key) == (i % 2 ? &values[i] : NULL);
    }
    expect_true(ok);
    map_clear(&map, NULL);
}

static void coming_and_going_does_not_make_it_grow(void)
{
    struct map map = { 0 };
    char key[32];
    int one;

    for (int i = 0; i < 100000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        map_put(&map, key, &one);
        map_remove(&map, key);
    }
    expect_int(map_count(&map), 0);
    expect_true(map.capacity <= 64);
    map_clear(&map, NULL);
}

static void a_walk_meets_everything_once_and_may_remove_it(void)
{
    struct map map = { 0 };
    int values[10] = { 0 };
    const char *key;
    void *value;
    char name[2] = "0";

    for (int i = 0; i < 10; i++) {
        name[0] = (char)('0' + i);
        map_put(&map, name, &values[i]);
    }
    for (size_t at = 0; map_next(&map, &at, &key, &value);) {
        expect_true(value == &values[key[0] - '0']);
        values[key[0] - '0']++;
        if (key[0] % 2)
            map_remove(&map, key);
    }
    for (int i = 0; i < 10; i++)
        expect_int(values[i], 1);
    expect_int(map_count(&map), 5);
    map_clear(&map, NULL);
}

static void values_are_freed_when_asked(void)
{
    struct map map = { 0 };

    map_put(&map, "a", strdup("one"));
    map_put(&map, "b", strdup("two"));
    free(map_remove(&map, "a"));
    map_clear(&map, free);
    expect_int(map_count(&map), 0);
}

SUITE(base_map, TEST(it_keeps_finds_and_replaces), TEST(keys_are_copied), TEST(a_key_need_not_be_terminated),
      TEST(it_grows_and_shrinks), TEST(coming_and_going_does_not_make_it_grow),
      TEST(a_walk_meets_everything_once_and_may_remove_it), TEST(values_are_freed_when_asked))
