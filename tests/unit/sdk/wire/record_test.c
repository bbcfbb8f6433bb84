/* SPDX-License-Identifier: Apache-2.0 */
/* Instance records, death notices. */
#include "wire/record.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static cJSON *tree_of(const char *text)
{
    cJSON *tree = NULL;

    expect_int(json_parse(mesh_text(text), &tree, NULL), MESH_OK);
    return tree;
}

static void an_instance_record_is_written_as_recorded(void)
{
    static const char *const names[] = { "rec.echo" };
    auto_free char *expected = golden("instance/one.json");
    auto_buf struct buf out = { .max = 1000 };

    instance_write(&out, names, 1);
    expect_json(buf_text(&out), expected);
    buf_reset(&out);
    instance_write(&out, NULL, 0);
    expect_str(buf_text(&out), "{\"agents\":[]}");
}

static void a_recorded_instance_is_read(void)
{
    auto_free char *document = golden("instance/ten.json");
    struct map set = { 0 };

    expect_true(instance_read_into(&set, mesh_text(document)));
    expect_int(map_count(&set), 10);
    expect_true(map_get(&set, "rec.on-kv") == &set);
    map_clear(&set, NULL);
}

static void what_is_no_record_adds_nothing(void)
{
    static const char *const documents[] = {
        "", "garbled", "[]", "{}", "{\"agents\":null}", "{\"agents\":{\"a\":\"b\"}}", "{\"agents\":[1,null]}",
    };
    struct map set = { 0 };

    for (size_t i = 0; i < COUNT(documents); i++)
        expect_true(instance_read_into(&set, mesh_text(documents[i])));
    expect_int(map_count(&set), 0);
    expect_true(instance_read_into(&set, mesh_text("{\"agents\":[\"a\",1,\"b\",\"a\"]}")));
    expect_int(map_count(&set), 2);
    map_clear(&set, NULL);
}

/* Equal but for the moment. */
static void expect_same_but_time(const char *got, const char *expected, const char *time)
{
    auto_json cJSON *left = tree_of(got), *right = tree_of(expected);

    expect_true(json_string(left, time, "")[0] == '2');
    cJSON_DeleteItemFromObjectCaseSensitive(left, time);
    cJSON_DeleteItemFromObjectCaseSensitive(right, time);
    if (!expect_true(json_equal(left, right)))
        expect_str(got, expected);
}

static void a_notice_is_written_as_recorded(void)
{
    static const struct {
        const char *file, *reason, *instance_id;
    } cases[] = {
        { "death/graceful_shutdown.json", "graceful_shutdown", "f9c7fd2ab1f04e9ab0fedd7921dfc4f6" },
        { "death/disconnect.json", "disconnect", "009d709726b84ecbb842740a99459a62" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *expected = golden(cases[i].file);
        auto_buf struct buf out = { .max = 1000 };
        death_write(&out, "rec.mortal", cases[i].reason, cases[i].instance_id);
        expect_same_but_time(buf_text(&out), expected, "detected_at");
    }
}

static void anything_is_a_notice(void)
{
    static const struct {
        const char *body, *reason, *instance_id, *details;
    } cases[] = {
        { "", "", "", "{}" },
        { "garbled", "", "", "{}" },
        { "[]", "", "", "{}" },
        { "{\"reason\":7}", "", "", "{\"reason\":7}" },
        { "{\"reason\": \"disconnect\", \"instance_id\": \"1\", \"n\": 1.0}", "disconnect", "1",
          "{\"reason\":\"disconnect\",\"instance_id\":\"1\",\"n\":1.0}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *reason = NULL, *instance_id = NULL;
        auto_buf struct buf details = { .max = 1000 };
        expect_true(death_read(mesh_text(cases[i].body), &reason, &instance_id));
        expect_str(reason, cases[i].reason);
        expect_str(instance_id, cases[i].instance_id);
        death_details(&details, mesh_text(cases[i].body));
        expect_str(buf_text(&details), cases[i].details);
    }
}

SUITE(wire_record, TEST(an_instance_record_is_written_as_recorded), TEST(a_recorded_instance_is_read),
      TEST(what_is_no_record_adds_nothing), TEST(a_notice_is_written_as_recorded), TEST(anything_is_a_notice))
