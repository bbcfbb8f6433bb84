/* SPDX-License-Identifier: Apache-2.0 */
/* How text becomes sections, keys and values; above all where inih alone would lose something. */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "suite.h"

enum { TRANSCRIPT_MAX = 1024 * 1024 };

static void note_section(void *data, size_t line, const char *heading)
{
    buf_printf(data, "%zu [%s]\n", line, heading ? heading : "?");
}

static void note_entry(void *data, size_t line, const char *key, const char *value)
{
    buf_printf(data, "%zu %s=<%s>\n", line, key, value);
}

static void note_mistake(void *data, size_t line, const char *text)
{
    buf_printf(data, "%zu! %s\n", line, text);
}

/* What the reader makes of a text, a line for each part. */
static void read_into(struct buf *transcript, mesh_bytes text)
{
    const struct reader_sink sink = { transcript, note_section, note_entry, note_mistake };

    buf_init(transcript, TRANSCRIPT_MAX);
    expect_int(reader_run(text, &sink, NULL), MESH_OK);
}

static void expect_read(mesh_bytes text, const char *expected)
{
    struct buf transcript;

    read_into(&transcript, text);
    expect_str(buf_text(&transcript), expected);
    buf_clear(&transcript);
}

static void expect_read_text(const char *text, const char *expected)
{
    expect_read(mesh_text(text), expected);
}

static void sections_keys_and_values_come_with_their_lines(void)
{
    expect_read_text("[host]\nqueue = 3\n\n; comment\n# comment\nsettle=1s\n[ plugin  echo ]\nenabled : no\n",
                     "1 [host]\n2 queue=<3>\n6 settle=<1s>\n7 [plugin  echo]\n8 enabled=<no>\n");
}

static void nothing_is_read_from_nothing(void)
{
    expect_read_text("", "");
    expect_read_text("\n\n", "");
    expect_read_text("; only this", "");
}

static void the_last_line_needs_no_newline(void)
{
    expect_read_text("a = 1\nb = 2", "1 a=<1>\n2 b=<2>\n");
    expect_read_text("[host]", "1 [host]\n");
}

static void lines_may_end_as_on_windows(void)
{
    expect_read_text("\xef\xbb\xbf[host]\r\na = 1\r\n\r\n  2\r\n", "1 [host]\n2 a=<1\n\n2>\n");
}

static void empty_sections_are_seen(void)
{
    expect_read_text("[one]\n[two]\n[]\n", "1 [one]\n2 [two]\n3 []\n");
}

static void blanks_around_keys_and_values_are_left_out(void)
{
    expect_read_text("key\t =\t  a  b \t\n", "1 key=<a  b>\n");
    expect_read_text("two words = x\n", "1 two words=<x>\n");
    expect_read_text("key =\n", "1 key=<>\n");
}

static void comments_begin_only_a_line(void)
{
    expect_read_text("a = 1 ; 2\nb = ;\nc = # 3\nd = x;y#z\ne ;f = 4\n",
                     "1 a=<1 ; 2>\n2 b=<;>\n3 c=<# 3>\n4 d=<x;y#z>\n5 e ;f=<4>\n");
}

static void indented_lines_go_on_with_a_value(void)
{
    expect_read_text("a = one\n  two\n\tthree = 3\n   ; four\n  [five]\nb = six\n",
                     "1 a=<one\ntwo\nthree = 3\n; four\n[five]>\n6 b=<six>\n");
}

static void a_value_may_begin_in_the_next_line(void)
{
    expect_read_text("a =\n  one\n  two\n", "1 a=<one\ntwo>\n");
}

static void empty_lines_inside_a_value_are_part_of_it(void)
{
    expect_read_text("a = one\n\n   \n  two\n\n\nb = 1\n", "1 a=<one\n\n\ntwo>\n7 b=<1>\n");
}

static void comments_inside_a_value_are_left_out(void)
{
    expect_read_text("a = one\n; no\n  two\n", "1 a=<one\ntwo>\n");
}

static void separators_after_the_first_belong_to_the_value(void)
{
    expect_read_text("url = nats://a:1\nb: c=d\n= = 3\n",
                     "1 url=<nats://a:1>\n2 b=<c=d>\n3! \"= = 3\" has no key; expected key = value\n");
}

static void what_inih_could_take_for_its_own_passes(void)
{
    expect_read_text("a = %41%\nb = 100%\nc = [d]\ne = \"f\"\ng = \\n\nh = %zz\n",
                     "1 a=<%41%>\n2 b=<100%>\n3 c=<[d]>\n4 e=<\"f\">\n5 g=<\\n>\n6 h=<%zz>\n");
    expect_read_text("größe = gr\xc3\xa0\n%41 = x\n", "1 größe=<gr\xc3\xa0>\n2 %41=<x>\n");
}

static void long_names_of_sections_are_whole(void)
{
    struct buf text, expected;

    buf_init(&text, TRANSCRIPT_MAX);
    buf_init(&expected, TRANSCRIPT_MAX);
    for (size_t len = 1; len < 400; len += 7) {
        auto_free char *name = calloc(len + 1, 1);
        memset(name, 'n', len);
        buf_reset(&text);
        buf_reset(&expected);
        buf_printf(&text, "[agent %s]\na = 1\n", name);
        buf_printf(&expected, "1 [agent %s]\n2 a=<1>\n", name);
        expect_read(buf_bytes(&text), buf_text(&expected));
    }
    buf_clear(&text);
    buf_clear(&expected);
}

/* Values of every length around what inih takes in one line, of bytes that it is fed as they are and of others. */
static void long_values_are_whole(void)
{
    static const char *const patterns[] = { "x", " x", "; ", "%x", "= [", "ä" };
    struct buf text, value, expected;

    buf_init(&text, TRANSCRIPT_MAX);
    buf_init(&value, TRANSCRIPT_MAX);
    buf_init(&expected, TRANSCRIPT_MAX);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        buf_reset(&value);
        for (size_t repeats = 0; repeats < 300; repeats++) {
            buf_puts(&value, patterns[i]);
            buf_reset(&text);
            buf_reset(&expected);
            buf_printf(&text, "key = a%sz\nnext = 1\n", buf_text(&value));
            buf_printf(&expected, "1 key=<a%sz>\n2 next=<1>\n", buf_text(&value));
            expect_read(buf_bytes(&text), buf_text(&expected));
        }
    }
    buf_clear(&text);
    buf_clear(&value);
    buf_clear(&expected);
}

static void blanks_of_any_number_are_left_out(void)
{
    struct buf text;

    buf_init(&text, TRANSCRIPT_MAX);
    buf_printf(&text, "key%500s=%500svalue%500s\n%500smore%500s\n", "", "", "", "", "");
    expect_read(buf_bytes(&text), "1 key=<value\nmore>\n");
    buf_clear(&text);
}

static void lines_of_64_kib_are_read_and_longer_ones_refused(void)
{
    struct buf text, transcript;
    auto_free char *value = calloc(READER_LINE_MAX + 1, 1);

    buf_init(&text, TRANSCRIPT_MAX);
    memset(value, 'v', READER_LINE_MAX - 2);
    buf_printf(&text, "k=%s\nn=1\n", value);
    read_into(&transcript, buf_bytes(&text));
    expect_int(transcript.len, strlen("1 k=<>\n2 n=<1>\n") + READER_LINE_MAX - 2);
    buf_clear(&transcript);

    buf_reset(&text);
    buf_printf(&text, "k=%sv\n  more\nn=1\n", value);
    expect_read(buf_bytes(&text),
                "1! a line of 65537 bytes; allowed are 65536, and a value may go on in indented lines\n"
                "3 n=<1>\n");
    buf_clear(&text);
}

static void keys_of_64_bytes_are_read_and_longer_ones_refused(void)
{
    static const char key[] = ";;ä%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%k";
    struct buf text, expected;

    buf_init(&text, TRANSCRIPT_MAX);
    buf_init(&expected, TRANSCRIPT_MAX);
    expect_int(sizeof(key) - 1, READER_KEY_MAX);
    buf_printf(&text, "x%s = v\n", key + 1);
    buf_printf(&expected, "1 x%s=<v>\n", key + 1);
    expect_read(buf_bytes(&text), buf_text(&expected));
    buf_reset(&text);
    buf_printf(&text, "x%s = v\n  more\nn = 1\n", key);
    expect_read(buf_bytes(&text), "1! a key of 65 bytes; allowed are 64\n3 n=<1>\n");
    buf_clear(&text);
    buf_clear(&expected);
}

static void bytes_that_are_no_text_are_refused_with_their_column(void)
{
    expect_read(mesh_bytes_of("a = 1\nb = \0\nc = 3\n", 18),
                "1 a=<1>\n2! control character U+0000 in column 5; this is a file of text\n3 c=<3>\n");
    expect_read_text("a = caf\xe9\n", "1! byte 0xe9 in column 8 is not UTF-8\n");
    expect_read_text("a = \xc0\x80\n", "1! byte 0xc0 in column 5 is not UTF-8\n");
    expect_read_text("a = \xed\xa0\x80\n", "1! byte 0xed in column 5 is not UTF-8\n");
    expect_read_text("a = \x1b[2J\n", "1! control character U+001B in column 5; this is a file of text\n");
    expect_read_text("a = \xc2\x9b\n", "1! control character U+009B in column 5; this is a file of text\n");
    expect_read_text("a = 1\rb = 2\n", "1! control character U+000D in column 6; this is a file of text\n");
    expect_read_text("; caf\xe9\n", "1! byte 0xe9 in column 6 is not UTF-8\n");
}

static void what_goes_on_after_a_mistake_is_left_out_with_it(void)
{
    expect_read_text("a = 1\nwords\n  2\n  3\nb = 4\n",
                     "1 a=<1>\n2! \"words\" is neither [section] nor key = value; a value goes on in indented lines\n"
                     "5 b=<4>\n");
}

static void a_section_that_cannot_be_read_ends_the_one_before(void)
{
    expect_read_text("[a]\n[b\nk = 1\n",
                     "1 [a]\n2! \"[b\" has no \"]\"; expected [section] or [section NAME]\n2 [?]\n3 k=<1>\n");
}

static void an_indented_line_needs_a_value_above(void)
{
    expect_read_text(" a = 1\n[s]\n b = 2\n",
                     "1! \"a = 1\" is indented and goes on with no value; a key begins its line\n2 [s]\n"
                     "3! \"b = 2\" is indented and goes on with no value; a key begins its line\n");
}

SUITE(host_reader, TEST(sections_keys_and_values_come_with_their_lines), TEST(nothing_is_read_from_nothing),
      TEST(the_last_line_needs_no_newline), TEST(lines_may_end_as_on_windows), TEST(empty_sections_are_seen),
      TEST(blanks_around_keys_and_values_are_left_out), TEST(comments_begin_only_a_line),
      TEST(indented_lines_go_on_with_a_value), TEST(a_value_may_begin_in_the_next_line),
      TEST(empty_lines_inside_a_value_are_part_of_it), TEST(comments_inside_a_value_are_left_out),
      TEST(separators_after_the_first_belong_to_the_value), TEST(what_inih_could_take_for_its_own_passes),
      TEST(long_names_of_sections_are_whole), TEST(long_values_are_whole), TEST(blanks_of_any_number_are_left_out),
      TEST(lines_of_64_kib_are_read_and_longer_ones_refused), TEST(keys_of_64_bytes_are_read_and_longer_ones_refused),
      TEST(bytes_that_are_no_text_are_refused_with_their_column),
      TEST(what_goes_on_after_a_mistake_is_left_out_with_it), TEST(a_section_that_cannot_be_read_ends_the_one_before),
      TEST(an_indented_line_needs_a_value_above))
