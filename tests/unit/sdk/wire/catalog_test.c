/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog document. */
#include "wire/catalog.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct catalog *catalog_in(const char *document)
{
    mesh_error err = MESH_ERROR_INIT;
    struct catalog *catalog = NULL;

    if (!expect_int(catalog_parse(mesh_text(document), &catalog, &err), MESH_OK))
        expect_str(mesh_error_text(&err), "");
    mesh_error_clear(&err);
    return catalog;
}

static char *written(const struct catalog *catalog)
{
    struct buf out = { .max = 1 << 20 };

    catalog_write(&out, catalog);
    return buf_take(&out);
}

/* A contract, as the registry has it. */
static struct contract *contract_in(const char *document)
{
    struct contract *contract = NULL;

    expect_int(contract_read(mesh_text(document), &contract, NULL), MESH_OK);
    return contract;
}

static bool put(struct catalog *catalog, const char *document)
{
    auto_contract struct contract *contract = contract_in(document);
    bool ok = true;
    bool changed = catalog_put(catalog, contract, &ok);

    expect_true(ok);
    return changed;
}

static void recorded_catalogs_are_read_and_written_again(void)
{
    static const struct {
        const char *file;
        size_t count;
    } cases[] = { { "catalog/empty.json", 0 }, { "catalog/one.json", 1 }, { "catalog/ten.json", 10 } };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct catalog_item item;
        auto_free char *document = golden(cases[i].file);
        auto_catalog struct catalog *catalog = catalog_in(document);
        auto_free char *text = written(catalog);
        expect_json(text, document);
        expect_int(catalog_count(catalog), cases[i].count);
        for (size_t at = 0; at < cases[i].count; at++)
            expect_true(catalog_at(catalog, at, &item) && item.name[0] && item.description[0]);
    }
}

static void a_recorded_agent_is_announced_as_it_was(void)
{
    auto_free char *document = golden("contract/rec.echo.json");
    auto_free char *expected = golden("catalog/one.json");
    auto_catalog struct catalog *catalog = catalog_in("");

    expect_true(put(catalog, document));
    auto_free char *text = written(catalog);
    expect_json(text, expected);

    auto_catalog struct catalog *recorded = catalog_in(expected);
    expect_false(put(recorded, document));
}

static void an_entry_goes_to_the_end_and_replaces_its_like(void)
{
    auto_catalog struct catalog *catalog = catalog_in("[{\"name\":\"a\",\"x\":1},{\"name\":\"b\"},{\"name\":\"a\"}]");

    expect_true(put(catalog, "{\"name\":\"a\",\"description\":\"A\",\"x-agentmesh\":{\"tags\":[\"t\"]}}"));
    auto_free char *text = written(catalog);
    expect_str(text, "[{\"name\":\"b\"},{\"name\":\"a\",\"description\":\"A\",\"version\":\"0.1.0\","
                     "\"tags\":[\"t\"],\"invocable\":true,\"streaming\":false}]");
    expect_false(put(catalog, "{\"name\":\"a\",\"description\":\"A\",\"x-agentmesh\":{\"tags\":[\"t\"]}}"));
    expect_true(put(catalog, "{\"name\":\"a\",\"description\":\"A\",\"x-agentmesh\":{\"tags\":[\"u\"]}}"));
    expect_int(catalog_count(catalog), 2);
}

static void an_equal_entry_stays_where_it_is(void)
{
    static const char document[] = "[{\"streaming\":false,\"invocable\":true,\"tags\":[],\"version\":\"0.1.0\","
                                   "\"description\":\"\",\"name\":\"a\"},{\"name\":\"b\"}]";
    auto_catalog struct catalog *catalog = catalog_in(document);

    expect_false(put(catalog, "{\"name\":\"a\"}"));
    auto_free char *text = written(catalog);
    expect_str(text, document);
}

static void an_entry_is_removed_with_its_duplicates(void)
{
    auto_catalog struct catalog *catalog = catalog_in("[{\"name\":\"a\"},{\"name\":\"b\"},7,{\"name\":\"a\"}]");

    expect_true(catalog_remove(catalog, "a"));
    expect_false(catalog_remove(catalog, "a"));
    auto_free char *text = written(catalog);
    expect_str(text, "[{\"name\":\"b\"},7]");
    expect_true(catalog_remove(catalog, "b"));
}

static void what_is_not_understood_is_kept_to_the_byte(void)
{
    static const char document[] = " [ {\"name\":\"a\", \"weight\": 1.10, \"big\": 123456789012345678901234567890} ,"
                                   "7,null,\"\\ud83d\",{\"name\":\"b\",\"x\":\"\\u0000\"},"
                                   "{\"name\":\"c\",\"name\":\"d\"},[[]]\n] ";
    auto_catalog struct catalog *catalog = catalog_in(document);
    struct catalog_item item;

    expect_true(put(catalog, "{\"name\":\"e\"}"));
    expect_true(catalog_remove(catalog, "e"));
    auto_free char *text = written(catalog);
    expect_str(text, "[{\"name\":\"a\", \"weight\": 1.10, \"big\": 123456789012345678901234567890},7,null,"
                     "\"\\ud83d\",{\"name\":\"b\",\"x\":\"\\u0000\"},{\"name\":\"c\",\"name\":\"d\"},[[]]]");
    expect_int(catalog_count(catalog), 7);
    expect_true(catalog_at(catalog, 0, &item));
    for (size_t i = 1; i < 7; i++)
        expect_false(catalog_at(catalog, i, &item));
    expect_false(catalog_find(catalog, "b", &item));
    expect_false(catalog_remove(catalog, "c"));
}

static void what_is_no_array_is_refused(void)
{
    static const struct {
        const char *document;
        int at;
    } cases[] = {
        { "{}", 0 },    { "null", 0 }, { " [", 2 },        { "[1", 2 },         { "[1,", 3 },     { "[1,]", 3 },
        { "[1 2]", 3 }, { "[1]x", 3 }, { "[{\"a\":]", 1 }, { "[\"\xff\"]", 1 }, { "garbled", 0 }, { "[]]", 2 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        struct catalog *catalog = NULL;
        char told[100];
        snprintf(told, sizeof(told), "the catalog cannot be read: no JSON array, from byte %d on", cases[i].at);
        expect_int(catalog_parse(mesh_text(cases[i].document), &catalog, &err), MESH_E_DATA);
        expect_str(mesh_error_text(&err), told);
        expect_true(catalog == NULL);
        mesh_error_clear(&err);
    }
    struct catalog *catalog = NULL;
    expect_int(catalog_parse(mesh_bytes_of("[\0]", 3), &catalog, NULL), MESH_E_DATA);
}

static void an_empty_value_is_an_empty_catalog(void)
{
    static const char *const documents[] = { "", " \n", "[]", " [ ] " };

    for (size_t i = 0; i < COUNT(documents); i++) {
        auto_catalog struct catalog *catalog = catalog_in(documents[i]);
        auto_free char *text = written(catalog);
        expect_str(text, "[]");
    }
    catalog_free(NULL);
}

static void a_reader_fills_in_what_is_missing(void)
{
    auto_catalog struct catalog *catalog = catalog_in("[{\"name\":\"a\"},{\"name\":\"b\",\"description\":\"B\","
                                                      "\"version\":\"2\",\"invocable\":false,\"streaming\":true,"
                                                      "\"tags\":null,\"more\":{}}]");
    struct catalog_item item;

    expect_true(catalog_find(catalog, "a", &item));
    expect_str(item.name, "a");
    expect_str(item.description, "");
    expect_str(item.version, "0.1.0");
    expect_true(item.invocable);
    expect_false(item.streaming);
    expect_true(catalog_find(catalog, "b", &item));
    expect_str(item.description, "B");
    expect_str(item.version, "2");
    expect_false(item.invocable);
    expect_true(item.streaming);
    expect_false(catalog_find(catalog, "c", &item));
}

static void a_wrong_type_makes_an_entry_unreadable(void)
{
    static const char *const documents[] = {
        "[{}]",
        "[{\"name\":7}]",
        "[{\"name\":\"a b\"}]",
        "[{\"name\":\"a\",\"description\":1}]",
        "[{\"name\":\"a\",\"version\":1}]",
        "[{\"name\":\"a\",\"invocable\":\"yes\"}]",
        "[{\"name\":\"a\",\"streaming\":0}]",
        "[{\"name\":\"a\",\"tags\":\"t\"}]",
        "[{\"name\":\"a\",\"tags\":[1]}]",
    };
    for (size_t i = 0; i < COUNT(documents); i++) {
        auto_catalog struct catalog *catalog = catalog_in(documents[i]);
        struct catalog_item item;
        expect_false(catalog_at(catalog, 0, &item));
        expect_false(catalog_find(catalog, "a", &item));
    }
}

static void the_last_of_a_name_wins(void)
{
    auto_catalog struct catalog *catalog = catalog_in("[{\"name\":\"a\",\"version\":\"1\"},"
                                                      "{\"name\":\"a\",\"version\":\"2\"}]");
    struct catalog_item item;

    expect_true(catalog_find(catalog, "a", &item));
    expect_str(item.version, "2");
}

static void tags_are_told(void)
{
    auto_catalog struct catalog *catalog =
        catalog_in("[{\"name\":\"a\",\"tags\":[\"x\",\"y\",\"z\"]},{\"name\":\"b\"},7]");
    const char *tags[2] = { NULL };

    expect_int(catalog_item_tags(catalog, 0, tags, 2), 3);
    expect_str(tags[0], "x");
    expect_str(tags[1], "y");
    expect_int(catalog_item_tags(catalog, 0, NULL, 0), 3);
    expect_int(catalog_item_tags(catalog, 1, tags, 2), 0);
    expect_int(catalog_item_tags(catalog, 2, tags, 2), 0);
    expect_true(catalog_item_has_tag(catalog, 0, "z"));
    expect_false(catalog_item_has_tag(catalog, 0, "Z"));
    expect_false(catalog_item_has_tag(catalog, 1, "z"));
    expect_false(catalog_item_has_tag(catalog, 2, "z"));
}

static void one_element_is_written(void)
{
    auto_catalog struct catalog *catalog = catalog_in("[1, {\"name\": \"a\"} ]");
    auto_buf struct buf out = { .max = 100 };

    catalog_write_item(&out, catalog, 1);
    expect_str(buf_text(&out), "{\"name\": \"a\"}");
}

static void a_large_catalog_is_read_in_time(void)
{
    auto_buf struct buf text = { .max = 64 << 20 };
    struct catalog_item item;

    for (int i = 0; i < 100000; i++)
        buf_printf(&text, "%s{\"name\":\"agent.%d\"}", i == 0 ? "[" : ",", i);
    buf_putc(&text, ']');
    auto_catalog struct catalog *catalog = catalog_in(buf_text(&text));
    expect_int(catalog_count(catalog), 100000);
    expect_true(catalog_find(catalog, "agent.0", &item));
}

SUITE(wire_catalog, TEST(recorded_catalogs_are_read_and_written_again), TEST(a_recorded_agent_is_announced_as_it_was),
      TEST(an_entry_goes_to_the_end_and_replaces_its_like), TEST(an_equal_entry_stays_where_it_is),
      TEST(an_entry_is_removed_with_its_duplicates), TEST(what_is_not_understood_is_kept_to_the_byte),
      TEST(what_is_no_array_is_refused), TEST(an_empty_value_is_an_empty_catalog),
      TEST(a_reader_fills_in_what_is_missing), TEST(a_wrong_type_makes_an_entry_unreadable),
      TEST(the_last_of_a_name_wins), TEST(tags_are_told), TEST(one_element_is_written),
      TEST(a_large_catalog_is_read_in_time))
