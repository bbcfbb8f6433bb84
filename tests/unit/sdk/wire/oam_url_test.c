/* SPDX-License-Identifier: Apache-2.0 */
/* .oam-url files. */
#include "wire/oam_url.h"

#include <stdio.h>

#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void what_a_file_says_is_found(void)
{
    static const struct {
        const char *text, *url, *creds;
    } cases[] = {
        /* bare */
        { "", NULL, NULL },
        { "\n  \n", NULL, NULL },
        { "nats://localhost:4222", "nats://localhost:4222", NULL },
        { "\n  nats://a:b@host:4222?x=1 \r\nsecond line\n", "nats://a:b@host:4222?x=1", NULL },
        { "# said by hand\nnats://host\n", "nats://host", NULL },
        { "# nothing\n", NULL, NULL },
        { "url\n", "url", NULL },
        { "na\x01ts\n", NULL, NULL },
        { "\xff\n", NULL, NULL },
        /* TOML */
        { "url = \"nats://host\"\n", "nats://host", NULL },
        { "url=\"nats://host\"", "nats://host", NULL },
        { "url = 'nats://host'\ncreds = \"my.creds\"\n", "nats://host", "my.creds" },
        { "\n# comment\n  creds = \"a#b\" # comment\r\n", NULL, "a#b" },
        { "\"url\" = \"x\"\n'creds' = 'y'", "x", "y" },
        { "url = \"a\\\"b\\\\c\\t\\u00e9\\U0001F600\"\n", "a\"b\\c\t\u00e9😀", NULL },
        { "creds = 'C:\\path'\n", NULL, "C:\\path" },
        { "url = \"\"\n", "", NULL },
        { "other = 1\nurl = \"x\"\nmore = [1, 2]\nflag = true\n", "x", NULL },
        { "url = 7\ncreds = \"y\"\n", NULL, "y" },
        { "url = 7\n", NULL, NULL },
        { "url = \"x\"\n[section]\nurl = \"z\"\ncreds = \"z\"\n", "x", NULL },
        { "a.url = \"z\"\nurl = \"x\"\n", "x", NULL },
        /* no TOML after all, or none that says something */
        { "url = \"x\nurl = \"y\"\n", "url = \"x", NULL },
        { "url = \"x\"\nnonsense\n", "url = \"x\"", NULL },
        { "url = \"x\" y\n", "url = \"x\" y", NULL },
        { "url = \"\\x41\"\n", "url = \"\\x41\"", NULL },
        { "url = \"\\ud800\"\n", "url = \"\\ud800\"", NULL },
        { "url = \"\\u12\"\n", "url = \"\\u12\"", NULL },
        { "url = \"x\"\nurl = \"y\"\n", "url = \"x\"", NULL },
        { "url =\n", "url =", NULL },
        { "name = \"x\"\n", "name = \"x\"", NULL },
        { "= 1\n", "= 1", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct oam_url value;
        expect_true(oam_url_read(mesh_text(cases[i].text), &value));
        if (!expect_str(value.url, cases[i].url) || !expect_str(value.creds, cases[i].creds))
            fprintf(stderr, "  in: %s\n", cases[i].text);
        oam_url_clear(&value);
    }
}

static void what_is_written_is_read_again(void)
{
    static const struct {
        const char *url, *creds, *text;
    } cases[] = {
        { "nats://host:4222", NULL, "nats://host:4222\n" },
        { "nats://host:4222", "my.creds", "url = \"nats://host:4222\"\ncreds = \"my.creds\"\n" },
        { "x", "C:\\a \"b\"\n\x7f é", "url = \"x\"\ncreds = \"C:\\\\a \\\"b\\\"\\u000A\\u007F é\"\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_buf struct buf out = { .max = 1000 };
        struct oam_url value;
        oam_url_write(&out, cases[i].url, cases[i].creds);
        expect_str(buf_text(&out), cases[i].text);
        expect_true(oam_url_read(buf_bytes(&out), &value));
        expect_str(value.url, cases[i].url);
        expect_str(value.creds, cases[i].creds);
        oam_url_clear(&value);
    }
}

static void a_nul_byte_does_not_cut_a_url(void)
{
    struct oam_url value;

    expect_true(oam_url_read(mesh_bytes_of("nats://\0host", 12), &value));
    expect_str(value.url, NULL);
    expect_true(oam_url_read(mesh_bytes_of("url = \"a\0b\"", 11), &value));
    expect_str(value.url, NULL);
}

SUITE(wire_oam_url, STATEMENT("8", what_a_file_says_is_found), TEST(what_is_written_is_read_again),
      TEST(a_nul_byte_does_not_cut_a_url))
