/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_hostile.h"

/* ---- what they are made of ---- */

static void repeat(struct buf *out, const char *text, int count)
{
    for (int i = 0; i < count; i++)
        buf_puts(out, text);
}

static void string_of(struct buf *out, const char *before, const char *part, int count, const char *end)
{
    buf_putc(out, '"');
    buf_puts(out, before);
    repeat(out, part, count);
    buf_puts(out, end);
    buf_putc(out, '"');
}

/* format: of one item, with its number in the place of %d */
static void list_of(struct buf *out, const char *begin, int count, const char *format, const char *end)
{
    buf_puts(out, begin);
    for (int i = 0; i < count; i++) {
        buf_puts(out, i > 0 ? "," : "");
        for (const char *at = format; *at; at++) {
            if (at[0] == '%' && at[1] == 'd') {
                buf_printf(out, "%d", i);
                at++;
            } else {
                buf_putc(out, *at);
            }
        }
    }
    buf_puts(out, end);
}

/* ---- patterns ---- */

static void alternatives(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"pattern\":\"^(a|b)*$\"}");
    string_of(instance, "", "ab", 25000, "");
}

static void alternatives_that_fail(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"pattern\":\"^(a|b)*$\"}");
    string_of(instance, "", "ab", 25000, "c");
}

static void nested_repeats(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"pattern\":\"(a+)+$\"}");
    string_of(instance, "", "a", 50000, "!");
}

static void short_nested_repeats(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"pattern\":\"^(([a-z])+.)+[A-Z]([a-z])+$\"}");
    string_of(instance, "", "a", 60, "");
}

static void search_from_everywhere(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"pattern\":\"[xy]+[xy]*z\"}");
    string_of(instance, "", "x", 1000000, "");
}

static void many_patterns(struct buf *schema, struct buf *instance)
{
    list_of(schema, "{\"patternProperties\":{", 50, "\"(n+)+%d$\":true", "}}");
    list_of(instance, "{", 1000, "\"nnnnnnnnnnnnnnnnnnnnnnnnnnnn!%d\":1", "}");
}

static void back_references(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"pattern\":\"^(.*)(.*)(.*)\\\\1\\\\2\\\\3x$\"}");
    string_of(instance, "c", "ab", 5000, "x");
}

/* ---- size ---- */

static void long_string(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"type\":\"string\",\"minLength\":10,\"maxLength\":2000000,\"pattern\":\"^[a-z ]*$\"}");
    string_of(instance, "", "all work ", 111111, "");
}

static void long_string_as_formats(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"anyOf\":[{\"format\":\"email\"},{\"format\":\"uri\"},{\"format\":\"hostname\"},"
                     "{\"format\":\"date-time\"},{\"format\":\"uri-template\"},{\"format\":\"regex\"}]}");
    string_of(instance, "", "a.", 500000, "");
}

static void long_string_among_many(struct buf *schema, struct buf *instance)
{
    list_of(schema, "{\"enum\":[", 10000, "\"%d\"", "]}");
    string_of(instance, "", "1", 1000000, "");
}

static void long_number(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"multipleOf\":0.0000007,\"minimum\":1e-300000,\"maximum\":1e300000}");
    repeat(instance, "7", 1000000);
}

static void many_levels(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"items\":{\"$ref\":\"#\"},\"type\":\"array\"}");
    repeat(instance, "[", 1000);
    repeat(instance, "]", 1000);
}

static void as_many_levels_as_can_be(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"items\":{\"$ref\":\"#\"},\"type\":\"array\"}");
    repeat(instance, "[", 250);
    repeat(instance, "]", 250);
}

static void unique_numbers(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"uniqueItems\":true}");
    list_of(instance, "[", 100000, "%d", "]");
}

static void unique_strings(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"uniqueItems\":true}");
    list_of(instance, "[", 100000, "\"the same words in front %d\"", "]");
}

static void unique_objects(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"uniqueItems\":true}");
    list_of(instance, "[", 100000, "{\"a\":1,\"b\":[%d]}", "]");
}

static void many_names(struct buf *schema, struct buf *instance)
{
    list_of(schema, "{\"additionalProperties\":false,\"properties\":{", 10000, "\"n%d\":{\"type\":\"integer\"}", "},");
    list_of(schema, "\"required\":[", 10000, "\"n%d\"", "]}");
    list_of(instance, "{", 10000, "\"n%d\":1", "}");
}

static void many_of_an_enum(struct buf *schema, struct buf *instance)
{
    list_of(schema, "{\"items\":{\"enum\":[", 1000, "\"one of many %d\"", "]}}");
    list_of(instance, "[", 10000, "\"one of many 999\"", "]");
}

static void many_names_and_patterns(struct buf *schema, struct buf *instance)
{
    list_of(schema, "{\"patternProperties\":{", 200, "\"^p%d_\":true", "}}");
    list_of(instance, "{", 10000, "\"p%d_name\":1", "}");
}

static void many_wrong_items(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"items\":{\"type\":\"object\",\"required\":[\"a\",\"b\"]}}");
    list_of(instance, "[", 100000, "%d", "]");
}

/* ---- branches ---- */

static void branches(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
    for (int i = 0; i < 40; i++)
        buf_printf(schema, "\"d%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]},", i, i + 1,
                   i + 1);
    buf_puts(schema, "\"d40\":{\"type\":\"string\"}}}");
    buf_puts(instance, "1");
}

static void branches_at_each_level(struct buf *schema, struct buf *instance)
{
    buf_puts(schema,
             "{\"anyOf\":[{\"items\":{\"$ref\":\"#\"},\"minItems\":1},{\"items\":{\"$ref\":\"#\"},\"maxItems\":9}],"
             "\"type\":\"array\"}");
    repeat(instance, "[", 60);
    buf_puts(instance, "1");
    repeat(instance, "]", 60);
}

static void unevaluated_names(struct buf *schema, struct buf *instance)
{
    list_of(schema, "{\"unevaluatedProperties\":false,\"allOf\":[", 100,
            "{\"properties\":{\"n%d\":true},\"unevaluatedProperties\":{\"type\":\"integer\"}}", "]}");
    list_of(instance, "{", 1000, "\"n%d\":1", "}");
}

static void contained_in_each_other(struct buf *schema, struct buf *instance)
{
    buf_puts(schema, "{\"contains\":{\"contains\":{\"contains\":{\"const\":-1}}}}");
    buf_puts(instance, "[");
    for (int i = 0; i < 100; i++) {
        buf_puts(instance, i > 0 ? "," : "");
        list_of(instance, "[", 100, "[%d,1,2,3,4,5,6,7,8,9]", "]");
    }
    buf_puts(instance, "]");
}

const struct hostile hostiles[] = {
    { "^(a|b)*$ on 50 000 characters", alternatives },
    { "the same, and it does not match", alternatives_that_fail },
    { "(a+)+$ on 50 000 characters", nested_repeats },
    { "^(([a-z])+.)+[A-Z]([a-z])+$ on 60 characters", short_nested_repeats },
    { "[xy]+[xy]*z on 1 MB of x", search_from_everywhere },
    { "50 such patterns on 1 000 names", many_patterns },
    { "^(.*)(.*)(.*)\\1\\2\\3x$ on 10 000 characters", back_references },
    { "1 MB string, lengths and pattern", long_string },
    { "1 MB string, six formats", long_string_as_formats },
    { "1 MB string among 10 000 of an enum", long_string_among_many },
    { "1 MB number, multiple and bounds", long_number },
    { "1 000 levels", many_levels },
    { "250 levels", as_many_levels_as_can_be },
    { "100 000 unique numbers", unique_numbers },
    { "100 000 unique strings", unique_strings },
    { "100 000 unique objects", unique_objects },
    { "10 000 names, all listed and required", many_names },
    { "10 000 strings, each among 1 000 of an enum", many_of_an_enum },
    { "10 000 names and 200 patterns", many_names_and_patterns },
    { "100 000 items, all wrong", many_wrong_items },
    { "2^40 branches of a schema", branches },
    { "2^60 branches of schema and value", branches_at_each_level },
    { "100 schemas and 1 000 names unevaluated", unevaluated_names },
    { "100 000 values in contains of contains", contained_in_each_other },
};
const int hostile_count = sizeof(hostiles) / sizeof(hostiles[0]);
