/* SPDX-License-Identifier: Apache-2.0 */
/* ECMA-262 read from left to right, PCRE2 written. */
#include "wire/ecma_regex.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"

#define CALLOUT "(?C)"
#define CALLOUT_BEFORE_REFERENCE "(?C1)"

/* White space and line ends of ECMA-262, and what lies between them: the insides of a class. */
#define SPACE                                                                                                          \
    "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
#define NOT_SPACE                                                                                                      \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"                \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"
#define NOT_LINE_END "[^\\x{a}\\x{d}\\x{2028}\\x{2029}]"

struct reader {
    const char *source;
    struct ecma_regex *regex;
    bool may_repeat; /* it is an atom, which a quantifier may follow */
    bool is_group;   /* it ends with a parenthesis */
    size_t depth;    /* of groups */
    size_t run;      /* characters since the last callout */
};

static bool refuse(struct reader *reader, const char *problem)
{
    reader->regex->problem = problem;
    return false;
}

static const char *rest(const struct reader *reader)
{
    return reader->source + reader->regex->at;
}

static bool accept(struct reader *reader, const char *token)
{
    size_t len = strlen(token);

    if (strncmp(rest(reader), token, len) != 0)
        return false;
    reader->regex->at += len;
    return true;
}

static void put(struct reader *reader, const char *text)
{
    buf_puts(&reader->regex->text, text);
}

static void put_callout(struct reader *reader, const char *callout)
{
    put(reader, callout);
    reader->run = 0;
}

static void count_characters(struct reader *reader, size_t count)
{
    reader->run += count;
    if (reader->run > reader->regex->longest_run)
        reader->regex->longest_run = reader->run;
}

/* ---- characters ---- */

static void put_point(struct reader *reader, uint32_t point)
{
    if (point < 0x80 && (ascii_is_letter((char)point) || ascii_is_digit((char)point)))
        buf_putc(&reader->regex->text, (char)point);
    else
        buf_printf(&reader->regex->text, "\\x{%x}", (unsigned)point);
}

/* A character that stands for itself. */
static bool read_point(struct reader *reader, uint32_t *ret_point)
{
    size_t count = utf8_read(rest(reader), strnlen(rest(reader), 4), ret_point);

    if (count == 0)
        return refuse(reader, "not UTF-8");
    reader->regex->at += count;
    return true;
}

/* ---- escapes ---- */

enum escape { ESCAPE_POINT, ESCAPE_SET, ESCAPE_REFUSED };

static bool read_hex(struct reader *reader, int digits, uint32_t *ret_point)
{
    uint32_t point = 0;

    for (int i = 0; i < digits; i++) {
        int digit = ascii_hex(rest(reader)[i]);
        if (digit < 0)
            return refuse(reader, "hex digits must follow here");
        point = point * 16 + (uint32_t)digit;
    }
    reader->regex->at += (size_t)digits;
    *ret_point = point;
    return true;
}

static bool read_braced_hex(struct reader *reader, uint32_t *ret_point)
{
    uint32_t point = 0;
    const char *at = rest(reader);

    for (; ascii_hex(*at) >= 0 && point <= 0x10ffff; at++)
        point = point * 16 + (uint32_t)ascii_hex(*at);
    if (at == rest(reader) || *at != '}' || point > 0x10ffff)
        return refuse(reader, "a character up to 10ffff and '}' must follow here");
    reader->regex->at = (size_t)(at + 1 - reader->source);
    *ret_point = point;
    return true;
}

/* After \u. Halves of a pair that stand together are one character. */
static bool read_unicode(struct reader *reader, uint32_t *ret_point)
{
    uint32_t low;

    if (accept(reader, "{"))
        return read_braced_hex(reader, ret_point);
    if (!read_hex(reader, 4, ret_point))
        return false;
    size_t before = reader->regex->at;
    if (*ret_point < 0xd800 || *ret_point > 0xdbff || !accept(reader, "\\u"))
        return true;
    if (read_hex(reader, 4, &low) && low >= 0xdc00 && low <= 0xdfff) {
        *ret_point = 0x10000 + ((*ret_point - 0xd800) << 10) + (low - 0xdc00);
        return true;
    }
    reader->regex->problem = NULL;
    reader->regex->at = before;
    return true;
}

/* General categories by the long names that PCRE2 does not know. */
static const struct {
    const char *name, *shorter;
} categories[] = {
    { "Cased_Letter", "L&" },
    { "LC", "L&" },
    { "Close_Punctuation", "Pe" },
    { "Combining_Mark", "M" },
    { "Connector_Punctuation", "Pc" },
    { "Control", "Cc" },
    { "Currency_Symbol", "Sc" },
    { "Dash_Punctuation", "Pd" },
    { "Decimal_Number", "Nd" },
    { "Enclosing_Mark", "Me" },
    { "Final_Punctuation", "Pf" },
    { "Format", "Cf" },
    { "Initial_Punctuation", "Pi" },
    { "Letter", "L" },
    { "Letter_Number", "Nl" },
    { "Line_Separator", "Zl" },
    { "Lowercase_Letter", "Ll" },
    { "Mark", "M" },
    { "Math_Symbol", "Sm" },
    { "Modifier_Letter", "Lm" },
    { "Modifier_Symbol", "Sk" },
    { "Nonspacing_Mark", "Mn" },
    { "Number", "N" },
    { "Open_Punctuation", "Ps" },
    { "Other", "C" },
    { "Other_Letter", "Lo" },
    { "Other_Number", "No" },
    { "Other_Punctuation", "Po" },
    { "Other_Symbol", "So" },
    { "Paragraph_Separator", "Zp" },
    { "Private_Use", "Co" },
    { "Punctuation", "P" },
    { "Separator", "Z" },
    { "Space_Separator", "Zs" },
    { "Spacing_Mark", "Mc" },
    { "Surrogate", "Cs" },
    { "Symbol", "S" },
    { "Titlecase_Letter", "Lt" },
    { "Unassigned", "Cn" },
    { "Uppercase_Letter", "Lu" },
    { "cntrl", "Cc" },
    { "digit", "Nd" },
    { "punct", "P" },
};

static void put_property(struct reader *reader, char sign, const char *name, size_t len)
{
    const char *shorter = NULL;

    for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
        if (strlen(categories[i].name) == len && memcmp(categories[i].name, name, len) == 0)
            shorter = categories[i].shorter;
    if (len == strlen("Assigned") && memcmp(name, "Assigned", len) == 0) {
        shorter = "Cn";
        sign = sign == 'p' ? 'P' : 'p';
    }
    buf_printf(&reader->regex->text, "\\%c{%.*s}", sign, shorter ? (int)strlen(shorter) : (int)len,
               shorter ? shorter : name);
}

/* After \p or \P. */
static enum escape read_property(struct reader *reader, char sign)
{
    static const char *const prefixes[] = { "General_Category=", "gc=" };

    if (!accept(reader, "{")) {
        refuse(reader, "a property in braces must follow, as in \\p{Letter}");
        return ESCAPE_REFUSED;
    }
    for (size_t i = 0; i < 2; i++)
        if (accept(reader, prefixes[i]))
            break;
    const char *name = rest(reader);
    size_t len = 0;
    while (ascii_is_letter(name[len]) || ascii_is_digit(name[len]) || name[len] == '_' || name[len] == '=')
        len++;
    if (len == 0 || name[len] != '}') {
        refuse(reader, "the name of a property and '}' must follow here");
        return ESCAPE_REFUSED;
    }
    reader->regex->at += len + 1;
    put_property(reader, sign, name, len);
    return ESCAPE_SET;
}

static enum escape put_set(struct reader *reader, bool in_class, const char *inside)
{
    buf_printf(&reader->regex->text, in_class ? "%s" : "[%s]", inside);
    return ESCAPE_SET;
}

/* A character by one letter, or -1. */
static int32_t control_of(char c, bool in_class)
{
    static const char letters[] = "tnvfr", controls[] = "\t\n\v\f\r";
    const char *found = c ? strchr(letters, c) : NULL;

    if (found)
        return controls[found - letters];
    return c == 'b' && in_class ? '\b' : -1;
}

/* The character that an escape stands for; the backslash and its letter are read. */
static bool read_escaped_point(struct reader *reader, char c, bool in_class, uint32_t *ret_point)
{
    if (control_of(c, in_class) >= 0) {
        *ret_point = (uint32_t)control_of(c, in_class);
        return true;
    }
    if (c == 'u')
        return read_unicode(reader, ret_point);
    if (c == 'x')
        return read_hex(reader, 2, ret_point);
    *ret_point = (unsigned char)c;
    if (c == 'c' && ascii_is_letter(*rest(reader))) {
        *ret_point = (uint32_t)(*rest(reader) & 31);
        reader->regex->at++;
        return true;
    }
    if (c == '0' && !ascii_is_digit(*rest(reader))) {
        *ret_point = 0;
        return true;
    }
    if (c > ' ' && c < 0x7f && !ascii_is_letter(c) && !ascii_is_digit(c))
        return true;
    reader->regex->at -= c != '\0';
    return refuse(reader, c ? "ECMA-262 has no such escape" : "a backslash ends it");
}

/* A backslash and what follows. A set is written; a character is left to the caller. */
static enum escape read_escape(struct reader *reader, bool in_class, uint32_t *ret_point)
{
    char text[] = { '\\', reader->source[reader->regex->at + 1], '\0' };

    reader->regex->at += text[1] ? 2 : 1;
    switch (text[1]) {
    case 'd':
    case 'D':
    case 'w':
    case 'W':
        put(reader, text);
        return ESCAPE_SET;
    case 's':
        return put_set(reader, in_class, SPACE);
    case 'S':
        return put_set(reader, in_class, NOT_SPACE);
    case 'p':
    case 'P':
        return read_property(reader, text[1]);
    default:
        return read_escaped_point(reader, text[1], in_class, ret_point) ? ESCAPE_POINT : ESCAPE_REFUSED;
    }
}

/* ---- classes ---- */

/* One member of a class; sets are written, characters are not. */
static enum escape read_member(struct reader *reader, uint32_t *ret_point)
{
    if (*rest(reader) == '\\')
        return read_escape(reader, true, ret_point);
    return read_point(reader, ret_point) ? ESCAPE_POINT : ESCAPE_REFUSED;
}

static bool is_set(const char *text)
{
    return text[0] == '\\' && text[1] && strchr("dDwWsSpP", text[1]);
}

/* After the first member of what may be a range. A hyphen next to a set stands for itself. */
static bool read_range(struct reader *reader, enum escape kind, uint32_t low)
{
    uint32_t high = 0;

    if (*rest(reader) != '-' || rest(reader)[1] == ']' || rest(reader)[1] == '\0')
        return true;
    reader->regex->at++;
    bool is_range = kind == ESCAPE_POINT && !is_set(rest(reader));
    put(reader, is_range ? "-" : "\\-");
    kind = read_member(reader, &high);
    if (kind == ESCAPE_POINT)
        put_point(reader, high);
    if (is_range && kind == ESCAPE_POINT && high < low)
        return refuse(reader, "a range ends before it begins");
    return kind != ESCAPE_REFUSED;
}

static bool read_class(struct reader *reader)
{
    bool is_negated = accept(reader, "[^");

    if (!is_negated)
        accept(reader, "[");
    put(reader, is_negated ? "[^" : "[");
    while (!accept(reader, "]")) {
        uint32_t point = 0;
        if (*rest(reader) == '\0')
            return refuse(reader, "a class does not end: ']' is missing");
        enum escape kind = read_member(reader, &point);
        if (kind == ESCAPE_POINT)
            put_point(reader, point);
        if (kind == ESCAPE_REFUSED || !read_range(reader, kind, point))
            return false;
    }
    put(reader, "]");
    return true;
}

/* ---- groups, quantifiers, atoms ---- */

static bool read_name(struct reader *reader, const char *before)
{
    const char *name = rest(reader);
    size_t len = strcspn(name, ">");

    if (len == 0 || name[len] != '>')
        return refuse(reader, "a name and '>' must follow here");
    buf_printf(&reader->regex->text, "%s%.*s>", before, (int)len, name);
    reader->regex->at += len + 1;
    return true;
}

static bool read_opener(struct reader *reader)
{
    static const char *const openers[] = { "(?:", "(?=", "(?!", "(?<=", "(?<!" };

    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        if (accept(reader, openers[i])) {
            put(reader, openers[i]);
            return true;
        }
    }
    if (accept(reader, "(?<"))
        return read_name(reader, "(?<");
    if (strncmp(rest(reader), "(?", 2) == 0)
        return refuse(reader, "ECMA-262 has no group that begins like this");
    accept(reader, "(");
    put(reader, "(");
    return true;
}

static bool read_group(struct reader *reader)
{
    reader->depth++;
    if (!read_opener(reader))
        return false;
    put_callout(reader, CALLOUT);
    return true;
}

/* "{2,5}" at text: its length, or 0 if the brace stands for itself. */
static size_t braces_len(const char *text, bool *ret_varies)
{
    size_t low = 1 + strspn(text + 1, "0123456789"), len = low;

    if (low == 1)
        return 0;
    *ret_varies = text[len] == ',';
    if (*ret_varies)
        len += 1 + strspn(text + len + 1, "0123456789");
    return text[len] == '}' ? len + 1 : 0;
}

/* ret_varies: it may match more or fewer times. */
static size_t quantifier_len(const char *text, bool *ret_varies)
{
    *ret_varies = *text && strchr("*+?", *text);
    if (*ret_varies)
        return 1;
    return *text == '{' ? braces_len(text, ret_varies) : 0;
}

static bool read_quantifier(struct reader *reader, size_t len, bool varies)
{
    if (!reader->may_repeat)
        return refuse(reader, "there is nothing to repeat");
    if (*rest(reader) == '{')
        count_characters(reader, strtoul(rest(reader) + 1, NULL, 10));
    buf_append(&reader->regex->text, rest(reader), len);
    reader->regex->at += len;
    if (accept(reader, "?"))
        put(reader, "?");
    /* A group has one inside. */
    if (varies && !reader->is_group)
        put_callout(reader, CALLOUT);
    reader->may_repeat = false;
    return true;
}

static bool read_reference(struct reader *reader)
{
    size_t len = strspn(rest(reader) + 1, "0123456789");

    put_callout(reader, CALLOUT_BEFORE_REFERENCE);
    buf_printf(&reader->regex->text, "\\g{%.*s}", (int)len, rest(reader) + 1);
    reader->regex->at += 1 + len;
    reader->regex->has_references = true;
    return true;
}

static bool read_backslash(struct reader *reader)
{
    char c = rest(reader)[1];
    uint32_t point;

    if (c == 'b' || c == 'B') {
        put(reader, c == 'b' ? "\\b" : "\\B");
        reader->regex->at += 2;
        reader->may_repeat = false;
        return true;
    }
    if (c >= '1' && c <= '9')
        return read_reference(reader);
    if (accept(reader, "\\k<")) {
        put_callout(reader, CALLOUT_BEFORE_REFERENCE);
        return read_name(reader, "\\k<");
    }
    enum escape kind = read_escape(reader, false, &point);
    if (kind == ESCAPE_POINT)
        put_point(reader, point);
    return kind != ESCAPE_REFUSED;
}

static bool read_literal(struct reader *reader)
{
    uint32_t point;

    if (!read_point(reader, &point))
        return false;
    put_point(reader, point);
    return true;
}

/* What is nothing for a search: anything at all, before what is looked for. */
static void skip_anything(struct reader *reader)
{
    if (reader->depth == 0 && accept(reader, ".*"))
        accept(reader, "?");
}

static bool read_mark(struct reader *reader, const char *mark)
{
    accept(reader, mark);
    put(reader, mark);
    reader->may_repeat = *mark == ')';
    reader->is_group = *mark == ')';
    if (*mark == ')')
        reader->depth -= reader->depth > 0;
    else if (*mark == '|')
        skip_anything(reader);
    return true;
}

static bool read_term(struct reader *reader)
{
    bool varies;
    size_t quantifier = quantifier_len(rest(reader), &varies);
    char mark[] = { *rest(reader), '\0' };

    if (quantifier > 0)
        return read_quantifier(reader, quantifier, varies);
    if (strchr("^$|)", *mark))
        return read_mark(reader, mark);
    reader->may_repeat = *mark != '(';
    reader->is_group = false;
    count_characters(reader, 1);
    switch (*mark) {
    case '(':
        return read_group(reader);
    case '[':
        return read_class(reader);
    case '\\':
        return read_backslash(reader);
    case '.':
        put(reader, NOT_LINE_END);
        reader->regex->at++;
        return true;
    default:
        return read_literal(reader);
    }
}

void ecma_regex_translate(const char *source, size_t limit, struct ecma_regex *ret_regex)
{
    struct reader reader = { .source = source, .regex = ret_regex };

    *ret_regex = (struct ecma_regex){ 0 };
    buf_init(&ret_regex->text, (size_t)64 << 20);
    put_callout(&reader, CALLOUT);
    skip_anything(&reader);
    while (*rest(&reader) && ret_regex->text.len <= limit && read_term(&reader))
        ;
}
