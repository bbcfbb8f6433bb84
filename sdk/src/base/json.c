/* SPDX-License-Identifier: Apache-2.0 */
/* The strict JSON reader, and the members of what it read. */
#include "base/json.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/cleanup.h"
#include "base/json_internal.h"
#include "base/number.h"
#include "base/utf8.h"

/* ---- reading ---- */

/* One text being read. Functions return false when it must end; then status says why. */
struct reader {
    const char *text;
    size_t len, at;
    unsigned depth, max_depth;
    bool builds;  /* a tree is wanted */
    bool lenient; /* what strings hold is not judged beyond UTF-8 */
    mesh_status status;
    mesh_error *err;
};

static bool fail_at(struct reader *reader, size_t at, const char *what)
{
    reader->status = mesh_error_set(reader->err, MESH_E_INVALID_JSON, "invalid JSON at byte %zu: %s", at, what);
    return false;
}

static bool fail(struct reader *reader, const char *what)
{
    return fail_at(reader, reader->at, reader->at < reader->len ? what : "the text ends too early");
}

static bool fail_no_memory(struct reader *reader)
{
    reader->status = mesh_error_set_text(reader->err, MESH_E_NO_MEMORY, NULL);
    return false;
}

/* The next byte, or -1 at the end. */
static int peek(const struct reader *reader)
{
    return reader->at < reader->len ? (unsigned char)reader->text[reader->at] : -1;
}

static bool accept(struct reader *reader, char byte)
{
    if (peek(reader) != byte)
        return false;
    reader->at++;
    return true;
}

static void skip_space(struct reader *reader)
{
    for (; reader->at < reader->len; reader->at++) {
        char c = reader->text[reader->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
    }
}

/* ---- strings ---- */

static bool byte_is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* The high bit of each of eight bytes that is not plain. The lowest of them is right; those above it may be too many.
 */
static uint64_t find_special(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101U, highs = 0x8080808080808080U;
    uint64_t quotes = word ^ ones * '"', slashes = word ^ ones * '\\';

    return ((quotes - ones) | (slashes - ones) | (word - ones * 0x20) | word) & highs;
}

static void skip_plain(struct reader *reader)
{
    uint64_t word;

    while (reader->len - reader->at >= sizeof(word)) {
        memcpy(&word, reader->text + reader->at, sizeof(word));
        uint64_t special = find_special(le64toh(word));
        if (special) {
            reader->at += (size_t)__builtin_ctzll(special) / 8;
            return;
        }
        reader->at += sizeof(word);
    }
    while (reader->at < reader->len && byte_is_plain((unsigned char)reader->text[reader->at]))
        reader->at++;
}

/* Four hex digits at text, which are there; -1 if they are none. */
static int32_t hex_unit(const char *text)
{
    int32_t unit = 0;

    for (int i = 0; i < 4; i++) {
        int digit = ascii_hex(text[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool unit_is_high(int32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool unit_is_low(int32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* The escape \uXXXX, two of them for a pair; at stands behind the u. */
static bool scan_unicode(struct reader *reader)
{
    size_t start = reader->at - 2;
    const char *text = reader->text + reader->at;
    size_t left = reader->len - reader->at;
    int32_t unit = left >= 4 ? hex_unit(text) : -1;

    if (unit < 0)
        return fail_at(reader, start, "four hex digits must follow \\u");
    reader->at += 4;
    if (reader->lenient)
        return true;
    if (unit == 0)
        return fail_at(reader, start, "an escaped NUL cannot be kept in a string");
    if (unit_is_high(unit) && left >= 10 && text[4] == '\\' && text[5] == 'u' && unit_is_low(hex_unit(text + 6))) {
        reader->at += 6;
        return true;
    }
    if (unit_is_high(unit) || unit_is_low(unit))
        return fail_at(reader, start, "half of a surrogate pair");
    return true;
}

static bool scan_escape(struct reader *reader)
{
    reader->at++;
    int c = peek(reader);
    if (c <= 0 || !strchr("\"\\/bfnrtu", c))
        return fail(reader, "no escape begins like this");
    reader->at++;
    return c != 'u' || scan_unicode(reader);
}

/* From behind the opening quote to behind the closing one. */
static bool scan_string(struct reader *reader, bool *ret_escaped)
{
    for (*ret_escaped = false;;) {
        skip_plain(reader);
        int c = peek(reader);
        if (c == '"') {
            reader->at++;
            return true;
        }
        if (c == '\\') {
            *ret_escaped = true;
            if (!scan_escape(reader))
                return false;
        } else if (c < 0x20) {
            return fail(reader, "a control character must be escaped");
        } else {
            size_t count = utf8_read(reader->text + reader->at, reader->len - reader->at, NULL);
            if (count == 0)
                return fail(reader, "not UTF-8");
            reader->at += count;
        }
    }
}

/* What a checked escape stands for; *text moves behind it. */
static size_t decode_escape(const char **text, char *out)
{
    static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
    char c = (*text)[1];

    *text += 2;
    if (c == 'u') {
        int32_t unit = hex_unit(*text);
        *text += 4;
        if (!unit_is_high(unit))
            return utf8_write(out, (uint32_t)unit);
        int32_t low = hex_unit(*text + 2);
        *text += 6;
        return utf8_write(out, (uint32_t)(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)));
    }
    const char *letter = strchr(letters, c);
    *out = letter ? values[letter - letters] : c;
    return 1;
}

/* A copy of a checked string's inside; NULL: no memory. Freed by cJSON. */
static char *copy_string(const char *text, size_t len, bool escaped)
{
    char *copy = cJSON_malloc(len + 1);
    size_t used = 0;

    if (!copy)
        return NULL;
    if (!escaped) {
        memcpy(copy, text, len);
        used = len;
    } else {
        for (const char *end = text + len; text < end;) {
            if (*text == '\\')
                used += decode_escape(&text, copy + used);
            else
                copy[used++] = *text++;
        }
    }
    copy[used] = '\0';
    return copy;
}

/* A string, its opening quote being next. ret_string: given, freed by cJSON; NULL where no tree is built. */
static bool read_string(struct reader *reader, char **ret_string)
{
    size_t start = ++reader->at;
    bool escaped;

    if (!scan_string(reader, &escaped))
        return false;
    if (!reader->builds)
        return true;
    *ret_string = copy_string(reader->text + start, reader->at - 1 - start, escaped);
    return *ret_string || fail_no_memory(reader);
}

/* ---- numbers ---- */

static void skip_digits(struct reader *reader)
{
    while (reader->at < reader->len && reader->text[reader->at] >= '0' && reader->text[reader->at] <= '9')
        reader->at++;
}

static bool scan_digits(struct reader *reader)
{
    size_t start = reader->at;

    skip_digits(reader);
    return reader->at > start || fail(reader, "a digit was expected");
}

static bool scan_number(struct reader *reader)
{
    accept(reader, '-');
    if (!accept(reader, '0') && !scan_digits(reader))
        return false;
    if (accept(reader, '.') && !scan_digits(reader))
        return false;
    if (accept(reader, 'e') || accept(reader, 'E')) {
        if (!accept(reader, '+'))
            accept(reader, '-');
        return scan_digits(reader);
    }
    return true;
}

static bool read_number(struct reader *reader, cJSON *item)
{
    size_t start = reader->at;

    if (!scan_number(reader))
        return false;
    if (!reader->builds)
        return true;
    item->valuestring = copy_string(reader->text + start, reader->at - start, false);
    if (!item->valuestring)
        return fail_no_memory(reader);
    cJSON_SetNumberHelper(item, number_of(item->valuestring));
    item->type = cJSON_Number;
    return true;
}

/* ---- values ---- */

static int compare_names(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;

    return strcmp((*left)->string, (*right)->string);
}

const cJSON **json_sorted_members(const cJSON *object, size_t *ret_count)
{
    const cJSON *member;
    size_t count = 0;

    cJSON_ArrayForEach(member, object) count++;
    const cJSON **members = malloc((count + 1) * sizeof(*members));
    *ret_count = 0;
    if (!members)
        return NULL;
    cJSON_ArrayForEach(member, object)
    {
        if (member->string)
            members[(*ret_count)++] = member;
    }
    qsort(members, *ret_count, sizeof(*members), compare_names);
    return members;
}

static bool is_short(const cJSON *object)
{
    const cJSON *member = object->child;

    for (int i = 0; member && i < 8; i++)
        member = member->next;
    return !member;
}

/* A name that an object of few members has twice, or NULL. */
static const char *find_twin(const cJSON *object)
{
    for (const cJSON *member = object->child; member; member = member->next)
        for (const cJSON *other = member->next; other; other = other->next)
            if (strcmp(member->string, other->string) == 0)
                return member->string;
    return NULL;
}

static bool check_names(struct reader *reader, const cJSON *object, size_t start)
{
    auto_free const cJSON **members = NULL;
    const char *twin = NULL;
    size_t count;

    if (!object)
        return true;
    if (is_short(object)) {
        twin = find_twin(object);
    } else {
        members = json_sorted_members(object, &count);
        if (!members)
            return fail_no_memory(reader);
        for (size_t i = 1; i < count && !twin; i++)
            if (strcmp(members[i - 1]->string, members[i]->string) == 0)
                twin = members[i]->string;
    }
    if (!twin)
        return true;
    reader->status = mesh_error_set(reader->err, MESH_E_INVALID_JSON,
                                    "invalid JSON at byte %zu: the object that begins here has the name '%.100s' twice",
                                    start, twin);
    return false;
}

static bool read_value(struct reader *reader, cJSON **ret_item);

/* An item of the tree; NULL where none is built. */
static bool new_item(struct reader *reader, int type, cJSON **ret_item)
{
    *ret_item = NULL;
    if (!reader->builds)
        return true;
    *ret_item = cJSON_CreateNull();
    if (!*ret_item)
        return fail_no_memory(reader);
    (*ret_item)->type = type;
    return true;
}

/* What comes between the members of a container: true with *ret_more for another one, without for its end. */
static bool read_separator(struct reader *reader, char close, bool *ret_more)
{
    skip_space(reader);
    *ret_more = accept(reader, ',');
    if (*ret_more || accept(reader, close))
        return true;
    return fail(reader, close == ']' ? "',' or ']' was expected" : "',' or '}' was expected");
}

static bool read_element(struct reader *reader, cJSON *array)
{
    cJSON *item = NULL;

    if (!read_value(reader, &item))
        return false;
    if (array)
        cJSON_AddItemToArray(array, item);
    return true;
}

static bool read_member(struct reader *reader, cJSON *object)
{
    char *name = NULL;
    cJSON *item = NULL;

    skip_space(reader);
    if (peek(reader) != '"')
        return fail(reader, "a name in quotes was expected");
    if (!read_string(reader, &name))
        return false;
    skip_space(reader);
    bool ok = (accept(reader, ':') || fail(reader, "':' was expected")) && read_value(reader, &item);
    if (!ok || !object) {
        cJSON_free(name);
        return ok;
    }
    item->string = name;
    cJSON_AddItemToArray(object, item);
    return true;
}

static bool read_members(struct reader *reader, cJSON *container, char close)
{
    bool more = true;

    skip_space(reader);
    if (accept(reader, close))
        return true;
    while (more) {
        bool ok = close == ']' ? read_element(reader, container) : read_member(reader, container);
        if (!ok || !read_separator(reader, close, &more))
            return false;
    }
    return true;
}

static bool read_container(struct reader *reader, char open, cJSON **ret_item)
{
    auto_json cJSON *item = NULL;
    size_t start = reader->at++;

    if (reader->depth == reader->max_depth)
        return fail_at(reader, start, "too many levels");
    if (!new_item(reader, open == '[' ? cJSON_Array : cJSON_Object, &item))
        return false;
    reader->depth++;
    if (!read_members(reader, item, open == '[' ? ']' : '}'))
        return false;
    reader->depth--;
    if (open == '{' && !check_names(reader, item, start))
        return false;
    *ret_item = take(&item);
    return true;
}

static bool read_word(struct reader *reader, const char *word, int type, cJSON **ret_item)
{
    size_t len = strlen(word);

    if (reader->len - reader->at < len || memcmp(reader->text + reader->at, word, len) != 0)
        return fail_at(reader, reader->at, "a value was expected");
    reader->at += len;
    return new_item(reader, type, ret_item);
}

static bool read_number_item(struct reader *reader, cJSON **ret_item)
{
    auto_json cJSON *item = NULL;

    if (!new_item(reader, cJSON_NULL, &item) || !read_number(reader, item))
        return false;
    *ret_item = take(&item);
    return true;
}

static bool read_string_item(struct reader *reader, cJSON **ret_item)
{
    char *string = NULL;

    if (!read_string(reader, &string))
        return false;
    if (!new_item(reader, cJSON_String, ret_item)) {
        cJSON_free(string);
        return false;
    }
    if (*ret_item)
        (*ret_item)->valuestring = string;
    return true;
}

static bool read_value(struct reader *reader, cJSON **ret_item)
{
    skip_space(reader);
    int c = peek(reader);
    switch (c) {
    case '{':
    case '[':
        return read_container(reader, (char)c, ret_item);
    case '"':
        return read_string_item(reader, ret_item);
    case 't':
        return read_word(reader, "true", cJSON_True, ret_item);
    case 'f':
        return read_word(reader, "false", cJSON_False, ret_item);
    case 'n':
        return read_word(reader, "null", cJSON_NULL, ret_item);
    default:
        if (c == '-' || (c >= '0' && c <= '9'))
            return read_number_item(reader, ret_item);
        return fail(reader, "a value was expected");
    }
}

static mesh_status read_text(struct reader *reader, cJSON **ret_tree)
{
    auto_json cJSON *tree = NULL;

    skip_space(reader);
    if (reader->at == reader->len)
        return mesh_error_set(reader->err, MESH_E_INVALID_JSON, "invalid JSON: the text is empty");
    if (!read_value(reader, &tree))
        return reader->status;
    skip_space(reader);
    if (reader->at < reader->len) {
        fail(reader, "something follows the value");
        return reader->status;
    }
    *ret_tree = take(&tree);
    return MESH_OK;
}

static struct reader reader_of(mesh_bytes text, mesh_error *err)
{
    return (struct reader){ .text = text.data, .len = text.len, .max_depth = JSON_MAX_DEPTH, .err = err };
}

mesh_status json_parse(mesh_bytes text, cJSON **ret_tree, mesh_error *err)
{
    struct reader reader = reader_of(text, err);

    reader.builds = true;
    return read_text(&reader, ret_tree);
}

mesh_status json_parse_part(mesh_bytes text, cJSON **ret_tree, mesh_error *err)
{
    struct reader reader = reader_of(text, err);

    reader.builds = true;
    reader.max_depth = JSON_PART_DEPTH;
    return read_text(&reader, ret_tree);
}

mesh_status json_check(mesh_bytes text, mesh_error *err)
{
    struct reader reader = reader_of(text, err);
    cJSON *none = NULL;

    return read_text(&reader, &none);
}

size_t json_skip(mesh_bytes text, size_t at)
{
    struct reader reader = reader_of(text, NULL);
    cJSON *none = NULL;

    reader.at = at;
    reader.lenient = true;
    return read_value(&reader, &none) ? reader.at : 0;
}

size_t json_skip_space(mesh_bytes text, size_t at)
{
    struct reader reader = reader_of(text, NULL);

    reader.at = at;
    skip_space(&reader);
    return reader.at;
}

/* ---- members ---- */

/* ---- members ---- */

const cJSON *json_get(const cJSON *tree, const char *name)
{
    return cJSON_IsObject(tree) ? cJSON_GetObjectItemCaseSensitive(tree, name) : NULL;
}

const char *json_string(const cJSON *tree, const char *name, const char *fallback)
{
    const cJSON *item = json_get(tree, name);

    return cJSON_IsString(item) && item->valuestring ? item->valuestring : fallback;
}

bool json_bool(const cJSON *tree, const char *name, bool fallback)
{
    const cJSON *item = json_get(tree, name);

    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

int64_t json_int(const cJSON *tree, const char *name, int64_t fallback)
{
    const cJSON *item = json_get(tree, name);
    const char *text = cJSON_IsNumber(item) ? item->valuestring : NULL;
    char *end = NULL;

    if (text) {
        errno = 0;
        long long exact = strtoll(text, &end, 10);
        if (*end == '\0')
            return errno ? fallback : exact;
    }
    /* Written with a fraction or an exponent, or made of a double. */
    return cJSON_IsNumber(item) && number_is_whole(item->valuedouble) ? (int64_t)item->valuedouble : fallback;
}

cJSON *json_new_int(int64_t number)
{
    auto_json cJSON *item = cJSON_CreateNumber((double)number);
    char text[NUMBER_SIZE];

    snprintf(text, sizeof(text), "%lld", (long long)number);
    if (item)
        item->valuestring = copy_string(text, strlen(text), false);
    return item && item->valuestring ? take(&item) : NULL;
}
