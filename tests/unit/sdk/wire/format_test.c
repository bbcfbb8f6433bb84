/* SPDX-License-Identifier: Apache-2.0 */
/* The formats: what fits each of them, and what comes near. */
#include "wire/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "suite.h"

enum { CASES_MAX = 24 };

static const struct {
    const char *format;
    const char *fit[CASES_MAX], *differ[CASES_MAX]; /* end with NULL */
} families[] = {
    { "date",
      { "2020-02-29", "2000-02-29", "0000-01-01", "9999-12-31" },
      { "", "2021-02-29", "1900-02-29", "2020-00-10", "2020-01-00", "2020-04-31", "2020-13-01", "2020-1-01", "20200101",
        "2020-01-01 ", "2020-01-01T00:00:00Z", "+2020-01-01" } },
    { "time",
      { "23:20:50.52Z", "08:30:06z", "08:30:06-08:00", "23:59:60Z", "01:29:60+01:30", "15:59:60.123-08:00" },
      { "", "12:00:00", "24:00:00Z", "00:60:00Z", "00:00:61Z", "12:00:00.Z", "12:00:00,5Z", "22:59:60Z",
        "23:59:60+01:00", "01:02:03+24:00", "01:02:03+0100", "01:02:03Z+00:30", "1:02:03Z" } },
    { "date-time",
      { "1963-06-19T08:30:06.283185Z", "1963-06-19t08:30:06z", "1998-12-31T23:59:60Z" },
      { "1963-06-19 08:30:06Z", "1963-06-19T08:30:06", "1963-06-31T08:30:06Z", "1998-12-31T22:59:60Z", "T08:30:06Z" } },
    { "duration",
      { "P4DT12H30M5S", "P1Y2M3D", "P2W", "PT0S", "PT1H2M", "P1M2D" },
      { "", "P", "PT", "P1", "P1YT", "1D", "PT1D", "P1Y2D", "PT1H2S", "P2D1Y", "P1Y2W", "P1.5D", "P-1D" } },
    { "ipv4",
      { "0.0.0.0", "255.255.255.255", "192.168.0.1" },
      { "", "256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "1..2.3", "0x7f.0.0.1", "1.2.3.",
        "1.2.3.1000" } },
    { "ipv6",
      { "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::ffff:192.168.0.1", "1:2:3:4:5:6:1.2.3.4" },
      { "", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "::g",
        "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::1%eth0", "::1.2.3", "1:", ":1", "1:::2" } },
    { "hostname",
      { "localhost", "www.example.com", "3com.com", "a-b.c", "xn--4gbwdl.xn--wgbh1c" },
      { "", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "\u00e9.com", "xn--X", "xn--", "xn---",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl.com" } },
    { "idn-hostname",
      { "www.example.com", "\u00fcber.example", "\uc2e4\ub840.\ud14c\uc2a4\ud2b8", "l\u00b7l", "\u05d0\u05f3\u05d1",
        "\u30fb\u30a1", "\u0915\u094d\u200d\u0937", "\u0628\u064a\u200c\u0628\u064a", "xn--ihqwcrb4cv8a8dqg056pqjye" },
      { "", "\u0300a", "a\u00b7l", "\u05f3\u05d1", "\u30fb", "\u200d\u0937", "\u0660\u06f0", "\u00dcber", "\u00e9-",
        "a\u3002\u2026", "XN--aa---o47jg78q" } },
    { "email",
      { "joe.bloggs@example.com", "te~st@example.com", "\"joe bloggs\"@example.com", "\"a\\\"b\"@example.com",
        "a@[127.0.0.1]", "a@[IPv6:::1]" },
      { "", "a", "@example.com", "a@", ".a@b.c", "a.@b.c", "a..b@b.c", "a b@c.d", "a@b c", "a@[300.0.0.1]",
        "a@[IPv6:1]", "\"a@b.c", "a@-b.c", "\u00e9@b.c", "a@b@c.d",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c" } },
    { "idn-email", { "\uc2e4\ub840@\uc2e4\ub840.\ud14c\uc2a4\ud2b8", "a@b.c" }, { "2962", "\u00e9@" } },
    { "uri",
      { "http://foo.bar/?baz=qux#quux", "mailto:a@b.c", "urn:a:b", "http://[2001:db8::7]:80/c", "http://u:p@h:8080/",
        "http://h:", "x:", "file:///a//b", "http://[v1.a:b]/", "http://a%20b/" },
      { "", "abc", "/abc", "//a/b", "http://a b", "1a:b", "http://[::1", "http://[::g]/", "http://h:8a/", "a:%2",
        "a:%zz", "a:<b>", "a:b#c#d", "\u00e9:a", "http://\u00e9/", "http://a@b@c/", "http://[v1.]/" } },
    { "uri-reference",
      { "", "abc", "/abc", "//a/b", "#c", "?a", "./a:b", "http://a/", "a/b:c" },
      { "\\a", "a b", "#a\\b", "1:b", ":a" } },
    { "iri",
      { "http://\u0192\u00f8\u00f8.\u00df\u00e5r/?\u2202=\u03c0#\u03c0", "a:?\ue000" },
      { "/abc", "\u00e2", "a:\ue000", "a:#\ue000", "a:\ufdd0" } },
    { "iri-reference", { "\u00e2\u03c0", "//\u0192\u00f8/", "#\u0192" }, { "#\u0192\\", "\\\u00e2" } },
    { "uri-template",
      { "", "http://a/{b:1}/{c}", "{?a,b*}", "{+path}/here", "{#x.y}", "caf\u00e9{a%20b}" },
      { "{", "}", "{}", "{a", "a}", "{a:}", "{a:0}", "{a:10000}", "{a b}", "{a,}", "{.}", "a b", "%2", "{a..b}" } },
    { "uuid",
      { "2EB8AA08-aa98-11ea-b4aa-73b441d16380" },
      { "", "2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638",
        "2eb8aa08-aa98-11ea-b4ga-73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d163800" } },
    { "json-pointer", { "", "/", "/a~0b/~1", "//", "/c%d" }, { "a", "#/", "/~", "/~2", "/a~" } },
    { "relative-json-pointer",
      { "0", "1/a", "0#", "120/", "1+1/a", "0-10#" },
      { "", "/a", "-1/a", "+1/a", "01", "0##", "0a", "1+/a", "1+01" } },
    { "regex", { "", "([abc])+\\s+$", "\\p{Letter}" }, { "^(abc]", "\\a", "*", "\\Z" } },
};

static void texts_fit_their_formats(void)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        format_check check = format_find(families[i].format);
        if (!expect_true(check != NULL))
            continue;
        for (const char *const *text = families[i].fit; *text; text++)
            if (!expect_true(check(*text, strlen(*text))))
                printf("    %s: %s\n", families[i].format, *text);
        for (const char *const *text = families[i].differ; *text; text++)
            if (!expect_false(check(*text, strlen(*text))))
                printf("    %s: %s\n", families[i].format, *text);
    }
}

static void unknown_formats_are_told(void)
{
    expect_true(format_find("color") == NULL);
    expect_true(format_find("") == NULL);
    expect_true(format_find("Date") == NULL);
}

/* Texts need not be terminated: what follows them is not read. */
static void nothing_is_read_beyond_the_end(void)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        for (const char *const *text = families[i].fit; *text; text++) {
            for (size_t len = 0; len <= strlen(*text); len++) {
                auto_free char *copy = malloc(len ? len : 1);
                memcpy(copy, *text, len);
                format_find(families[i].format)(copy, len);
            }
        }
    }
}

static void long_texts_take_no_long_time(void)
{
    const size_t len = 1000000;
    auto_free char *text = malloc(len + 1);
    static const char fillers[] = "a1:./-~{@%\"";

    for (const char *filler = fillers; *filler; filler++) {
        memset(text, *filler, len);
        text[len] = '\0';
        for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
            format_find(families[i].format)(text, len);
    }
}

SUITE(wire_format, TEST(texts_fit_their_formats), TEST(unknown_formats_are_told), TEST(nothing_is_read_beyond_the_end),
      TEST(long_texts_take_no_long_time))
