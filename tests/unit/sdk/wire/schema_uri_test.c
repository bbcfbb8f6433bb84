/* SPDX-License-Identifier: Apache-2.0 */
/* References become URIs: the examples of RFC 3986, 5.4, and what schemas add. */
#include "wire/schema_uri.h"

#include <stdio.h>

#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void references_resolve_beside_their_base(void)
{
    static const struct {
        const char *base, *reference, *uri;
    } cases[] = {
        { "http://a/b/c/d;p?q", "g:h", "g:h" },
        { "http://a/b/c/d;p?q", "g", "http://a/b/c/g" },
        { "http://a/b/c/d;p?q", "./g", "http://a/b/c/g" },
        { "http://a/b/c/d;p?q", "g/", "http://a/b/c/g/" },
        { "http://a/b/c/d;p?q", "/g", "http://a/g" },
        { "http://a/b/c/d;p?q", "//g", "http://g" },
        { "http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y" },
        { "http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y" },
        { "http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q" },
        { "http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q" },
        { "http://a/b/c/d;p?q", ".", "http://a/b/c/" },
        { "http://a/b/c/d;p?q", "./", "http://a/b/c/" },
        { "http://a/b/c/d;p?q", "..", "http://a/b/" },
        { "http://a/b/c/d;p?q", "../g", "http://a/b/g" },
        { "http://a/b/c/d;p?q", "../..", "http://a/" },
        { "http://a/b/c/d;p?q", "../../../g", "http://a/g" },
        { "http://a/b/c/d;p?q", "/./g", "http://a/g" },
        { "http://a/b/c/d;p?q", "/../g", "http://a/g" },
        { "http://a/b/c/d;p?q", "g.", "http://a/b/c/g." },
        { "http://a/b/c/d;p?q", "..g", "http://a/b/c/..g" },
        { "http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/" },
        { "http://a/b/c/d;p?q", "g/../h", "http://a/b/c/h" },
        { "http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x" },
        { "http://a/b/c/d;p?q", "g#s/../x", "http://a/b/c/g" },
        { "http://a", "g", "http://a/g" },
        { "", "item.json", "item.json" },
        { "", "#/$defs/a", "" },
        { "urn:example:a", "#b", "urn:example:a" },
        { "urn:example:a", "urn:example:b", "urn:example:b" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_buf struct buf uri = { .max = 4096 };
        uri_resolve(&uri, cases[i].base, cases[i].reference);
        if (!expect_str(buf_text(&uri), cases[i].uri))
            printf("'%s' beside '%s'\n", cases[i].reference, cases[i].base);
    }
}

static void escapes_are_undone(void)
{
    auto_buf struct buf text = { .max = 4096 };

    expect_true(uri_decode(&text, "a%20b%C3%a4"));
    expect_str(buf_text(&text), "a b\xc3\xa4");
    expect_false(uri_decode(&text, "%"));
    expect_false(uri_decode(&text, "%4"));
    expect_false(uri_decode(&text, "%g0"));
    expect_false(uri_decode(&text, "%00"));
}

SUITE(wire_schema_uri, TEST(references_resolve_beside_their_base), TEST(escapes_are_undone))
