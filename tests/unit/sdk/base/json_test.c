/* SPDX-License-Identifier: Apache-2.0 */
/* The strict reader, and the printers. */
#include "base/json.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static cJSON *tree_of(const char *text)
{
    cJSON *tree = NULL;

    expect_int(json_parse(mesh_text(text), &tree, NULL), MESH_OK);
    return tree;
}

/* Read, and printed compactly. */
static char *printed(const char *text)
{
    auto_json cJSON *tree = tree_of(text);
    struct buf out = { .max = 1 << 20 };

    json_print(&out, tree);
    return buf_take(&out);
}

static void what_is_read_is_printed_compactly(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { " { \"b\" : [ 1 , true ] , \"a\" : { } } ", "{\"b\":[1,true],\"a\":{}}" },
        { "\t\r\n null \n", "null" },
        { "[]", "[]" },
        { "[[],{},\"\"]", "[[],{},\"\"]" },
        { "\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\\\\\"\\u001f\\u007f\"",
          "\"é😀/\\b\\f\\n\\r\\t\\\\\\\"\\u001f\x7f\"" },
        { "\"é\u2028😀\"", "\"é\u2028😀\"" },
        { "{\"\":0,\"a\":false}", "{\"\":0,\"a\":false}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *text = printed(cases[i].text);
        expect_str(text, cases[i].expected);
        expect_int(json_check(mesh_text(cases[i].text), NULL), MESH_OK);
    }
}

static void numbers_pass_through_as_they_came(void)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        { "0", 0 },
        { "-0", -0.0 },
        { "1.0", 1 },
        { "1.10", 1.1 },
        { "1E5", 1e5 },
        { "-12.5e-3", -0.0125 },
        { "123456789012345678901234567890", 123456789012345678901234567890.0 },
        { "9007199254740993", 9007199254740992.0 },
        { "1e400", HUGE_VAL },
        { "1e-400", 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *tree = tree_of(cases[i].text);
        auto_free char *text = printed(cases[i].text);
        expect_str(text, cases[i].text);
        expect_true(tree->valuedouble == cases[i].value);
        expect_true(!signbit(tree->valuedouble) == !signbit(cases[i].value));
        expect_int(json_check(mesh_text(cases[i].text), NULL), MESH_OK);
    }
}

static void whole_numbers_are_limited_to_an_int(void)
{
    auto_json cJSON *tree = tree_of("[7,-3000000000,3000000000]");

    expect_int(cJSON_GetArrayItem(tree, 0)->valueint, 7);
    expect_int(cJSON_GetArrayItem(tree, 1)->valueint, INT_MIN);
    expect_int(cJSON_GetArrayItem(tree, 2)->valueint, INT_MAX);
}

static void refused(const char *text, const char *reason)
{
    mesh_error err = MESH_ERROR_INIT;
    cJSON *tree = NULL;

    expect_int(json_parse(mesh_text(text), &tree, &err), MESH_E_INVALID_JSON);
    expect_str(mesh_error_text(&err), reason);
    expect_true(tree == NULL);
    expect_int(json_check(mesh_text(text), &err), MESH_E_INVALID_JSON);
    expect_str(mesh_error_text(&err), reason);
    expect_int(json_check(mesh_text(text), NULL), MESH_E_INVALID_JSON);
    mesh_error_clear(&err);
}

static void what_is_not_json_is_refused_with_its_place(void)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        { "", "invalid JSON: the text is empty" },
        { " \n", "invalid JSON: the text is empty" },
        { "{", "invalid JSON at byte 1: the text ends too early" },
        { "[1", "invalid JSON at byte 2: the text ends too early" },
        { "[1,", "invalid JSON at byte 3: the text ends too early" },
        { "[1,]", "invalid JSON at byte 3: a value was expected" },
        { "[,1]", "invalid JSON at byte 1: a value was expected" },
        { "[1 2]", "invalid JSON at byte 3: ',' or ']' was expected" },
        { "{\"a\":1,}", "invalid JSON at byte 7: a name in quotes was expected" },
        { "{a:1}", "invalid JSON at byte 1: a name in quotes was expected" },
        { "{\"a\" 1}", "invalid JSON at byte 5: ':' was expected" },
        { "{\"a\":1 \"b\":2}", "invalid JSON at byte 7: ',' or '}' was expected" },
        { "[}", "invalid JSON at byte 1: a value was expected" },
        { "1 2", "invalid JSON at byte 2: something follows the value" },
        { "{}x", "invalid JSON at byte 2: something follows the value" },
        { "nul", "invalid JSON at byte 0: a value was expected" },
        { "True", "invalid JSON at byte 0: a value was expected" },
        { "NaN", "invalid JSON at byte 0: a value was expected" },
        { "-Infinity", "invalid JSON at byte 1: a digit was expected" },
        { "'a'", "invalid JSON at byte 0: a value was expected" },
        { "\xef\xbb\xbf{}", "invalid JSON at byte 0: a value was expected" },
        { "01", "invalid JSON at byte 1: something follows the value" },
        { "-", "invalid JSON at byte 1: the text ends too early" },
        { "+1", "invalid JSON at byte 0: a value was expected" },
        { ".5", "invalid JSON at byte 0: a value was expected" },
        { "5.x", "invalid JSON at byte 2: a digit was expected" },
        { "1e+", "invalid JSON at byte 3: the text ends too early" },
        { "0x1", "invalid JSON at byte 1: something follows the value" },
        { "\"abc", "invalid JSON at byte 4: the text ends too early" },
        { "\"a\nb\"", "invalid JSON at byte 2: a control character must be escaped" },
        { "\"a\\", "invalid JSON at byte 3: the text ends too early" },
        { "\"\\x\"", "invalid JSON at byte 2: no escape begins like this" },
        { "\"\\u12G4\"", "invalid JSON at byte 1: four hex digits must follow \\u" },
        { "\"\\u12", "invalid JSON at byte 1: four hex digits must follow \\u" },
        { "\"\\u0000\"", "invalid JSON at byte 1: an escaped NUL cannot be kept in a string" },
        { "\"\\ud83d\"", "invalid JSON at byte 1: half of a surrogate pair" },
        { "\"\\ud83d\\u0041\"", "invalid JSON at byte 1: half of a surrogate pair" },
        { "\"\\ude00\"", "invalid JSON at byte 1: half of a surrogate pair" },
        { "// comment\n1", "invalid JSON at byte 0: a value was expected" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i].text, cases[i].reason);
}

static void what_is_not_utf8_is_refused(void)
{
    static const char *const cases[] = {
        "\"\x80\"",             /* a tail without a lead */
        "\"\xc3\"",             /* a lead without its tail */
        "\"\xc0\xaf\"",         /* overlong */
        "\"\xe0\x80\xaf\"",     /* overlong */
        "\"\xf0\x80\x80\xaf\"", /* overlong */
        "\"\xed\xa0\x80\"",     /* a surrogate */
        "\"\xf4\x90\x80\x80\"", /* above U+10FFFF */
        "\"\xf8\x88\x80\x80\x80\"",
        "\"\xff\"",
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i], "invalid JSON at byte 1: not UTF-8");
}

static void a_nul_byte_is_no_white_space(void)
{
    cJSON *tree = NULL;

    expect_int(json_parse(mesh_bytes_of("1\0", 2), &tree, NULL), MESH_E_INVALID_JSON);
    expect_int(json_check(mesh_bytes_of("\"a\0b\"", 5), NULL), MESH_E_INVALID_JSON);
    expect_int(json_check(mesh_bytes_of(NULL, 0), NULL), MESH_E_INVALID_JSON);
}

static void a_text_need_not_be_terminated(void)
{
    const char text[] = "[12,3]45";
    cJSON *tree = NULL;

    expect_int(json_parse(mesh_bytes_of(text, 6), &tree, NULL), MESH_OK);
    expect_int(cJSON_GetArraySize(tree), 2);
    cJSON_Delete(tree);
    expect_int(json_check(mesh_bytes_of(text + 6, 2), NULL), MESH_OK);
}

static void nest(struct buf *out, size_t levels)
{
    buf_init(out, 1 << 20);
    for (size_t i = 0; i < levels; i++)
        buf_puts(out, i % 2 ? "{\"a\":" : "[");
    buf_puts(out, "1");
    for (size_t i = levels; i > 0; i--)
        buf_puts(out, (i - 1) % 2 ? "}" : "]");
}

static void levels_are_limited(void)
{
    static const struct {
        size_t levels;
        mesh_status whole, part;
    } cases[] = {
        { JSON_PART_DEPTH, MESH_OK, MESH_OK },
        { JSON_PART_DEPTH + 1, MESH_OK, MESH_E_INVALID_JSON },
        { JSON_MAX_DEPTH, MESH_OK, MESH_E_INVALID_JSON },
        { JSON_MAX_DEPTH + 1, MESH_E_INVALID_JSON, MESH_E_INVALID_JSON },
        { 100000, MESH_E_INVALID_JSON, MESH_E_INVALID_JSON },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *tree = NULL, *part = NULL;
        auto_buf struct buf text;
        nest(&text, cases[i].levels);
        expect_int(json_parse(buf_bytes(&text), &tree, NULL), cases[i].whole);
        expect_int(json_check(buf_bytes(&text), NULL), cases[i].whole);
        expect_int(json_parse_part(buf_bytes(&text), &part, NULL), cases[i].part);
    }
}

static void a_name_stands_once_in_an_object(void)
{
    mesh_error err = MESH_ERROR_INIT;
    cJSON *tree = NULL;

    expect_int(json_parse(mesh_text(" {\"a\":1,\"b\":{\"a\":1},\"\\u0061\":2}"), &tree, &err), MESH_E_INVALID_JSON);
    expect_str(mesh_error_text(&err), "invalid JSON at byte 1: the object that begins here has the name 'a' twice");
    expect_int(json_parse(mesh_text("{\"a\":1,\"A\":1,\"a \":1,\"\":1}"), &tree, &err), MESH_OK);
    cJSON_Delete(tree);
    mesh_error_clear(&err);
}

/* An object of count members with one name, in front of which stands a long text that all have in common. */
static void make_large(struct buf *text, int count, bool twice)
{
    buf_init(text, 64 << 20);
    buf_putc(text, '{');
    for (int i = 0; i < count; i++)
        buf_printf(text, "\"all of them begin like this %d\":%d,", i, i);
    buf_printf(text, "\"all of them begin like this %d\":0}", twice ? count / 2 : count);
}

static void large_objects_are_read_in_time(void)
{
    static const struct {
        int count;
        bool twice;
    } cases[] = { { 7, true }, { 8, true }, { 9, true }, { 9, false }, { 200000, false }, { 200000, true } };

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *tree = NULL;
        auto_buf struct buf text;
        make_large(&text, cases[i].count, cases[i].twice);
        expect_int(json_parse(buf_bytes(&text), &tree, NULL), cases[i].twice ? MESH_E_INVALID_JSON : MESH_OK);
    }
}

static void every_place_of_a_long_string_is_looked_at(void)
{
    char text[] = "\"0123456789abcdefghijklmnopqrstuvwxyz\"";

    for (size_t i = 1; i < sizeof(text) - 2; i++) {
        char kept = text[i];
        expect_int(json_check(mesh_text(text), NULL), MESH_OK);
        text[i] = '\n';
        expect_int(json_check(mesh_text(text), NULL), MESH_E_INVALID_JSON);
        text[i] = '\xff';
        expect_int(json_check(mesh_text(text), NULL), MESH_E_INVALID_JSON);
        text[i] = '"';
        expect_int(json_check(mesh_text(text), NULL), MESH_E_INVALID_JSON);
        text[i] = kept;
    }
}

static void a_value_can_be_skipped_whatever_its_strings_hold(void)
{
    static const struct {
        const char *text;
        size_t at, end;
    } cases[] = {
        { "[1, {\"a\": \"\\u0000\\ud83d\", \"a\": 2} ,3]", 4, 33 },
        { "12,", 0, 2 },
        { "  \"x\"  ", 0, 5 },
        { "[1,]", 0, 0 },
        { "", 0, 0 },
        { "\"\\uzzzz\"", 0, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_int(json_skip(mesh_text(cases[i].text), cases[i].at), cases[i].end);
    expect_int(json_skip_space(mesh_text("a \t\r\n b"), 1), 6);
    expect_int(json_skip_space(mesh_text("  "), 1), 2);
}

static void it_prints_as_python_does(void)
{
    auto_free char *value = golden("print/value.json");
    auto_free char *pretty = golden("print/pretty.json");
    auto_free char *ascii = golden("print/ascii.json");
    auto_json cJSON *tree = tree_of(value);
    auto_buf struct buf out = { .max = 1 << 16 };

    json_print(&out, tree);
    expect_str(buf_text(&out), value);
    buf_reset(&out);
    json_print_pretty(&out, tree);
    expect_str(buf_text(&out), pretty);
    buf_reset(&out);
    json_print_ascii(&out, tree);
    expect_str(buf_text(&out), ascii);
}

static void quotes_make_json_of_any_bytes(void)
{
    static const struct {
        const char *text;
        size_t len;
        const char *expected;
    } cases[] = {
        { "", 0, "\"\"" },
        { "plain", 5, "\"plain\"" },
        { "\"\\/\b\f\n\r\t\x01", 9, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\"" },
        { "é😀\x7f", 7, "\"é😀\x7f\"" },
        { "a\0b", 3, "\"a\ufffdb\"" },
        { "\xff\xc3", 2, "\"\ufffd\ufffd\"" },
        { "\xed\xa0\x80", 3, "\"\ufffd\ufffd\ufffd\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_buf struct buf out = { .max = 100 };
        json_quote(&out, cases[i].text, cases[i].len);
        expect_str(buf_text(&out), cases[i].expected);
        expect_int(json_check(buf_bytes(&out), NULL), MESH_OK);
    }
}

static void made_numbers_print_as_short_as_they_can(void)
{
    static const struct {
        double number;
        const char *expected;
    } cases[] = {
        { 0, "0" },
        { -0.0, "-0" },
        { 42, "42" },
        { -1e15, "-1000000000000000" },
        { 9007199254740991.0, "9007199254740991" },
        { 0.1, "0.1" },
        { 1.0 / 3, "0.3333333333333333" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 5e-324, "4.94065645841247e-324" },
        { 1e300, "1e+300" },
        { NAN, "null" },
        { -HUGE_VAL, "null" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *number = cJSON_CreateNumber(cases[i].number);
        auto_buf struct buf out = { .max = 100 };
        json_print(&out, number);
        expect_str(buf_text(&out), cases[i].expected);
    }
}

static void made_integers_are_exact(void)
{
    static const struct {
        int64_t number;
        const char *expected;
    } cases[] = {
        { 0, "0" },
        { -7, "-7" },
        { INT64_MAX, "9223372036854775807" },
        { INT64_MIN, "-9223372036854775808" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *number = json_new_int(cases[i].number);
        auto_buf struct buf out = { .max = 100 };
        json_print(&out, number);
        expect_str(buf_text(&out), cases[i].expected);
    }
}

static void a_comma_in_the_locale_does_not_matter(void)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "pt_BR.UTF-8" };
    bool found = false;

    for (size_t i = 0; i < COUNT(names) && !found; i++)
        found = setlocale(LC_ALL, names[i]) != NULL;
    if (!found) {
        skip("no locale with a decimal comma is installed");
        return;
    }
    auto_json cJSON *tree = tree_of("1.5");
    auto_json cJSON *number = cJSON_CreateNumber(2.5);
    auto_buf struct buf out = { .max = 100 };
    json_print(&out, number);
    setlocale(LC_ALL, "C");
    expect_true(tree->valuedouble == 1.5);
    expect_str(buf_text(&out), "2.5");
}

static void a_tree_that_no_reader_takes_prints_as_a_text_that_none_takes(void)
{
    auto_json cJSON *deep = cJSON_CreateArray();
    auto_json cJSON *raw = cJSON_CreateRaw("{not json");
    auto_buf struct buf out = { .max = 1 << 20 };
    cJSON *at = deep;

    for (int i = 0; i < 2000; i++) {
        cJSON *next = cJSON_CreateArray();
        cJSON_AddItemToArray(at, next);
        at = next;
    }
    json_print(&out, deep);
    expect_false(buf_failed(&out));
    expect_int(json_check(buf_bytes(&out), NULL), MESH_E_INVALID_JSON);
    buf_reset(&out);
    json_print(&out, raw);
    expect_int(json_check(buf_bytes(&out), NULL), MESH_E_INVALID_JSON);
}

static void a_buffer_that_is_full_says_so(void)
{
    auto_json cJSON *tree = tree_of("{\"b\":[1,2,3],\"a\":\"text\"}");
    auto_buf struct buf out = { .max = 10 };

    json_print(&out, tree);
    expect_int(buf_error(&out, NULL), MESH_E_TOO_LARGE);
    buf_reset(&out);
    json_print_pretty(&out, tree);
    expect_int(buf_error(&out, NULL), MESH_E_TOO_LARGE);
}

static void members_are_found_by_name_and_type(void)
{
    auto_json cJSON *tree = tree_of("{\"a\":\"x\",\"A\":\"y\",\"t\":true,\"f\":false,\"n\":null,\"i\":1}");
    auto_json cJSON *list = tree_of("[\"a\"]");

    expect_str(json_string(tree, "a", "-"), "x");
    expect_str(json_string(tree, "A", "-"), "y");
    expect_str(json_string(tree, "i", "-"), "-");
    expect_str(json_string(tree, "missing", NULL), NULL);
    expect_true(json_bool(tree, "t", false));
    expect_false(json_bool(tree, "f", true));
    expect_true(json_bool(tree, "n", true));
    expect_true(cJSON_IsNull(json_get(tree, "n")));
    expect_true(json_get(list, "a") == NULL);
    expect_true(json_get(NULL, "a") == NULL);
}

static void whole_numbers_are_read_exactly(void)
{
    static const struct {
        const char *text;
        int64_t expected;
    } cases[] = {
        { "{\"n\":0}", 0 },
        { "{\"n\":-7}", -7 },
        { "{\"n\":9007199254740993}", 9007199254740993 },
        { "{\"n\":9223372036854775807}", INT64_MAX },
        { "{\"n\":-9223372036854775808}", INT64_MIN },
        { "{\"n\":9223372036854775808}", -1 },
        { "{\"n\":2.0}", 2 },
        { "{\"n\":2e3}", 2000 },
        { "{\"n\":1e300}", -1 },
        { "{\"n\":2.5}", -1 },
        { "{\"n\":\"2\"}", -1 },
        { "{}", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *tree = tree_of(cases[i].text);
        expect_int(json_int(tree, "n", -1), cases[i].expected);
    }
    auto_json cJSON *made = cJSON_CreateObject();
    cJSON_AddNumberToObject(made, "n", 42);
    cJSON_AddNumberToObject(made, "nan", NAN);
    expect_int(json_int(made, "n", -1), 42);
    expect_int(json_int(made, "nan", -1), -1);
}

static void equality_is_that_of_values(void)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        { "{\"a\":1,\"b\":[true,null]}", "{ \"b\": [true, null], \"a\": 1 }", true },
        { "[1,2]", "[2,1]", false },
        { "[1]", "[1,1]", false },
        { "{\"a\":1}", "{\"a\":1,\"b\":1}", false },
        { "{\"a\":1}", "{\"b\":1}", false },
        { "1", "1.0", true },
        { "100", "1e2", true },
        { "100", "1E+2", true },
        { "0.0015", "15e-4", true },
        { "0.10", "1e-1", true },
        { "10.05", "1.005e1", true },
        { "1000", "100", false },
        { "0", "-0.000e7", true },
        { "1", "-1", false },
        { "12", "1.3e1", false },
        { "1.2", "1.23", false },
        { "9007199254740993", "9007199254740992", false },
        { "9007199254740993", "9007199254740993.00", true },
        { "1e99999999999999999999", "1e99999999999999999999", true },
        { "\"\\u00e9\"", "\"é\"", true },
        { "\"a\"", "\"A\"", false },
        { "true", "false", false },
        { "null", "false", false },
        { "1", "\"1\"", false },
        { "[]", "{}", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_json cJSON *a = tree_of(cases[i].a), *b = tree_of(cases[i].b);
        if (!expect_int(json_equal(a, b), cases[i].equal) || !expect_int(json_equal(b, a), cases[i].equal))
            fprintf(stderr, "  %s and %s\n", cases[i].a, cases[i].b);
        expect_true(json_equal(a, a));
    }
}

static void made_numbers_equal_read_ones(void)
{
    auto_json cJSON *half = tree_of("5e-1"), *made = cJSON_CreateNumber(0.5), *infinite = cJSON_CreateNumber(HUGE_VAL);
    auto_json cJSON *huge = tree_of("1e400");

    expect_true(json_equal(half, made));
    expect_true(json_equal(made, half));
    expect_false(json_equal(huge, infinite));
    expect_false(json_equal(half, NULL));
    expect_true(json_equal(NULL, NULL));
}

SUITE(base_json, TEST(what_is_read_is_printed_compactly), TEST(numbers_pass_through_as_they_came),
      TEST(whole_numbers_are_limited_to_an_int), TEST(what_is_not_json_is_refused_with_its_place),
      TEST(what_is_not_utf8_is_refused), TEST(a_nul_byte_is_no_white_space), TEST(a_text_need_not_be_terminated),
      TEST(levels_are_limited), TEST(a_name_stands_once_in_an_object), TEST(large_objects_are_read_in_time),
      TEST(every_place_of_a_long_string_is_looked_at), TEST(a_value_can_be_skipped_whatever_its_strings_hold),
      TEST(it_prints_as_python_does), TEST(quotes_make_json_of_any_bytes),
      TEST(made_numbers_print_as_short_as_they_can), TEST(made_integers_are_exact),
      TEST(a_comma_in_the_locale_does_not_matter), TEST(a_tree_that_no_reader_takes_prints_as_a_text_that_none_takes),
      TEST(a_buffer_that_is_full_says_so), TEST(members_are_found_by_name_and_type),
      TEST(whole_numbers_are_read_exactly), TEST(equality_is_that_of_values), TEST(made_numbers_equal_read_ones))
